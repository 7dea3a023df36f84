"""What a code, a rule or a setting means: the words behind every ``floe explain``.

The words themselves stand where the thing is: in tables of codes, docstrings of rules and errors,
rows of the upgrade catalogue, and the docstrings of the manifest's fields.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping

from msgspec import Struct

from floe_engine.acts import Act
from floe_engine.document.diagnostics import CodeExplanation
from floe_engine.errors import ConfigurationError, FloeError, UsageError
from floe_engine.events import CancelToken, Report, silent
from floe_engine.manifest.explaining import Explanation
from floe_engine.text import did_you_mean, printable
from floe_engine.workspace import Workspace


class Page(Struct, frozen=True):
    """One explanation: `title` is a line without a final stop, `prose` some paragraphs."""

    code: str
    title: str
    prose: str


class CodeFamily(Struct, frozen=True):
    """Codes of one kind, in order; `pattern` shows what they look like."""

    pattern: str
    title: str
    pages: tuple[Page, ...]


def families() -> tuple[CodeFamily, ...]:
    """Every code there is, by what it is about."""
    from floe_engine.document.codes import CODES
    from floe_engine.manifest.codes import MANIFEST_CODES
    from floe_engine.policy_tests import case_file
    from floe_engine.project import spec_check
    from floe_engine.upgrade import suppressions

    return (
        CodeFamily("FLOE-Y…", "the text of a YAML file", _of_codes(CODES)),
        CodeFamily("FLOE-M…", "manifest.yaml", _of_codes(MANIFEST_CODES)),
        CodeFamily("FLOE-S…", "floe.yaml", _of_meanings(spec_check.MEANINGS)),
        CodeFamily("FLOE-T…", "policy tests", _of_meanings(case_file.MEANINGS)),
        CodeFamily("FLOE-U…", "the file of accepted upgrade findings", _of_meanings(suppressions.MEANINGS)),
        CodeFamily("FLOE-E…", f"policy rules: what {Act.COMPILE} finds", _policy_rules()),
        CodeFamily("PLG001…", "upgrade rules: what a change of the platform costs", _upgrade_rules()),
        CodeFamily("registry-…", "errors, and the exit codes of commands", _errors()),
    )


def explain_code(code: str) -> Page:
    """The page of a code, in any case; ``FLOE-`` may be left out.

    Raises `UsageError` with the nearest code where there is none.
    """
    wanted = code.strip().casefold()
    pages = {page.code.casefold(): page for family in families() for page in family.pages}
    found = pages.get(wanted) or pages.get(f"floe-{wanted}")
    if found is not None:
        return found
    if (near := did_you_mean(wanted, pages) or did_you_mean(f"floe-{wanted}", pages)) is not None:
        hint = f"did you mean {pages[near].code}?"
    elif "." in wanted:
        hint = (
            f"{Act.EXPLAIN_SETTING:PATH} explains a setting of manifest.yaml; {Act.EXPLAIN} lists all codes"
        )
    else:
        hint = f"{Act.EXPLAIN} lists them all"
    raise UsageError(f"there is no code {printable(code)!r}", hint=hint)


def explain_setting(
    workspace: Workspace, path: str, *, report: Report = silent, cancel: CancelToken | None = None
) -> Explanation:
    """A setting of the workspace's manifest by its dotted path: value, origin, meaning, default.

    Raises `UsageError` where a manifest has no such setting, and `ConfigurationError` where the
    manifest's own shape keeps its settings from being known.
    """
    from floe_engine.manifest.explaining import explain
    from floe_engine.platform.check_platform import check_platform

    checked = check_platform(workspace, report=report, cancel=cancel)
    if checked.effective is None:
        raise ConfigurationError(
            "manifest.yaml is not valid, so its settings are not known",
            hint=f"{Act.CHECK} shows the problems in place",
            where=str(workspace.manifest_path),
            diagnostics=checked.errors,
        )
    return explain(checked.effective, path)


# --- the families ------------------------------------------------------------------------------


def _of_codes(codes: Mapping[str, CodeExplanation]) -> tuple[Page, ...]:
    return tuple(Page(code, entry.title, entry.prose) for code, entry in codes.items())


def _of_meanings(meanings: Mapping[str, str]) -> tuple[Page, ...]:
    """Where a meaning is a sentence or two, the first is the title."""
    split = ((code, *meaning.partition(". ")) for code, meaning in meanings.items())
    return tuple(Page(code, title.rstrip("."), rest) for code, title, _, rest in split)


def _policy_rules() -> tuple[Page, ...]:
    from floe_engine.policy.all_rules import every_rule

    pages = []
    for rule in every_rule():
        _, _, rest = rule.documentation.partition("\n")
        prose = [rest.strip().replace("``", "`"), f"Setting: `{rule.setting}`"]
        pages.append(Page(rule.id, rule.title, "\n\n".join(filter(None, prose))))
    return tuple(sorted(pages, key=lambda page: page.code))


def _upgrade_rules() -> tuple[Page, ...]:
    from floe_engine.upgrade.rules import all_rules, explain

    pages = []
    for rule in all_rules():
        _, _, prose = explain(rule.id).partition("\n\n")
        pages.append(Page(rule.id, rule.title, prose))
    return tuple(pages)


def _errors() -> tuple[Page, ...]:
    pages = []
    for error in _tree(FloeError):
        summary, _, rest = (inspect.getdoc(error) or "").partition("\n")
        kinds = [kind("").code for kind in error.__mro__ if kind is not error and _named(kind)]
        prose = [rest.strip().replace("``", "`"), f"Exit code {error.exit_code}."]
        if kinds:
            prose.append(f"A kind of {', '.join(kinds)}.")
        pages.append(Page(error("").code, summary.rstrip("."), "\n\n".join(filter(None, prose))))
    return tuple(pages)


def _tree(error: type[FloeError]) -> Iterator[type[FloeError]]:
    """Every error that is raised by its own name, from the top of the tree down."""
    for kind in error.__subclasses__():
        if kind.__module__ == FloeError.__module__:
            yield kind
            yield from _tree(kind)


def _named(kind: type) -> bool:
    return issubclass(kind, FloeError) and kind is not FloeError
