"""manifest.yaml mended: every mechanical fix applied, nothing else touched."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from msgspec import Struct

from floe_engine.document import edit
from floe_engine.document.diagnostics import Diagnostic, Fix, Span
from floe_engine.document.text import read_text, rewrite
from floe_engine.events import CancelToken, Report, silent
from floe_engine.manifest.check import Checked, check
from floe_engine.manifest.inheritance import ParentPlatform
from floe_engine.manifest.plugins import Catalogue
from floe_engine.platform.check_platform import remote_parent
from floe_engine.workspace import Workspace

_ROUNDS = 50
"""A fix may uncover the next one; no manifest needs this many."""
_ENOUGH = 1000
"""Problems that are mended at once; what more there is the next time."""


class Mended(Struct, frozen=True):
    """A problem that is gone, and what was done about it; `found` stands where it was at the time."""

    found: Diagnostic
    fix: Fix


class FixedManifest(Struct, frozen=True):
    """A manifest before and after, and what is still wrong with it."""

    before: str
    after: str
    mended: tuple[Mended, ...]
    checked: Checked
    """Of the text `after`."""

    @property
    def changed(self) -> bool:
        """Whether there was anything to mend."""
        return self.before != self.after


def fix_platform(
    workspace: Workspace, *, report: Report = silent, cancel: CancelToken | None = None
) -> FixedManifest:
    """Apply the best fix of every problem that has one, until none is left or many are mended; write it.

    The file keeps its encoding and its mode. Raises `ConfigurationError` where it cannot be read,
    or was changed by somebody else meanwhile.
    """
    cancel = cancel or CancelToken()
    path = workspace.manifest_path
    text = read_text(path)
    parent = remote_parent(workspace, text, report=report, cancel=cancel)
    fixed = mend(text, workspace=workspace, parent=parent, cancel=cancel)
    if fixed.changed:
        rewrite(workspace.files, path.name, text, fixed.after)
    return fixed


def mend(
    text: str,
    *,
    workspace: Workspace,
    parent: ParentPlatform | None = None,
    cancel: CancelToken | None = None,
) -> FixedManifest:
    """`fix_platform` of a text, without writing anything."""
    catalogue = Catalogue.load()
    before, seen = text, {text}
    mended: list[Mended] = []
    checked = check(text, path=workspace.manifest_path, catalogue=catalogue, parent=parent)
    for _ in range(_ROUNDS):
        if cancel is not None:
            cancel.check()
        chosen = fixes_apart(checked.diagnostics)
        text, chosen = _applied(text, chosen)
        if text in seen:  # nothing to mend, or two fixes that undo each other
            break
        seen.add(text)
        mended += chosen
        checked = check(text, path=workspace.manifest_path, catalogue=catalogue, parent=parent)
        if len(mended) >= _ENOUGH:
            break
    return FixedManifest(before, checked.document.text, tuple(mended), checked)


def _applied(text: str, fixes: list[Mended]) -> tuple[str, list[Mended]]:
    """`text` with `fixes` made, and those that could be: a fix whose own edits overlap is left out."""
    with suppress(ValueError):
        return edit.apply(text, [one for each in fixes for one in each.fix.edits]), fixes
    possible = []
    for each in fixes:
        with suppress(ValueError):
            edit.apply(text, each.fix.edits)
            possible.append(each)
    return edit.apply(text, [one for each in possible for one in each.fix.edits]), possible


def fixes_apart(diagnostics: Iterable[Diagnostic]) -> list[Mended]:
    """The best fix of each diagnostic, but for those that touch the place of one chosen before."""
    chosen: list[Mended] = []
    taken: list[Span] = []
    for found in diagnostics:
        if not found.fixes:
            continue
        fix = found.fixes[0]
        spans = [one.span for one in fix.edits]
        if any(span.start <= other.end and other.start <= span.end for span in spans for other in taken):
            continue  # the next round looks at it again
        taken += spans
        chosen.append(Mended(found, fix))
    return chosen
