"""What changed between versions, written for the people who use the platform.

Markdown after Keep a Changelog: breaking first, then security, added, changed. Sentences come
from the rules, so the changelog and a refusal never disagree.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from floe_engine.output.notation import markdown, markdown_code
from floe_engine.upgrade.rules import Assessment, Entry
from floe_engine.versions import Version

GROUPS = ("Breaking", "Security", "Added", "Changed")


class Release(Struct, frozen=True):
    """A version, the day on which it was built (ISO, may be empty), and its changes."""

    version: Version
    day: str
    assessment: Assessment
    previous: Version | None = None


def changelog(releases: Iterable[Release], *, title: str = "Changelog") -> str:
    """The Markdown of several versions, in the order in which they are given."""
    return "\n\n".join([f"# {markdown(title)}", *(release_notes(release) for release in releases)]) + "\n"


def release_notes(release: Release) -> str:
    """The Markdown of one version, without a final line break."""
    heading = f"## {release.version.tag}" + (f" ({release.day})" if release.day else "")
    parts = [heading]
    if release.previous is None:
        parts.append("The first version.")
    elif not release.assessment.entries:
        parts.append(f"Nothing changed since {release.previous.tag}.")
    grouped = group(release.assessment.entries)
    for name in GROUPS:
        if entries := grouped.get(name):
            parts.append(f"### {name}\n\n" + "\n".join(map(_line, entries)))
    return "\n\n".join(parts)


def group(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    """Entries under the headings of `GROUPS`, each once, headings without entries left out."""
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        found.setdefault(_group(entry), []).append(entry)
    return found


def _group(entry: Entry) -> str:
    if entry.breaking:
        return "Breaking"
    if entry.security:
        return "Security"
    return "Added" if entry.change.kind == "added" else "Changed"


def _line(entry: Entry) -> str:
    sentence = markdown(entry.sentence)
    line = f"- {sentence[:1].upper()}{sentence[1:]}. ({entry.rule.id}, {markdown_code(entry.place)})"
    if entry.breaking and entry.security:
        line += " Touches security."
    if entry.breaking and entry.rule.remedy:
        line += f"\n  What to do: {markdown(entry.rule.remedy)}."
    return line
