"""`floe mcp`: the tools, each one verb of the engine that only reads."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec

from mcp.server.mcpserver import MCPServer
from mcp_types import ToolAnnotations
from msgspec import to_builtins

from floe_engine import __version__
from floe_engine.acts import Act, Option
from floe_engine.errors import FloeError, UsageError
from floe_engine.workspace import Workspace

_P = ParamSpec("_P")

_READS = ToolAnnotations(readOnlyHint=True, destructiveHint=False, idempotentHint=True, openWorldHint=False)
_ASKS = ToolAnnotations(readOnlyHint=True, destructiveHint=False, idempotentHint=True, openWorldHint=True)
"""The same of a tool that asks the registry."""

_INSTRUCTIONS = """\
floe holds dbt projects to a signed platform. `judge` says what is wrong with a dbt project, `explain` what
a code or rule means and what to do, `check` what is wrong with a platform's manifest.yaml, `versions` which
versions of a platform there are, `compare` what changes between two of them. Nothing is written."""


def make_server(root: Path) -> MCPServer[Any]:
    """The server for one directory; tools take directories inside of it, and no other."""
    server: MCPServer[Any] = MCPServer("floe", version=__version__, instructions=_INSTRUCTIONS)
    here = root.resolve()

    def workspace(directory: str) -> Workspace:
        wanted = (here / directory).resolve()
        if not wanted.is_relative_to(here):
            raise UsageError(
                "a directory outside of the server's own",
                f"{directory} is outside of {here}",
                hint=f"start {Act.MCP} in the directory that holds both, or name it with {Option.DIR}",
            )
        return Workspace.open(wanted)

    @server.tool(annotations=_READS)
    @_answered
    def explain(code: str) -> dict[str, Any]:
        """What a code of floe means and what to do about it: a rule (FLOE-E230), a problem of a file
        (FLOE-M021), an upgrade rule (COV001) or an error (version-too-low)."""
        from floe_engine.support.explain import explain_code

        told: dict[str, Any] = to_builtins(explain_code(code))
        return told

    @server.tool(annotations=_READS)
    @_answered
    def judge(directory: str = ".", select: list[str] | None = None) -> dict[str, Any]:
        """Judge the dbt project of a directory (with floe.yaml) by its locked platform: every finding with
        its file, line, expectation and suggestion, and the first edits to make. Asks no registry, writes
        nothing. `select` keeps globs of models, path:…, tag:… or rule IDs."""
        from floe_engine.output.findings.json_report import findings_document
        from floe_engine.product.compile_project import CompileOptions, compile_project

        options = CompileOptions(frozen=True, select=tuple(select or ()), write_profile=False)
        compiled = compile_project(workspace(directory).without_network(), options=options)
        return {"projects": [findings_document(evaluation) for evaluation in compiled.evaluations]}

    @server.tool(annotations=_READS)
    @_answered
    def check(directory: str = ".") -> dict[str, Any]:
        """Everything that is wrong with the manifest.yaml of a directory, with hints."""
        from floe_engine.platform.check_platform import check_platform

        found = check_platform(workspace(directory).without_network()).diagnostics
        return {
            "diagnostics": [
                {
                    "code": each.code,
                    "severity": str(each.severity),
                    "line": each.span.start.line + 1,
                    "message": each.message,
                    "hint": each.hint,
                }
                for each in found
            ]
        }

    @server.tool(annotations=_ASKS)
    @_answered
    def versions(directory: str = ".") -> dict[str, Any]:
        """The published versions of the platform that a directory works with, newest first."""
        from floe_engine.distribution.listing import list_versions

        found = list_versions(workspace(directory))
        tags = [found.tags[version] for version in found.versions]
        return {"repository": found.repository.name, "versions": tags}

    @server.tool(annotations=_ASKS)
    @_answered
    def compare(old: str, new: str = "manifest.yaml", directory: str = ".") -> dict[str, Any]:
        """What changes from one platform to another (a tag, a digest, or the manifest.yaml of the
        directory), rule by rule, and the version bump that it needs."""
        from floe_engine.output.changes.json_report import changes_document
        from floe_engine.platform.compare import compare as compared

        for side in (old, new):
            if "://" not in side and ("/" in side or "\\" in side):
                raise UsageError("a side is a version or manifest.yaml", f"it is {side}", hint="use v1.2.3")
        comparison = compared(workspace(directory), old, new)
        return changes_document(comparison.assessment, comparison.sides)

    return server


def _answered(tool: Callable[_P, dict[str, Any]]) -> Callable[_P, dict[str, Any]]:
    """What a tool gives; an error as the command line's document has it."""

    @wraps(tool)
    def answer(*args: _P.args, **kwargs: _P.kwargs) -> dict[str, Any]:
        try:
            return tool(*args, **kwargs)
        except FloeError as error:
            told = {"title": error.title, "message": error.message, "hint": error.hint, "where": error.where}
            return {"error": {"code": error.code, **told}}

    return answer


def serve(root: Path) -> None:
    """Speak the protocol over stdin and stdout until the client goes away."""
    make_server(root).run("stdio")
