"""The dbt projects around the files that an editor shows: what `floe compile` would find, in place.

A project is judged as it lies on disk, when a file of it is opened or saved, by the platform that its
lock names; no registry is asked and nothing is written. While one judgement runs, further wishes for the
same project become one more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct, field

from floe_engine.artifact.platform import Platform
from floe_engine.document.diagnostics import Position, Span
from floe_engine.document.text import MAX_BYTES, split_lines
from floe_engine.errors import FloeError, NothingChecked
from floe_engine.files import read_bounded, stands
from floe_engine.policy.finding import Finding
from floe_engine.workspace import SPEC_FILE, Workspace


class ProjectFinding(Struct, frozen=True):
    """A finding, the subject that its rule was asked of (the model, for a column's), and whose project
    it is: the directory of the floe.yaml."""

    finding: Finding
    subject: str
    root: Path


Found = Mapping[Path, tuple[ProjectFinding, ...]]
"""File → what was found in it."""


class Judged(Struct, frozen=True):
    """A project as it lies on disk: what was found in its files, and the platform that it is held to."""

    found: Found
    platform: Platform


class _Watched(Struct):
    """One project: its platform as last read, its files that have findings shown, the judgement that runs."""

    platform: Platform | None = None
    shown: set[Path] = field(default_factory=set)
    running: asyncio.Task[None] | None = None
    again: bool = False


class Projects:
    """Belongs to one event loop. `publish` is told what was found in a file, nothing where it is gone."""

    def __init__(
        self, publish: Callable[[Path, tuple[ProjectFinding, ...]], None], failed: Callable[[Exception], None]
    ) -> None:
        self._publish = publish
        self._failed = failed
        self._watched: dict[Path, _Watched] = {}

    def look(self, path: Path) -> None:
        """A file was opened or saved: judge the project that it belongs to, if any."""
        root = root_of(path)
        if root is None:
            return
        watched = self._watched.setdefault(root, _Watched())
        if watched.running is not None and not watched.running.done():
            watched.again = True
            return
        watched.running = asyncio.ensure_future(self._judge(root, watched))

    def platform_of(self, path: Path) -> Platform | None:
        """What the project of a file is held to; None where it has not been judged yet, or cannot be."""
        watched = self._watched.get(root) if (root := root_of(path)) is not None else None
        return watched.platform if watched is not None else None

    async def _judge(self, root: Path, watched: _Watched) -> None:
        while True:
            watched.again = False
            found: Found = {}
            try:
                judgement = await asyncio.to_thread(judged, root)
                found, watched.platform = judgement.found, judgement.platform
            except NothingChecked:
                pass  # no model yet: nothing to say
            except Exception as error:  # the face: the server lives on, and says what happened
                self._failed(error)
            for path in watched.shown - found.keys():
                self._publish(path, ())
            for path, findings in found.items():
                self._publish(path, findings)
            watched.shown = set(found)
            if not watched.again:
                return


def root_of(path: Path) -> Path | None:
    """The nearest directory around a file that has a floe.yaml; None where none has."""
    return next((folder for folder in path.parents if stands(folder / SPEC_FILE)), None)


def judged(root: Path) -> Judged:
    """What `floe compile` finds in the project of a floe.yaml. Raises what it raises."""
    from floe_engine.product.compile_project import CompileOptions, compile_project

    workspace = Workspace.open(root).without_network()
    compiled = compile_project(workspace, options=CompileOptions(frozen=True, write_profile=False))
    found: dict[Path, tuple[ProjectFinding, ...]] = {}
    for project, evaluation in zip(compiled.projects, compiled.evaluations, strict=True):
        for finding in evaluation.findings:
            if not finding.waived and not finding.baseline:
                path = project.directory / finding.path
                told = ProjectFinding(finding, evaluation.asked_of(finding), root)
                found[path] = (*found.get(path, ()), told)
    return Judged(found, compiled.platform)


def text_of(path: Path) -> str:
    """A file as far as it can be read; what cannot has no lines to point at."""
    try:
        return read_bounded(path, MAX_BYTES).decode("utf-8", "replace")
    except FloeError:
        return ""


def span_of(finding: Finding, text: str) -> Span:
    """The line that a finding points at, without its indentation."""
    lines = split_lines(text) or [""]
    number = min(max(finding.line - 1, 0), len(lines) - 1)
    line = lines[number]
    return Span(Position(number, len(line) - len(line.lstrip())), Position(number, len(line.rstrip())))
