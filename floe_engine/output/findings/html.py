"""For people without a terminal: what a platform says of a project, on one page that needs no network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from floe_engine.output.findings.drawing import drawn
from floe_engine.output.page import Html, bar, cards, filters, joined, page, table, tag, text
from floe_engine.policy.all_rules import rule_by_id
from floe_engine.policy.evaluate import CoverageSummary, Evaluation
from floe_engine.policy.finding import Finding, located
from floe_engine.policy.harm import harm_of
from floe_engine.policy.overview import Overview
from floe_engine.policy.remedies import remedies
from floe_engine.policy.view import Share
from floe_engine.text import plural

_SIGNS = {"error": ("bad", "✗ error"), "warning": ("warn", "! warning"), "info": ("soft", "· info")}
_KINDS = ("error", "warning", "info", "waived", "known")


@dataclass(frozen=True, slots=True)
class PagePart:
    """One project of the page; `prefix` leads from where the reader stands to it (``dbt/``)."""

    evaluation: Evaluation
    overview: Overview
    prefix: str = ""


def findings_page(parts: Sequence[PagePart]) -> str:
    """The page of one or several projects under one platform."""
    names = ", ".join(part.evaluation.project for part in parts)
    platform = parts[0].evaluation.platform
    passed = all(part.evaluation.passed and not part.evaluation.nothing_checked for part in parts)
    verdict = tag(
        "span", text("✓ passes" if passed else "✗ does not pass"), class_="good" if passed else "bad"
    )
    return page(
        f"{names} under {platform}",
        tag("h1", text(f"{names} "), verdict, text(f" {platform}")),
        *(_notes(parts)),
        _cards(parts),
        _first(parts),
        _coverage(parts),
        _findings(parts),
        _sensitive(parts),
    )


def _notes(parts: Sequence[PagePart]) -> Iterator[Html]:
    readers = sorted({part.evaluation.reader for part in parts})
    yield tag("p", text(f"Read by the {' and the '.join(readers)} reader."), class_="soft")
    for note in dict.fromkeys(part.evaluation.note for part in parts):
        if note:
            yield tag("p", text(note), class_="soft")


def _cards(parts: Sequence[PagePart]) -> Html:
    counts = [part.evaluation.counts for part in parts]
    return cards(
        {
            "errors": (sum(count.errors for count in counts), "bad"),
            "warnings": (sum(count.warnings for count in counts), "warn"),
            "waived": (sum(count.waived for count in counts), ""),
            "in the baseline": (sum(count.baseline for count in counts), ""),
            "models": (sum(part.evaluation.models for part in parts), ""),
        }
    )


def _first(parts: Sequence[PagePart]) -> Html:
    rows = [
        (
            tag("span", text(remedy.harm.title), class_="soft"),
            text(remedy.title),
            tag("code", text(located(part.prefix, remedy.where))),
            text(f"{remedy.resolves:,}"),
        )
        for part in parts
        for remedy in remedies(part.evaluation)
    ]
    if not rows:
        return Html("")
    head = ("because of", "what", "where", "findings")
    return joined([tag("h2", text("What to do first")), table(head, rows[:15], numbers=(3,))])


# --- coverage


def _coverage(parts: Sequence[PagePart]) -> Html:
    layers: dict[str, Share] = {}
    owners: dict[str, Share] = {}
    for part in parts:
        for name, share in part.evaluation.coverage.layers.items():
            layers[name or "no layer"] = layers.get(name or "no layer", Share()) + share
        for name, share in part.overview.owners.items():
            owners[name or "nobody"] = owners.get(name or "nobody", Share()) + share
    coverage = parts[0].evaluation.coverage
    told = (
        f"Tested {coverage.metric.replace('_', ' ')}; the platform's minimum is {coverage.minimum}%"
        f" in each {coverage.scope}."
    )
    return joined(
        [
            tag("h2", text("Test coverage")),
            tag("p", text(told), class_="soft"),
            tag("div", _shares("layer", layers, coverage), _shares("owner", owners, coverage), class_="pair"),
        ]
    )


def _shares(head: str, shares: Mapping[str, Share], coverage: CoverageSummary) -> Html:
    rows = []
    for name, share in shares.items():
        part = (share.percent or 0.0) / 100
        kind = "" if share.reaches(coverage.minimum) else "bad"
        label = str(share) if not kind else f"{share} ✗"
        rows.append((text(name), bar(part, label, mark=coverage.minimum / 100, kind=kind)))
    return tag("div", table((head, "tested"), rows)) if rows else Html("")


# --- findings


def _findings(parts: Sequence[PagePart]) -> Html:
    found = [(part, finding) for part in parts for finding in part.evaluation.findings]
    if not found:
        return joined([tag("h2", text("Findings")), tag("p", text("Nothing was found."))])
    most = max(Counter(finding.rule for _, finding in found).values())
    groups: dict[str, list[tuple[PagePart, Finding]]] = {}
    for pair in sorted(found, key=lambda pair: (harm_of(pair[1].rule), pair[1].rule, -pair[1].downstream)):
        groups.setdefault(pair[1].rule, []).append(pair)
    content: list[Html] = []
    harm = None
    for rule, pairs in groups.items():
        if harm_of(rule) is not harm:
            harm = harm_of(rule)
            total = sum(len(others) for other, others in groups.items() if harm_of(other) is harm)
            content.append(tag("h3", text(f"{harm.title}: {total:,}")))
        content.append(_rule(rule, pairs, most, several=len(parts) > 1))
    return joined([tag("h2", text("Findings")), filters(_KINDS), *content])


def _rule(rule_id: str, pairs: Sequence[tuple[PagePart, Finding]], most: int, *, several: bool) -> Html:
    rule = rule_by_id(rule_id)
    rows = [_row(part, finding, several=several) for part, finding in pairs]
    stops = any(finding.blocking for _, finding in pairs)
    return tag(
        "details",
        tag(
            "summary",
            tag("code", text(rule_id)),
            bar(len(pairs) / most, "", kind="bad" if stops else ""),
            tag("b", text(f"{len(pairs):,}"), class_="count"),
            text(f"  {rule.title if rule else ''}"),
        ),
        table(("", "subject", "what", "what to do", "dependents"), rows, numbers=(4,)),
        class_="rows",
    )


def _row(part: PagePart, finding: Finding, *, several: bool) -> Sequence[Html]:
    css, sign = _SIGNS[finding.severity]
    if finding.waived or finding.baseline:
        css, sign = "soft", "– waived" if finding.waived else "– known"
    place = f"{located(part.prefix, finding.path)}:{finding.line}" if finding.path else ""
    reason = finding.waiver.reason if finding.waived and finding.waiver else ""
    subject = f"{part.evaluation.project}: {finding.subject}" if several else finding.subject
    return (
        tag("span", text(sign), class_=css),
        joined([text(subject), tag("small", tag("code", text(place)))]),
        joined([text(finding.message), tag("small", text(reason)) if reason else Html("")]),
        text(finding.suggestion),
        text(f"{finding.downstream:,}" if finding.downstream else ""),
    )


# --- sensitive columns


def _sensitive(parts: Sequence[PagePart]) -> Html:
    roots = [root for part in parts for root in part.overview.sensitive]
    if not roots:
        return Html("")
    picture, left = drawn(roots)
    told = (
        "Where sensitive columns come in, and where they go. A heavy frame: the column says less than"
        " reaches it; a dashed one: it is declared to be sensitive no longer."
    )
    more = f"{plural(left, 'column')} more; the workbench draws the way of each." if left else ""
    return joined(
        [
            tag("h2", text("Sensitive columns")),
            tag("p", text(told), class_="soft"),
            tag("div", picture, class_="scroll"),
            tag("p", text(more), class_="soft") if more else Html(""),
        ]
    )
