"""For a GitHub workflow: one annotation a change, on its line of manifest.yaml where that is known.

Workflow commands (``::error file=…,line=…::…``): a breaking change is an error, one that needs a
minor version a warning, any other a notice.
"""

from __future__ import annotations

from collections.abc import Iterator

from floe_engine.text import plural, printable
from floe_engine.upgrade.fleet import BlastRadius
from floe_engine.upgrade.report.places import Sides
from floe_engine.upgrade.rules import Assessment, Entry

_COMMANDS = {"major": "error", "minor": "warning", "patch": "notice", "none": "notice"}


def github_annotations(assessment: Assessment, sides: Sides) -> Iterator[str]:
    """An annotation for each change; GitHub shows ten of each kind, so the costliest come first."""
    for entry in assessment.entries:
        yield _annotation(entry, sides)


def blast_radius_annotations(radius: BlastRadius) -> Iterator[str]:
    """An annotation for each project that would break, or of which nothing can be said."""
    for project in radius.projects:
        if project.breaks:
            said = f"{plural(project.breaking, 'finding')} would stop the build of {project.directory}"
            by = ", ".join(rule or "?" for rule in project.causes)
            yield f"::error title=breaks {_property(project.name)}::{_data(printable(f'{said} (by {by})'))}"
        elif project.problem:
            said = f"{project.directory} could not be judged: {project.problem}"
            yield f"::warning title=not judged {_property(project.name)}::{_data(printable(said))}"


def _annotation(entry: Entry, sides: Sides) -> str:
    properties = {"title": f"{entry.rule.id} {entry.rule.title}"}
    place = sides.after(entry)
    if place is not None:
        where = {"file": place.path, "line": str(place.line), "col": str(place.column)}
        properties = where | properties
    written = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    message = f"{entry.place}: {entry.sentence} ({entry.bump}: {entry.rule.reason})"
    return f"::{_COMMANDS[entry.bump]} {written}::{_data(printable(message))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(printable(text)).replace(":", "%3A").replace(",", "%2C")
