"""The notations in which other programs take findings: GitHub's workflow commands, Markdown, SARIF, and
the issues that GitLab calls Code Quality.

How a message is wrapped and escaped stands here, once; what is said, and where, does not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Literal

from floe_engine.patterns import pattern
from floe_engine.text import printable

SARIF_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"

COMMENT_LIMIT = 60_000
"""Characters of a pull request's comment; GitHub refuses more than 65,536."""


def annotation(command: str, message: str, **properties: str | int) -> str:
    """A workflow command (``::error file=…,line=…::…``); `command` is error, warning or notice.

    GitHub shows ten errors and ten warnings a step, so callers put the weightiest first.
    """
    written = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items())
    return f"::{command} {written}::{_data(message)}"


def no_command(line: str) -> str:
    """A line with nothing in it that a GitHub runner, which reads every log, takes for a command."""
    if line.lstrip().startswith("::"):
        line = line.replace(":", "\\x3a", 1)
    return line.replace("##[", "#\\x23[")


def _data(text: str) -> str:
    return printable(text, lines=True).replace("%", "%25").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


_MARKUP = pattern(r"([\\`*_{}\[\]#+!|~])")
"""Parentheses mean something after a bracket alone, and a changelog is read as text too."""

_MEANS_IN_CODE = pattern(r"[`|@]")
"""Ends code, ends a cell of a table, or calls somebody where a host looks into code."""


def markdown(text: str) -> str:
    """Text as Markdown that shows it: no markup, no HTML, no mention of anybody, on one line."""
    shown = " ".join(printable(text, lines=True).split())
    shown = shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # Mentions are found after Markdown has taken a backslash away; an invisible space it leaves.
    return _MARKUP.sub(r"\\\1", shown.replace("@", "@\u200b"))


def markdown_code(text: str) -> str:
    """Text as code; what means something inside of code, or of code in a table, is shown without."""
    plain = " ".join(printable(text, lines=True).split())
    return markdown(text) if not plain or _MEANS_IN_CODE.search(plain) else f"`{plain}`"


QualitySeverity = Literal["info", "minor", "major", "critical", "blocker"]


def quality_issue(
    rule: str, message: str, *, severity: QualitySeverity, path: str, line: int, identity: Sequence[str]
) -> dict[str, Any]:
    """An issue of GitLab's Code Quality report, which is a list of them (a part of Code Climate's).

    `path` is POSIX and from the root of the repository, without a leading ``./``; `line` counts from 1.
    A merge request tells new issues from old ones by the fingerprint alone, so `identity` is what stays
    while text and lines move, and no two issues of a report may share it.
    """
    digest = hashlib.sha256("\0".join((rule, path, *identity)).encode("utf-8", "surrogatepass"))
    return {
        "type": "issue",
        "check_name": rule,
        "description": printable(message),
        "severity": severity,
        "fingerprint": digest.hexdigest(),
        "location": {"path": printable(path), "lines": {"begin": max(line, 1)}},
    }


def sarif_log(
    subject: str,
    rules: list[dict[str, Any]],
    results: list[dict[str, Any]],
    properties: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """A SARIF 2.1.0 log (OASIS, sarif-v2.1.0-os) of one run over `subject`.

    Places are relative to ``%SRCROOT%``, and columns are counted in UTF-16 code units.
    """
    from floe_engine import __version__

    driver = {"name": "floe", "version": __version__, "semanticVersion": __version__, "rules": rules}
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"floe/{subject}/"},
        "columnKind": "utf16CodeUnits",
        "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "the root of the repository"}}},
        **({"properties": properties} if properties else {}),
        "results": results,
    }
    return {"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [_for_eyes(run)]}


def _for_eyes(value: Any) -> Any:
    """A part of a log whose texts hide and reverse nothing where a viewer shows them.

    What a fix would write is left as it is: it is for a file.
    """
    if isinstance(value, str):
        return printable(value, lines=True)
    if isinstance(value, dict):
        return {key: inner if key == "insertedContent" else _for_eyes(inner) for key, inner in value.items()}
    return [_for_eyes(inner) for inner in value] if isinstance(value, list | tuple) else value
