"""For a terminal: changes by rule or unified, and impacts, as lines that a face escapes and colours."""

from __future__ import annotations

from collections.abc import Iterator

from floe_engine.output.changes.places import Sides, value_text
from floe_engine.text import plural, printable
from floe_engine.upgrade.fleet import BlastRadius
from floe_engine.upgrade.impact import Impact
from floe_engine.upgrade.rules import Assessment, Entry


def summary(assessment: Assessment) -> str:
    """One line: how many changes, the bump they need, and how many touch security."""
    if not assessment.entries:
        return "No changes."
    said = f"{plural(len(assessment.entries), 'change')}; a {assessment.required} version is needed"
    if assessment.security:
        said += f"; {plural(len(assessment.security), 'change')} touching security"
    return said + "."


def changes_by_rule(assessment: Assessment, sides: Sides) -> Iterator[str]:
    """Changes under their bumps and rules, the costliest first: what, where, why, what to do."""
    grouped: dict[tuple[str, str], list[Entry]] = {}
    for entry in assessment.entries:
        grouped.setdefault((entry.bump, entry.rule.id), []).append(entry)
    for (bump, _), entries in grouped.items():
        rule = entries[0].rule
        mark = f" [{rule.axis}]" if rule.axis else ""
        yield f"{bump.upper():<6} {rule.id}  {rule.title}{mark}"
        for entry in entries:
            yield f"    {sides.where(entry)}: {entry.sentence}"
            for place in entry.change.also:
                yield f"        with {' '.join((place[0], '.'.join(place[1:])))}"
        yield f"    why: {rule.reason}"
        if rule.remedy:
            yield f"    do:  {rule.remedy}"
        yield ""


def unified(assessment: Assessment, sides: Sides) -> Iterator[str]:
    """Changes as removed and added settings, in the order of the files, with their lines in both."""
    yield f"--- {sides.old}"
    yield f"+++ {sides.new}"
    for entry in in_file_order(assessment):
        before, after = _values(entry)
        yield heading(entry, sides)
        if before is not None:
            yield f"-{before}"
        if after is not None:
            yield f"+{after}"


def heading(entry: Entry, sides: Sides) -> str:
    """The line above the values of a change: setting, its lines in both manifests, rule and bump."""
    places = [("-", sides.before(entry)), ("+", sides.after(entry))]
    written = "".join(f" {sign}{place}" for sign, place in places if place is not None)
    return f"@@ {entry.place}{written} @@ {entry.rule.id} {entry.bump}"


def in_file_order(assessment: Assessment) -> list[Entry]:
    """Entries in the order of the files and of what is in them."""
    return sorted(assessment.entries, key=lambda entry: entry.change.path)


def impact_lines(impact: Impact) -> Iterator[str]:
    """What an upgrade does to one project: totals, then what breaks with its cause."""
    yield ", ".join(f"{count:,} {status.replace('_', ' ')}" for status, count in impact.counts.items())
    for effect in impact.of("new", "worsened", "eased", "resolved", "no_longer_evaluated"):
        finding = effect.finding
        causes = ", ".join(dict.fromkeys(cause.rule.id for cause in effect.causes)) or "no rule found"
        mark = "✗" if effect.breaks else " "
        yield (
            f"{mark} {effect.status.replace('_', ' '):<19} {finding.rule} {finding.subject}"
            f" ({finding.path}:{finding.line}) by {causes}"
        )
        if effect.breaks:
            yield f"      {finding.message}"


def blast_radius_lines(radius: BlastRadius) -> Iterator[str]:
    """A table of projects, their totals, and the changes that break most."""
    name = max((len(project.directory) for project in radius.projects), default=0)
    name = min(max(name, len("project")), 50)
    yield f"  {'project':<{name}} {'models':>7} {'breaks':>7} {'new':>6} {'worse':>6} {'gone':>6}  by"
    for project in radius.projects:
        shown = printable(project.directory)[-name:]
        if project.problem:
            yield f"? {shown:<{name}} not judged: {project.problem}"
            continue
        counts = project.counts
        gone = counts.get("resolved", 0) + counts.get("no_longer_evaluated", 0)
        by = ", ".join(rule or "?" for rule in list(project.causes)[:3])
        mark = "✗" if project.breaks else "!" if project.breaking else " "
        yield (
            f"{mark} {shown:<{name}} {project.models:>7,} {project.breaking:>7,} {counts.get('new', 0):>6,}"
            f" {counts.get('worsened', 0):>6,} {gone:>6,}  {by}"
        )
    yield ""
    judged = len(radius.projects) - len(radius.unjudged)
    breaking = len(radius.breaking)
    yield f"{breaking:,} of {plural(judged, 'project')} would break ({plural(radius.models, 'model')})."
    if radius.unjudged:
        yield f"{plural(len(radius.unjudged), 'project')} could not be judged."
    for rule, (projects, findings) in radius.causes.items():
        yield f"  {rule or 'no rule':<7} {plural(projects, 'project')}, {plural(findings, 'finding')}"


def _values(entry: Entry) -> tuple[str | None, str | None]:
    change = entry.change
    before = None if change.kind == "added" else value_text(change.old, change.path)
    return before, None if change.kind == "removed" else value_text(change.new, change.path)
