"""For people at a terminal: lines with a style each, which a face colours and prints."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Literal

from msgspec import Struct

from floe_engine.policy.evaluate import Evaluation
from floe_engine.policy.finding import Finding
from floe_engine.policy.remedies import Preview, remedies
from floe_engine.policy.rules import rule_by_id
from floe_engine.text import plural, printable

Style = Literal["heading", "error", "warning", "info", "waived", "detail", "good", "plain"]

SIGNS: dict[str, str] = {"error": "✗", "warning": "!", "info": "i", "waived": "~", "baseline": "="}
"""What stands before a finding, so that colour is never the only sign."""


class Line(Struct, frozen=True, gc=False):
    """A line without its line break. `style` says what it is; it holds no terminal codes."""

    text: str
    style: Style = "plain"


def findings_lines(
    evaluation: Evaluation, *, by: Literal["file", "rule"] = "file", show_all: bool = False, fixes: int = 10
) -> Iterator[Line]:
    """Every finding that counts, the most valuable edits, and a summary.

    `show_all` adds what is waived or known from the baseline; `fixes` is how many edits to show
    (0: none).
    """
    shown = [f for f in evaluation.findings if show_all or not (f.waived or f.baseline)]
    if by == "rule":
        shown.sort(key=lambda finding: (finding.rule, finding.path, finding.line, finding.subject))
    for heading, group in groupby(shown, key=_rule_heading if by == "rule" else _file_heading):
        yield Line(heading, "heading")
        for finding in group:
            yield from _finding(finding, by)
        yield Line("")
    edits = remedies(evaluation, fixes) if fixes else ()
    if len(shown) > len(edits) > 0:
        yield Line("Start here", "heading")
        for number, edit in enumerate(edits, 1):
            resolves = f"resolves {plural(len(edit.findings), 'finding')}"
            reaches = f", {plural(edit.downstream, 'dependent')}" if edit.downstream else ""
            yield Line(f"  {number:>2}. {printable(edit.title)}")
            yield Line(f"      {printable(edit.where)}: {resolves}{reaches}", "detail")
        yield Line("")
    yield summary_line(evaluation)


def summary_line(evaluation: Evaluation) -> Line:
    """``2 errors, 1 warning, 3 waived · 12 models · 64 of 80 (80%) columns tested``."""
    if evaluation.nothing_checked:
        return Line("Nothing was checked", "error")
    counts = evaluation.counts
    parts = [plural(counts.errors, "error"), plural(counts.warnings, "warning")]
    parts += [f"{counts.info} info"] if counts.info else []
    parts += [f"{counts.waived} waived"] if counts.waived else []
    parts += [f"{counts.baseline} in the baseline"] if counts.baseline else []
    coverage = evaluation.coverage
    share = (
        f" · {coverage.project} {coverage.metric.replace('_', ' ')} tested" if coverage.project.total else ""
    )
    style: Style = "error" if counts.errors else "warning" if counts.warnings else "good"
    return Line(f"{', '.join(parts)} · {plural(evaluation.models, 'model')}{share}", style)


def preview_lines(preview: Preview) -> Iterator[Line]:
    """What a strict platform would stop, by rule."""
    if not preview.rules:
        yield Line("A strict platform would stop nothing", "good")
        return
    models = f"{preview.blocked} of {plural(preview.models, 'model')}"
    yield Line(f"A strict platform would stop {models} ({plural(preview.findings, 'finding')})", "heading")
    width = max(len(f"{count:,}") for _, _, count in preview.rules)
    for rule_id, title, count in preview.rules:
        yield Line(f"  {count:>{width},}  {rule_id}  {title}")


def _finding(finding: Finding, by: Literal["file", "rule"]) -> Iterator[Line]:
    kind = "waived" if finding.waived else "baseline" if finding.baseline else finding.severity
    style: Style = "waived" if finding.waived or finding.baseline else finding.severity
    place = f"{finding.path}:{finding.line} " if by == "rule" and finding.path else ""
    code = "" if by == "rule" else f"{finding.rule}  "
    yield Line(f"  {SIGNS[kind]} {printable(place)}{code}{printable(finding.message)}", style)
    if finding.expected or finding.actual:
        wanted = f"expected {finding.expected}" if finding.expected else ""
        got = f"found {finding.actual}" if finding.actual else ""
        yield Line(f"      {printable('; '.join(filter(None, (wanted, got))))}", "detail")
    if finding.suggestion:
        reaches = f" ({plural(finding.downstream, 'dependent')})" if finding.downstream else ""
        yield Line(f"      → {printable(finding.suggestion)}{reaches}", "detail")
    if finding.waiver is not None:
        until = f" until {finding.waiver.expires}" if finding.waiver.expires else ""
        owner = f", {finding.waiver.owner}" if finding.waiver.owner else ""
        text = f"waiver {finding.waiver.id}{until}{owner}: {finding.waiver.reason}"
        yield Line(f"      {printable(text)}", "detail")


def _file_heading(finding: Finding) -> str:
    return printable(f"{finding.path}:{finding.line}" if finding.path else finding.subject)


def _rule_heading(finding: Finding) -> str:
    rule = rule_by_id(finding.rule)
    return f"{finding.rule}  {rule.title}" if rule is not None else finding.rule
