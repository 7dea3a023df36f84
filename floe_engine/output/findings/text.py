"""For people at a terminal: lines with a style each, which a face escapes, colours and prints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Literal

from msgspec import Struct

from floe_engine.policy.all_rules import rule_by_id
from floe_engine.policy.evaluate import Evaluation
from floe_engine.policy.finding import Finding, located
from floe_engine.policy.harm import Harm, harm_of
from floe_engine.policy.remedies import Preview, rank, remedies
from floe_engine.text import plural

Style = Literal["heading", "error", "warning", "info", "waived", "detail", "good", "plain"]

SIGNS: dict[str, str] = {"error": "✗", "warning": "!", "info": "i", "waived": "~", "baseline": "="}
"""What stands before a finding, so that colour is never the only sign."""


class Line(Struct, frozen=True, gc=False):
    """A line without its line break. `style` says what it is; it holds no terminal codes."""

    text: str
    style: Style = "plain"


_FOLDED = 4
"""From how many columns of a model on a rule's findings on them are shown as one."""

_NAMED = 8
"""How many of those others are named."""

_MANY = 20
"""From how many findings on they are counted by rule as well."""


def findings_lines(
    evaluation: Evaluation,
    *,
    by: Literal["file", "rule"] = "file",
    show_all: bool = False,
    fixes: int = 10,
    limit: int | None = None,
    prefix: str = "",
) -> Iterator[Line]:
    """Every finding that counts, their number by rule, the most valuable edits, and a summary.

    Where a rule finds the same in many columns of a model, the first stands for all. `show_all`
    shows each in full, and what is waived or known from the baseline; `fixes` is how many edits to
    show (0: none); `limit` how many findings, the most harmful; `prefix` leads from where the reader
    stands to the project (``dbt/``).
    """
    shown = _shown(evaluation, show_all)
    if by == "rule":
        shown.sort(key=lambda finding: (finding.rule, finding.path, finding.line, finding.subject))
    cut = 0
    if limit is not None and limit < len(shown):
        worst = sorted(shown, key=_most_harmful)[:limit]
        kept = {id(finding) for finding in worst}
        cut = len(shown) - limit
        shown = [finding for finding in shown if id(finding) in kept]
    first, folded = (shown, {}) if show_all else _folded(shown, evaluation)

    def heading(finding: Finding) -> str:
        if by == "rule":
            return _rule_title(finding.rule)
        return f"{located(prefix, finding.path)}:{finding.line}" if finding.path else finding.subject

    for title, group in groupby(first, key=heading):
        yield Line(title, "heading")
        for finding in group:
            yield from _finding(finding, by, prefix, folded.get(id(finding), ()))
        yield Line("")
    if by == "file" and len(shown) >= _MANY:
        yield from _by_rule(shown)
    edits = remedies(evaluation, fixes) if fixes else ()
    if len(shown) > len(edits) > 0:
        yield Line("Start here", "heading")
        for number, edit in enumerate(edits, 1):
            resolves = f"resolves {plural(edit.resolves, 'finding')}"
            reaches = f", {plural(edit.downstream, 'dependent')}" if edit.downstream else ""
            where = located(prefix, edit.where) if edit.findings[0].path else edit.where
            yield Line(f"  {number:>2}. {edit.title}")
            yield Line(f"      {where}: {resolves}{reaches}", "detail")
        yield Line("")
    if cut:
        yield Line(f"and {plural(cut, 'finding')} more, which do less harm", "detail")
    yield summary_line(evaluation)


def shares(evaluations: Sequence[Evaluation], limit: int, *, show_all: bool = False) -> list[int]:
    """How many of each project's findings are among the `limit` most harmful of all of them."""
    every = [
        (_most_harmful(finding), place)
        for place, evaluation in enumerate(evaluations)
        for finding in _shown(evaluation, show_all)
    ]
    counts = Counter(place for _, place in sorted(every)[:limit])
    return [counts[place] for place in range(len(evaluations))]


def _shown(evaluation: Evaluation, show_all: bool) -> list[Finding]:
    return [f for f in evaluation.findings if show_all or not (f.waived or f.baseline)]


def _most_harmful(finding: Finding) -> tuple[bool, Harm, int]:
    return not finding.blocking, harm_of(finding.rule), -finding.downstream


def _folded(
    findings: Sequence[Finding], evaluation: Evaluation
) -> tuple[list[Finding], dict[int, list[Finding]]]:
    """The findings to show, and by the identity of one of them those that it stands for."""
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        model = evaluation.asked_of(finding)
        if model != finding.subject:
            key = (finding.rule, model, finding.severity, finding.waiver.id if finding.waiver else "")
            groups.setdefault(key, []).append(finding)
    others = {id(group[0]): group[1:] for group in groups.values() if len(group) >= _FOLDED}
    hidden = {id(finding) for group in others.values() for finding in group}
    return [finding for finding in findings if id(finding) not in hidden], others


def _by_rule(findings: Sequence[Finding]) -> Iterator[Line]:
    counts = Counter(finding.rule for finding in findings)
    width = max(len(f"{count:,}") for count in counts.values())
    yield Line("By rule", "heading")
    for rule_id, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        yield Line(f"  {count:>{width},}  {_rule_title(rule_id)}")
    yield Line("")


def overview_lines(
    evaluations: Sequence[Evaluation], *, prefixes: Sequence[str] = (), fixes: int = 5
) -> Iterator[Line]:
    """What is worst and what to do first, in less than 40 lines for any number of findings.

    Findings are counted by harm and rule; edits have the share of models that depend on them.
    """
    prefixes = prefixes or [""] * len(evaluations)
    counting = [
        f for evaluation in evaluations for f in evaluation.findings if not f.waived and not f.baseline
    ]
    by_harm: dict[Harm, Counter[str]] = {}
    for finding in counting:
        by_harm.setdefault(harm_of(finding.rule), Counter())[finding.rule] += 1
    blocking = Counter(finding.rule for finding in counting if finding.blocking)
    for harm, rules in sorted(by_harm.items()):
        yield Line(f"{harm.title}: {rules.total():,}", "heading")
        for rule_id, count in rules.most_common(_RULES_SHOWN):
            style: Style = "error" if blocking[rule_id] else "warning"
            yield Line(f"  {SIGNS[style]} {count:>6,}  {_rule_title(rule_id)}", style)
        if len(rules) > _RULES_SHOWN:
            rest = rules.total() - sum(count for _, count in rules.most_common(_RULES_SHOWN))
            yield Line(f"    {rest:>6,}  of {plural(len(rules) - _RULES_SHOWN, 'other rule')}", "detail")
    edits = [
        (edit, evaluation, prefix)
        for evaluation, prefix in zip(evaluations, prefixes, strict=True)
        for edit in remedies(evaluation, fixes)
    ]
    edits.sort(key=lambda entry: rank(entry[0]))
    if edits:
        yield Line("Start here", "heading")
    for number, (edit, evaluation, prefix) in enumerate(edits[:fixes], 1):
        where = located(prefix, edit.where) if edit.findings[0].path else edit.where
        share = f", {100 * edit.downstream // max(evaluation.models, 1)}% of models depend on it"
        reaches = share if edit.downstream else ""
        short = edit.title if len(edit.title) <= _LONGEST else f"{edit.title[: _LONGEST - 1]}…"
        yield Line(f"  {number}. {short}")
        yield Line(f"     {where}: resolves {plural(edit.resolves, 'finding')}{reaches}", "detail")
    for evaluation in evaluations[:_PROJECTS_SHOWN]:
        line = summary_line(evaluation)
        name = f"{evaluation.project}: " if len(evaluations) > 1 else ""
        yield Line(f"{name}{line.text}", line.style)
    if len(evaluations) > _PROJECTS_SHOWN:
        yield Line(f"and {plural(len(evaluations) - _PROJECTS_SHOWN, 'project')} more", "detail")


_RULES_SHOWN = 2
_PROJECTS_SHOWN = 6
_LONGEST = 100


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
    read = f" · read by the {evaluation.reader} reader"
    return Line(f"{', '.join(parts)} · {plural(evaluation.models, 'model')}{share}{read}", style)


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


def _finding(
    finding: Finding, by: Literal["file", "rule"], prefix: str, others: Sequence[Finding]
) -> Iterator[Line]:
    kind = "waived" if finding.waived else "baseline" if finding.baseline else finding.severity
    style: Style = "waived" if finding.waived or finding.baseline else finding.severity
    place = f"{located(prefix, finding.path)}:{finding.line} " if by == "rule" and finding.path else ""
    code = "" if by == "rule" else f"{finding.rule}  "
    yield Line(f"  {SIGNS[kind]} {place}{code}{finding.message}", style)
    # A message that names both already needs no line that says them again.
    wanted = "" if finding.expected.removeprefix("≥ ") in finding.message else f"expected {finding.expected}"
    got = "" if finding.actual in finding.message else f"found {finding.actual}"
    if wanted or got:
        yield Line(f"      {'; '.join(filter(None, (wanted, got)))}", "detail")
    if others:
        names = [other.subject.rpartition(".")[2] for other in others[:_NAMED]]
        rest = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
        yield Line(f"      the same of {', '.join(names)}{rest}", "detail")
    if finding.suggestion:
        reaches = f" ({plural(finding.downstream, 'dependent')})" if finding.downstream else ""
        yield Line(f"      → {finding.suggestion}{reaches}", "detail")
    if finding.waiver is not None:
        until = f" until {finding.waiver.expires}" if finding.waiver.expires else ""
        owner = f", {finding.waiver.owner}" if finding.waiver.owner else ""
        text = f"waiver {finding.waiver.id}{until}{owner}: {finding.waiver.reason}"
        yield Line(f"      {text}", "detail")


def _rule_title(rule_id: str) -> str:
    rule = rule_by_id(rule_id)
    return f"{rule_id}  {rule.title}" if rule is not None else rule_id
