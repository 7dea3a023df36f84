"""Which models a change is about: beside a git revision, or beside an older manifest of dbt."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from floe_engine import git
from floe_engine.errors import ConfigurationError, UsageError
from floe_engine.files import git_object_id, read_bounded, stands
from floe_engine.project.facts import Macro, Model, Project, Source

_LARGEST = 64 * 1024 * 1024
"""Bytes of a file that is compared; a larger one counts as changed."""


def modified(project: Project, state: str) -> frozenset[str]:
    """unique_ids of what is new or differs from `state`.

    `state` is a ``manifest.json``, the directory of one (dbt's ``--state``), or a git revision. Beside a
    revision a node differs where the file that holds it or the one that describes it does; beside both,
    where a macro of the project that it calls does. Raises `UsageError` for what is none of these.
    """
    path = Path(state)
    named = path / "manifest.json" if path.is_dir() else path
    if named.suffix == ".json" or path.is_dir():
        if not stands(named):
            raise UsageError(f"there is no {named}", hint="--state takes a git revision, or a manifest.json")
        return _beside_manifest(project, named)
    return _beside_revision(project, state)


def _beside_manifest(project: Project, path: Path) -> frozenset[str]:
    from floe_engine.project.dbt_manifest import read_manifest

    older = read_manifest(path, project.directory)
    before, macros = older.by_id, {macro.unique_id: macro.code for macro in older.macros}
    changed = [
        macro for macro in project.macros if macros.get(macro.unique_id, "").strip() != macro.code.strip()
    ]
    return _calling(project, changed) | {
        unique_id
        for unique_id, node in project.by_id.items()
        if unique_id not in before or _facts(before[unique_id]) != _facts(node)
    }


def _calling(project: Project, changed: Iterable[Macro]) -> frozenset[str]:
    """unique_ids of the models whose code names a macro, or one that names it, and so on."""
    names: set[str] = set()
    found: set[str] = set()
    edge = {_called(macro) for macro in changed}
    while edge:
        names |= edge
        call = re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(edge)))})\b['\"]?\s*[(,)]")
        found |= {model.unique_id for model in project.models if call.search(model.raw_code or model.code)}
        edge = {_called(macro) for macro in project.macros if call.search(macro.code)} - names
    return frozenset(found)


def _called(macro: Macro) -> str:
    """The name it is called by: ``adapter.dispatch('x')`` takes ``duckdb__x``."""
    return macro.name.rpartition("__")[2] or macro.name


def _facts(node: Model | Source) -> tuple[object, ...]:
    """What two readers agree on of a node that has not changed."""
    columns = tuple((c.name, c.description, c.data_type, c.meta, c.tags) for c in node.columns)
    tests = sorted((test.name, test.column or "") for test in node.tests)
    own = (node.checksum, node.access, node.group, node.contract_enforced) if isinstance(node, Model) else ()
    return node.description.strip(), columns, tests, node.meta, node.tags, own


def _beside_revision(project: Project, revision: str) -> frozenset[str]:
    try:
        known = {entry.path: entry.object_id for entry in git.files_at(project.directory, revision)}
    except git.NoAnswer as refusal:
        raise UsageError(
            "git does not know what to compare with",
            str(refusal),
            hint="--state takes a git revision (main, HEAD~3), or a manifest.json",
        ) from None
    files = _files(project) | {macro.path for macro in project.macros}
    same = {path: _as_committed(project.directory / path, known.get(path)) for path in files}
    return _calling(project, (macro for macro in project.macros if not same[macro.path])) | {
        unique_id
        for unique_id, node in project.by_id.items()
        if not all(same[path] for path in _files_of(node))
    }


def _files_of(node: Model | Source) -> tuple[str, ...]:
    described = node.properties_path if isinstance(node, Model) else None
    return tuple(path for path in (node.path, described) if path)


def _files(project: Project) -> frozenset[str]:
    return frozenset(path for node in project.by_id.values() for path in _files_of(node))


def _as_committed(path: Path, object_id: str | None) -> bool:
    """Whether a file is what a revision has of it.

    Compared by git's object ID: to ask git for a difference would run the filters and hooks that the
    checkout's own configuration names. Line ends are git's to change.
    """
    if object_id is None:
        return False
    try:
        data = read_bounded(path, _LARGEST)
    except ConfigurationError:
        return False
    return object_id in (git_object_id(each, like=object_id) for each in (data, data.replace(b"\r\n", b"\n")))
