"""For a GitHub workflow: one annotation a change, on its line of manifest.yaml where that is known.

A breaking change is an error, one that needs a minor version a warning, any other a notice.
"""

from __future__ import annotations

from collections.abc import Iterator

from floe_engine.output.changes.places import Sides
from floe_engine.output.notation import annotation
from floe_engine.text import plural
from floe_engine.upgrade.fleet import BlastRadius
from floe_engine.upgrade.rules import Assessment

_COMMANDS = {"major": "error", "minor": "warning", "patch": "notice", "none": "notice"}


def github_annotations(assessment: Assessment, sides: Sides) -> Iterator[str]:
    """An annotation for each change; GitHub shows ten of each kind, so the costliest come first."""
    for entry in assessment.entries:
        where: dict[str, str | int] = {}
        place = sides.after(entry)
        if place is not None:
            where = {"file": place.path, "line": place.line, "col": place.column}
        message = f"{entry.place}: {entry.sentence} ({entry.bump}: {entry.rule.reason})"
        title = f"{entry.rule.id} {entry.rule.title}"
        yield annotation(_COMMANDS[entry.bump], message, **where, title=title)


def blast_radius_annotations(radius: BlastRadius) -> Iterator[str]:
    """An annotation for each project that would break, or of which nothing can be said."""
    for project in radius.projects:
        if project.breaks:
            said = f"{plural(project.breaking, 'finding')} would stop the build of {project.directory}"
            by = ", ".join(rule or "?" for rule in project.causes)
            yield annotation("error", f"{said} (by {by})", title=f"breaks {project.name}")
        elif project.problem:
            said = f"{project.directory} could not be judged: {project.problem}"
            yield annotation("warning", said, title=f"not judged {project.name}")
