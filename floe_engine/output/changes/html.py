"""For a review: what changed between two platforms and whom it hits, on one page that needs no network."""

from __future__ import annotations

from collections.abc import Iterator

from floe_engine.output.changes.changelog import GROUPS, group
from floe_engine.output.changes.places import Sides, value_text
from floe_engine.output.page import Html, bar, cards, filters, joined, page, table, tag, text
from floe_engine.text import plural
from floe_engine.upgrade.fleet import BlastRadius, ProjectImpact
from floe_engine.upgrade.rules import Assessment, Entry


def changes_page(assessment: Assessment, sides: Sides, radius: BlastRadius | None = None) -> str:
    """The page of the changes, with a blast radius where one was measured."""
    return page(
        f"{sides.old} → {sides.new}",
        tag("h1", text(f"{sides.old} → {sides.new}")),
        tag("p", text(_verdict(assessment))),
        *(_radius(radius) if radius is not None else ()),
        *_changes(assessment, sides),
    )


def _verdict(assessment: Assessment) -> str:
    if not assessment.entries:
        return "No changes."
    return f"{plural(len(assessment.entries), 'change')}; a {assessment.required} version is needed."


def _radius(radius: BlastRadius) -> Iterator[Html]:
    judged = len(radius.projects) - len(radius.unjudged)
    yield tag("h2", text("Whom it hits"))
    numbers = {
        "would break": (len(radius.breaking), "bad"),
        "judged": (judged, ""),
        "could not be judged": (len(radius.unjudged), "warn"),
        "models": (radius.models, ""),
    }
    yield cards(numbers)
    if radius.causes:
        most = max(findings for _, findings in radius.causes.values())
        yield tag("h3", text("Which changes break projects"))
        yield table(
            ("rule", "projects", "breaking findings"),
            [
                (tag("code", text(rule or "?")), text(f"{projects:,}"), bar(count / most, f"{count:,}"))
                for rule, (projects, count) in radius.causes.items()
            ],
            numbers=(1,),
        )
    if radius.projects:
        most = max(project.breaking for project in radius.projects) or 1
        ranked = sorted(radius.projects, key=lambda each: (-each.breaking, not each.problem, each.directory))
        yield tag("h3", text("Projects"))
        yield table(
            ("project", "verdict", "models", "breaking findings", "by"),
            [_project(project, most) for project in ranked],
            numbers=(2,),
        )


def _project(project: ProjectImpact, most: int) -> tuple[Html, ...]:
    if project.problem:
        verdict = tag("span", text("? not judged"), class_="warn")
    elif project.breaks:
        verdict = tag("span", text("✗ breaks"), class_="bad")
    else:
        verdict = tag("span", text("✓ holds"), class_="good")
    return (
        joined([text(project.name or project.directory), tag("small", tag("code", text(project.directory)))]),
        joined([verdict, tag("small", text(project.problem))]) if project.problem else verdict,
        text(f"{project.models:,}"),
        bar(project.breaking / most, f"{project.breaking:,}", kind="bad") if project.breaking else text("0"),
        text(", ".join(rule or "?" for rule in project.causes)),
    )


def _changes(assessment: Assessment, sides: Sides) -> Iterator[Html]:
    if not assessment.entries:
        return
    grouped = group(assessment.entries)
    yield tag("h2", text("What changed"))
    yield filters([name for name in GROUPS if name in grouped])
    for name in GROUPS:
        if entries := grouped.get(name):
            rows = [_row(entry, sides) for entry in entries]
            heading = tag("h3", text(f"{name}: "), tag("span", text(f"{len(entries):,}"), class_="count"))
            head = ("rule", "where", "what", "old", "new", "what to do")
            yield tag("section", heading, table(head, rows), class_="rows", data_kind=name)


def _row(entry: Entry, sides: Sides) -> tuple[Html, ...]:
    change = entry.change
    return (
        tag("code", text(entry.rule.id)),
        tag("code", text(sides.where(entry))),
        text(entry.sentence),
        text(value_text(change.old, change.path)),
        text(value_text(change.new, change.path)),
        text(entry.rule.remedy if entry.breaking and entry.rule.remedy else ""),
    )
