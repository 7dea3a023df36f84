"""The problems of one file in every form there is: text with the line shown, JSON, SARIF, GitHub, GitLab."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from msgspec import Struct

from floe_engine.cli.handbook import with_pages
from floe_engine.cli.output import Painted, Part, diagnostic_document
from floe_engine.document.diagnostics import Diagnostic, Severity, Span, utf16_column
from floe_engine.output.notation import QualitySeverity, annotation, quality_issue, sarif_log
from floe_engine.text import cells, plural, printable

if TYPE_CHECKING:
    from floe_engine.document.diagnostics import CodeExplanation, Fix

_COLOURS = {Severity.ERROR: "31", Severity.WARNING: "33", Severity.INFO: "36"}
_WIDTH = 100
"""Cells of a source line that are shown around a problem."""
_TAB = 4


class Listing(Struct, frozen=True):
    """A file's diagnostics, with its lines to show or to count in."""

    path: Path
    lines: Sequence[str]
    diagnostics: Sequence[Diagnostic]

    def count(self, severity: Severity) -> int:
        """How many there are of one severity."""
        return sum(found.severity is severity for found in self.diagnostics)

    @property
    def ok(self) -> bool:
        """Whether nothing but warnings was found."""
        return not self.count(Severity.ERROR)

    @property
    def summary(self) -> str:
        """``2 errors, 1 warning; 1 can be mended by --fix``; empty where nothing was found."""
        counts = [(self.count(level), level.value) for level in Severity]
        told = ", ".join(
            plural(count, noun) if noun != "info" else f"{count} info" for count, noun in counts if count
        )
        fixable = sum(bool(found.fixes) for found in self.diagnostics)
        return f"{told}; {fixable} can be mended by --fix" if fixable else told


# --- text --------------------------------------------------------------------------------------


def text_lines(listing: Listing) -> Iterator[tuple[Part, ...]]:
    """Each problem as ``file:line:column: severity CODE message``, its line with carets, its hint."""
    path = str(listing.path)
    for found in listing.diagnostics:
        colour = _COLOURS[found.severity]
        level = Painted(found.severity.value, colour)
        yield f"{path}:{found.span.start}: ", level, f" {found.code} {found.message}"
        source, marks = excerpt(listing.lines, found.span)
        number = str(found.span.start.line + 1)
        yield (f"  {number:>4} | {source}",)
        yield f"  {'':>4} | ", Painted(marks, colour)
        for related in found.related:
            yield (f"    see {path}:{related.span.start}: {related.message}",)
        if found.hint:
            yield (f"    hint: {with_pages(found.hint)}",)
        if found.fixes:
            yield (f"    fix: {found.fixes[0].title}",)


def excerpt(lines: Sequence[str], span: Span) -> tuple[str, str]:
    """The line that a span begins in, safe to show, and carets below it, counted in cells.

    Of a long line only the part around the span is shown.
    """
    start = span.start
    line = lines[start.line] if start.line < len(lines) else ""
    stop = span.end.column if span.end.line == start.line else len(line)
    before = max(0, start.column - _WIDTH // 2)
    shown = line[before : before + _WIDTH]
    lead, tail = "…" if before else "", "…" if len(line) > before + _WIDTH else ""
    head = _shown(lead + line[before : start.column])
    marked = _shown(lead + line[before : min(stop, before + _WIDTH)])
    return _shown(lead + shown) + tail, " " * cells(head) + "^" * max(1, cells(marked) - cells(head))


def change_lines(before: str, after: str, path: Path) -> Iterator[Painted]:
    """What became of a text, as a unified diff."""
    name = str(path)
    old, new = before.splitlines(), after.splitlines()
    for line in difflib.unified_diff(old, new, name, name, n=1, lineterm=""):
        colour = (
            {"-": "31", "+": "32", "@": "36"}.get(line[:1], "") if line[:3] not in ("---", "+++") else "1"
        )
        yield Painted(line, colour)


def _shown(text: str) -> str:
    return printable(text).expandtabs(_TAB)


# --- machines ----------------------------------------------------------------------------------


def json_facts(listing: Listing) -> dict[str, Any]:
    """The keys that a JSON result has for a file's problems."""
    return {
        "file": str(listing.path),
        "counts": {level.value: listing.count(level) for level in Severity},
        "diagnostics": [diagnostic_document(found) for found in listing.diagnostics],
    }


def github_lines(listing: Listing) -> Iterator[str]:
    """An annotation each, errors first."""
    commands = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
    order = list(Severity)
    for found in sorted(listing.diagnostics, key=lambda found: order.index(found.severity)):
        start, end = found.span.start, found.span.end
        where: dict[str, str | int] = {
            "file": listing.path.as_posix(),
            "line": start.line + 1,
            "endLine": end.line + 1,
        }
        if start.line == end.line:  # GitHub takes columns within one line only
            where |= {"col": start.column + 1, "endColumn": end.column + 1}
        message = found.message + (f"\nhint: {found.hint}" if found.hint else "")
        yield annotation(commands[found.severity], message, **where, title=found.code)


def quality_report(listing: Listing) -> list[dict[str, Any]]:
    """GitLab's Code Quality report. The same problem in one place twice is told apart by a number."""
    severities: dict[Severity, QualitySeverity] = {
        Severity.ERROR: "critical",
        Severity.WARNING: "major",
        Severity.INFO: "info",
    }
    seen: Counter[tuple[str, str]] = Counter()
    issues = []
    for found in listing.diagnostics:
        setting = ".".join(map(str, found.path))
        seen[found.code, setting] += 1
        issues.append(
            quality_issue(
                found.code,
                f"{found.message}. Hint: {found.hint}" if found.hint else found.message,
                severity=severities[found.severity],
                path=listing.path.as_posix(),
                line=found.span.start.line + 1,
                identity=(setting, str(seen[found.code, setting])),
            )
        )
    return issues


def sarif_document(listing: Listing, codes: Mapping[str, CodeExplanation]) -> dict[str, Any]:
    """A SARIF log, fixes included."""
    used = sorted({found.code for found in listing.diagnostics})
    return sarif_log(
        listing.path.name,
        [_rule(code, codes[code]) for code in used],
        [_result(listing, found, used.index(found.code)) for found in listing.diagnostics],
    )


def _rule(code: str, explained: CodeExplanation) -> dict[str, Any]:
    return {
        "id": code,
        "shortDescription": {"text": explained.title},
        "fullDescription": {"text": explained.prose},
        "help": {"text": explained.prose},
    }


def _result(listing: Listing, found: Diagnostic, index: int) -> dict[str, Any]:
    levels = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
    message = f"{found.message}. Hint: {found.hint}" if found.hint else found.message
    result: dict[str, Any] = {
        "ruleId": found.code,
        "ruleIndex": index,
        "level": levels[found.severity],
        "message": {"text": message},
        "locations": [{"physicalLocation": _location(listing, found.span)}],
    }
    if found.path:
        name = ".".join(map(str, found.path))
        result["locations"][0]["logicalLocations"] = [{"fullyQualifiedName": name, "kind": "member"}]
    if found.related:
        result["relatedLocations"] = [
            {"physicalLocation": _location(listing, each.span), "message": {"text": each.message}}
            for each in found.related
        ]
    if found.fixes:
        result["fixes"] = [_fix(listing, fix) for fix in found.fixes]
    return result


def _fix(listing: Listing, fix: Fix) -> dict[str, Any]:
    replacements = [
        {"deletedRegion": _region(listing.lines, one.span), "insertedContent": {"text": one.new_text}}
        for one in fix.edits
    ]
    return {
        "description": {"text": fix.title},
        "artifactChanges": [{"artifactLocation": _artifact(listing.path), "replacements": replacements}],
    }


def _location(listing: Listing, span: Span) -> dict[str, Any]:
    return {"artifactLocation": _artifact(listing.path), "region": _region(listing.lines, span)}


def _artifact(path: Path) -> dict[str, str]:
    if path.is_absolute():
        return {"uri": path.as_uri()}
    return {"uri": quote(path.as_posix(), errors="surrogateescape"), "uriBaseId": "%SRCROOT%"}


def _region(lines: Sequence[str], span: Span) -> dict[str, int]:
    def column(line: int, column: int) -> int:
        return utf16_column(lines[line] if line < len(lines) else "", column) + 1

    return {
        "startLine": span.start.line + 1,
        "startColumn": column(span.start.line, span.start.column),
        "endLine": span.end.line + 1,
        "endColumn": column(span.end.line, span.end.column),
    }
