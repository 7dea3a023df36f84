"""What helps while writing files: `check`, `explain`, `schema`, `lsp` and `completion`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Literal

import click
from msgspec.structs import asdict, replace

from floe_engine.cli.code_hosts import from_top
from floe_engine.cli.command import Context, command
from floe_engine.cli.handbook import with_pages
from floe_engine.cli.options import Word, argument, option, watch
from floe_engine.errors import Cancelled, FloeError, Refused, UsageError
from floe_engine.events import Step
from floe_engine.text import plural

if TYPE_CHECKING:
    from floe_engine.cli.diagnostics import Listing
    from floe_engine.manifest.explaining import Explanation
    from floe_engine.platform.fix_platform import FixedManifest
    from floe_engine.support.explain import Page

_CHECK_FORMATS = ("text", "json", "sarif", "github", "gitlab")

_EXPLAIN = {
    "floe explain PLG010": "a rule of upgrades",
    "floe explain FLOE-E210": "a rule of projects",
    "floe explain": "every code there is",
}


# --- floe platform check -----------------------------------------------------------------------


@command("check", formats=_CHECK_FORMATS)
@watch
@option("--fix", is_flag=True, help="Mend what can be mended mechanically; touch nothing else.")
def check(context: Context, *, watch: bool, fix: bool) -> int:
    """Everything that is wrong with manifest.yaml, at once; exit code 1 where a build would stop."""
    if watch:
        from floe_engine.platform.watch import platform_files

        return again(context, platform_files(context.workspace), lambda: _check_once(context, fix))
    return _check_once(context, fix)


def again(context: Context, files: Callable[[], Any], once: Callable[[], int]) -> int:
    """Run `once` now and for every change of `files`, until Ctrl-C; what fails is shown and waited for."""
    import gc
    import sys
    import time

    from floe_engine.platform.watch import changes

    if context.output.machine:
        raise UsageError(
            f"--watch does not go with --output {context.output.format}",
            hint="watch is for people; a program can run the command again",
        )
    gc.enable()
    for moved in changes(files, context.cancel):
        names = ", ".join(path.name for path in moved)
        if names:
            context.output.line()
            context.output.line(f"{time.strftime('%H:%M:%S')} {names} changed")
        try:
            once()
        except Cancelled:
            raise
        except FloeError as error:
            context.output.error(error)
        context.output.line("Waiting for changes (Ctrl-C ends)")
        sys.stdout.flush()  # whoever reads a pipe waits for this
    return 0


def _check_once(context: Context, fix: bool) -> int:
    from floe_engine.cli.diagnostics import Listing

    fixed: FixedManifest | None = None
    if fix:
        from floe_engine.platform.fix_platform import fix_platform

        fixed = fix_platform(context.workspace, **context.progress)
        checked = fixed.checked
    else:
        from floe_engine.platform.check_platform import check_platform

        checked = check_platform(context.workspace, **context.progress)
    listing = Listing(context.workspace.manifest_path, checked.document.lines, checked.diagnostics)
    _show(context, listing, fixed)
    return 0 if listing.ok else Refused.exit_code


def _show(context: Context, listing: Listing, fixed: FixedManifest | None) -> None:
    from floe_engine.cli import diagnostics

    out = context.output
    if out.format in ("sarif", "gitlab", "github"):
        listing = replace(listing, path=from_top(listing.path))
    match out.format:
        case "sarif":
            from floe_engine.manifest.codes import CODES

            out.data(diagnostics.sarif_document(listing, CODES))
        case "gitlab":
            out.data(diagnostics.quality_report(listing))
        case "github":
            if listing.diagnostics:
                out.data("\n".join(diagnostics.github_lines(listing)))
        case "json":
            facts = diagnostics.json_facts(listing)
            if fixed is not None:
                facts["mended"] = [
                    {"code": each.found.code, "message": each.found.message, "fix": each.fix.title}
                    for each in fixed.mended
                ]
            out.result(**facts, ok=listing.ok)
        case _:
            if fixed is not None and fixed.changed:
                _show_mended(context, listing, fixed)
            if listing.diagnostics:
                for parts in diagnostics.text_lines(listing):
                    out.answer(*parts)
                out.answer(listing.summary)
            else:
                out.line(f"{listing.path} is valid")


def _show_mended(context: Context, listing: Listing, fixed: FixedManifest) -> None:
    from floe_engine.cli import diagnostics

    out = context.output
    out.line(f"Mended {plural(len(fixed.mended), 'problem')}:")
    for each in fixed.mended:
        out.report(Step(f"{each.found.code} {each.fix.title}"))
    out.section()
    for line in diagnostics.change_lines(fixed.before, fixed.after, listing.path):
        out.line(line)
    out.section()


# --- floe explain, floe platform explain -------------------------------------------------------


@command("explain", examples=_EXPLAIN)
@argument(
    "code", type=Word("code"), required=False, help="FLOE-M021, FLOE-E201, PLG001, registry-unreachable …"
)
def explain(context: Context, *, code: str | None) -> None:
    """What a code means and what to do about it; without one, every code there is."""
    from floe_engine.support.explain import explain_code, families

    out = context.output
    if code is not None:
        page = explain_code(code)
        out.data(_page_text(page)) if not out.machine else out.result(**asdict(page))
        return
    known = families()
    if out.machine:
        out.result(
            families=[
                {
                    "pattern": family.pattern,
                    "title": family.title,
                    "codes": [asdict(page) for page in family.pages],
                }
                for family in known
            ]
        )
        return
    lines = []
    for family in known:
        lines += [f"{family.pattern}  {family.title}"]
        width = max((len(page.code) for page in family.pages), default=0)
        lines += [f"  {page.code:<{width}}  {page.title}" for page in family.pages]
        lines += [""]
    out.data("\n".join((*lines, "`floe explain CODE` tells more about one.")))


def _page_text(page: Page) -> str:
    title = f"{page.code}: {page.title}"
    return f"{title}\n\n{with_pages(page.prose)}" if page.prose else title


@command("explain")
@argument("setting", type=Word("setting"), help="A setting: governance.quality_gates.minimum_test_coverage")
def explain_setting(context: Context, *, setting: str) -> None:
    """A setting of the manifest: its value, where it came from, what it does."""
    from floe_engine.support.explain import explain_setting as explained

    found = explained(context.workspace, setting, **context.progress)
    if context.output.machine:
        context.output.result(**asdict(found))
    else:
        for line in _setting_lines(found):
            context.output.answer(line)


def _setting_lines(found: Explanation) -> Iterator[str]:
    from floe_engine.manifest.explaining import said

    rows = [("Value", said(found.value)), ("From", found.origin)]
    if found.above:
        rows.append(("Above", found.above))
    rows.append(("Type", found.type))
    if found.default:
        rows.append(("Default", found.default))
    yield found.path
    yield from (f"  {name + ':':<8} {text}" for name, text in rows if text)
    if found.meaning:
        yield from ("", *found.meaning.split("\n"))


# --- for editors and shells --------------------------------------------------------------------


@command("schema")
@argument(
    "file",
    metavar="FILE",
    type=click.Choice(["manifest", "floe", "policy-test", "facts"]),
    help="Of which file: manifest, floe or policy-test; or facts, of which house rules ask.",
)
def schema(context: Context, *, file: Literal["manifest", "floe", "policy-test", "facts"]) -> None:
    """The JSON Schema (2020-12) of manifest.yaml, floe.yaml, a policy test or house rules' facts."""
    if file == "manifest":
        from floe_engine.manifest.plugins import Catalogue
        from floe_engine.manifest.reference import manifest_json_schema

        document = manifest_json_schema(Catalogue.load())
    elif file == "floe":
        from floe_engine.project.spec_schema import spec_json_schema

        document = spec_json_schema()
    elif file == "facts":
        from floe_engine.manifest.facts_schema import facts_schema

        document = facts_schema()
    else:
        from floe_engine.policy_tests.case_file import policy_test_schema

        document = policy_test_schema()
    context.output.data(document)


@command("lsp", formats=("text",))
def lsp(context: Context) -> None:
    """A language server for manifest.yaml and floe.yaml, over stdin and stdout; editors start it."""
    _demand_extra("lsp", "pygls", "the language server")
    from floe_engine.lsp.server import serve

    serve()


@command("mcp", formats=("text",))
def mcp(context: Context) -> None:
    """A Model Context Protocol server for this directory, over stdin and stdout; it only reads."""
    _demand_extra("mcp", "mcp.server.mcpserver", "the server for assistants")
    from floe_engine.mcp.server import serve

    serve(context.workspace.directory)


def _demand_extra(extra: str, module: str, server: str) -> None:
    """Get ready for a server; its package is asked first, so that what it lacks is told from what we lack."""
    import gc
    from importlib import import_module

    try:
        import_module(module)
    except ModuleNotFoundError:
        raise UsageError(
            f"{server} needs packages that are not installed", hint=f"pip install 'floe-workbench[{extra}]'"
        ) from None
    gc.enable()


@command("completion", formats=("text",))
@argument(
    "shell",
    metavar="SHELL",
    type=click.Choice(["bash", "zsh", "fish", "powershell"]),
    help="Of which shell: bash, zsh, fish or powershell.",
)
def completion(context: Context, *, shell: str) -> None:
    """The script that completes this command line in a shell: `source <(floe completion bash)`."""
    from click.shell_completion import get_completion_class

    from floe_engine.cli import powershell  # noqa: F401  # makes itself known to click
    from floe_engine.cli.commands import completion_variable

    root = click.get_current_context().find_root()
    program = root.info_name or "floe"
    completer = get_completion_class(shell)
    assert completer is not None
    context.output.data(completer(root.command, {}, program, completion_variable(program)).source())
