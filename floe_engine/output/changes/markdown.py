"""For a pull request: what changed, what it needs, and whom it hits, in one comment."""

from __future__ import annotations

from collections.abc import Iterator

from floe_engine.acts import Act
from floe_engine.output.changes.changelog import GROUPS, group
from floe_engine.output.changes.places import Sides, value_text
from floe_engine.output.notation import COMMENT_LIMIT, markdown, markdown_code
from floe_engine.text import plural
from floe_engine.upgrade.fleet import BlastRadius
from floe_engine.upgrade.rules import Assessment, Entry

MARKER = "<!-- floe-changes -->"
"""First line, by which an action finds the comment it wrote before."""


def changes_markdown(assessment: Assessment, sides: Sides, radius: BlastRadius | None = None) -> str:
    """Changes (and a blast radius) as GitHub-flavoured Markdown of at most `COMMENT_LIMIT` characters."""
    lines: list[str] = []
    room = COMMENT_LIMIT - 100
    for line in _lines(assessment, sides, radius):
        room -= len(line) + 1
        if room < 0:
            lines.append(f"\n…and more; {Act.DIFF} lists everything.")
            break
        lines.append(line)
    return "\n".join(lines) + "\n"


def _lines(assessment: Assessment, sides: Sides, radius: BlastRadius | None) -> Iterator[str]:
    yield MARKER
    yield f"### Platform: {markdown(sides.old)} → {markdown(sides.new)}"
    yield ""
    if not assessment.entries:
        yield "No changes."
        return
    yield f"**{plural(len(assessment.entries), 'change')}, a {assessment.required} version is needed.**"
    if radius is not None:
        yield ""
        yield from _radius(radius)
    grouped = group(assessment.entries)
    for name in GROUPS:
        if entries := grouped.get(name):
            yield ""
            yield f"#### {name}"
            yield ""
            yield "| rule | where | what | old | new |"
            yield "|---|---|---|---|---|"
            yield from (_row(entry, sides) for entry in entries)


def _row(entry: Entry, sides: Sides) -> str:
    change = entry.change
    cells = (
        entry.rule.id,
        markdown_code(sides.where(entry)),
        markdown(entry.sentence),
        markdown(value_text(change.old, change.path)),
        markdown(value_text(change.new, change.path)),
    )
    return f"| {' | '.join(cells)} |"


def _radius(radius: BlastRadius) -> Iterator[str]:
    judged = len(radius.projects) - len(radius.unjudged)
    yield f"**{len(radius.breaking):,} of {plural(judged, 'project')} would break.**"
    if radius.unjudged:
        yield f"{plural(len(radius.unjudged), 'project')} could not be judged."
    if radius.breaking:
        yield ""
        yield "| project | models | breaking findings | by |"
        yield "|---|--:|--:|---|"
        for project in radius.breaking:
            by = ", ".join(rule or "?" for rule in project.causes)
            yield f"| {markdown(project.directory)} | {project.models:,} | {project.breaking:,} | {by} |"
