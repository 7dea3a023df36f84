"""What the versions place shows of two versions, as values. Functions here run in workers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from floe_engine import CancelToken, DiffRow, FloeError, Report
from floe_tui.text import count, shorten
from floe_tui.widgets.marks import Toned, toned_chip
from floe_tui.widgets.row_view import Row, Tone

if TYPE_CHECKING:
    from floe_engine import Comparison, Entry, Side, Workspace

SIGNS: dict[str, tuple[str, Tone]] = {
    "major": ("✗", "error"),
    "minor": ("!", "warning"),
    "patch": ("·", "info"),
    "none": (" ", "dim"),
}
PLACE_WIDTH = 34
"""Cells of the column that names a change's setting; both ends of the name are told."""

KINDS = {"added": "+", "removed": "-"}


class ComparedSides(Struct, frozen=True):
    """What there is to compare."""

    tags: tuple[str, ...]
    """Published, newest first."""
    locked: str
    """The pinned one; empty where nothing is."""


class Compared(Struct, frozen=True):
    """Two versions beside each other."""

    comparison: Comparison
    required: str
    entries: tuple[Entry, ...]
    lines: tuple[tuple[int, bool], ...]
    """Of each entry: a line of its file, and whether it is the old text's."""
    files: Mapping[str, Sequence[DiffRow]]

    @property
    def changed(self) -> list[str]:
        """The files whose text is another."""
        return [name for name, rows in self.files.items() if any(row.kind != "same" for row in rows)]


class Affected(Struct, frozen=True):
    """Which changes hit a project (or several), and how."""

    project: str
    hits: Mapping[str, int]
    """Fingerprint of a change to the findings behind which it stands."""
    said: str


def known_versions(directory: Path, cancel: CancelToken) -> ComparedSides:
    """The published tags and the locked one; offline, the tags that were seen last."""
    from floe_engine import RegistryError, Workspace, list_versions

    workspace = Workspace.open(directory)
    lock = workspace.store.read_lock()
    locked = lock.tag if lock else ""
    try:
        listing = list_versions(workspace, cancel=cancel)
    except RegistryError:
        try:
            listing = list_versions(workspace.without_network(), cancel=cancel)
        except FloeError:
            return ComparedSides((), locked)
    return ComparedSides(tuple(listing.tags[version] for version in listing.versions), locked)


def compare(directory: Path, old: str, new: str, report: Report, cancel: CancelToken) -> Compared:
    """Both versions, their changes judged, and their texts aligned."""
    from floe_engine import Workspace, side_by_side
    from floe_engine import compare as compare_versions

    found = compare_versions(Workspace.open(directory), old, new, report=report, cancel=cancel)
    files: dict[str, Sequence[DiffRow]] = {}
    for name in found.new.artifact.files:
        cancel.check()
        files[name] = side_by_side(_text(found.old, name), _text(found.new, name))
    entries = tuple(entry for group in found.assessment.by_rule.values() for entry in group)
    return Compared(found, found.assessment.required, entries, _lines(found, entries, cancel), files)


def _lines(found: Comparison, entries: Sequence[Entry], cancel: CancelToken) -> tuple[tuple[int, bool], ...]:
    """Where each change is written; what was removed, in the old text."""
    from floe_engine import lines_of

    lines: dict[int, tuple[int, bool]] = {}
    groups: dict[tuple[str, bool], list[int]] = {}
    for index, entry in enumerate(entries):
        groups.setdefault((entry.change.file, entry.change.kind == "removed"), []).append(index)
    for (name, old), members in groups.items():
        cancel.check()
        text = _text(found.old if old else found.new, name)
        numbers = lines_of(text, [entries[index].change.path for index in members])
        lines.update({index: (line, old) for index, line in zip(members, numbers, strict=True)})
    return tuple(lines[index] for index in range(len(entries)))


def _text(side: Side, name: str) -> str:
    return str(side.artifact.files.get(name, b"").decode("utf-8", "replace"))


def affect(
    workspace: Workspace, comparison: Comparison, project: str, report: Report, cancel: CancelToken
) -> Affected:
    """What a comparison does to the project in a directory, or to all of those below it."""
    from floe_engine import find_fleet, measure_impact

    fleet = find_fleet(workspace, [project])
    hit = measure_impact(comparison, fleet, report=report, cancel=cancel)
    name = project if project != "." else "this project"
    if hit.radius is not None:
        entries = comparison.assessment.by_rule
        hits = {
            entry.fingerprint: findings
            for rule, (_, findings) in hit.radius.causes.items()
            for entry in entries.get(rule, ())
        }
        breaking, all_of = len(hit.radius.breaking), len(hit.radius.projects)
        return Affected(name, hits, f"stops {breaking} of {count(all_of, 'project')} below {name}")
    assert hit.impact is not None  # one of the two is always there
    effects = [effect for effect in hit.impact.effects if effect.status != "unchanged"]
    found = Counter(cause.fingerprint for effect in effects for cause in effect.causes)
    breaking = len(hit.impact.breaking)
    said = f"stops {name}: {count(breaking, 'new finding')}" if breaking else f"does not stop {name}"
    return Affected(name, found, f"{said}, {count(len(effects), 'finding')} other than before")


def rows_of(compared: Compared, *, breaking: bool = False, affected: Affected | None = None) -> list[Row]:
    """The changes as rows, under a row for each rule; the keys of changes are their indexes."""
    rows: list[Row] = []
    groups: dict[str, list[tuple[int, Entry]]] = {}
    for index, entry in enumerate(compared.entries):
        if breaking and not entry.breaking:
            continue
        if affected is not None and entry.fingerprint not in affected.hits:
            continue
        groups.setdefault(entry.rule.id, []).append((index, entry))
    for rule, members in groups.items():
        first = members[0][1]
        sign, tone = SIGNS[first.bump]
        head = (rule, first.rule.title, str(len(members)))
        rows.append(Row(f"rule {rule}", head, sign, tone, heading=True))
        rows += [_row(str(index), entry, affected) for index, entry in members]
    return rows


def _row(key: str, entry: Entry, affected: Affected | None) -> Row:
    sign, tone = SIGNS[entry.bump]
    kind = KINDS.get(entry.change.kind, "~")
    tail: list[Toned] = []
    if entry.security:
        tail += [toned_chip("security", "warning"), (" ", "")]
    if affected is not None:
        tail.append(toned_chip(f"→ {count(affected.hits[entry.fingerprint], 'finding')}", "error"))
    cells = (entry.bump, shorten(entry.place, PLACE_WIDTH), f"{kind} {entry.sentence}")
    return Row(key, cells, sign, tone, f"{entry.rule.id} {entry.place}", tail=tuple(tail))
