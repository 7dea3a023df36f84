"""Which models a change is about, for ``state:``: beside a git revision, or beside an older manifest of dbt.

Beside a manifest, a project that was read from one too is compared as dbt does it, field by field
(`as_dbt_compares`). ``state:modified`` is more than dbt's: what floe judges counts, so a description, a test
or a meta key that changed makes a model modified.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from floe_engine import git
from floe_engine.acts import Option
from floe_engine.document.document import parse
from floe_engine.document.text import decode
from floe_engine.errors import ConfigurationError, UsageError
from floe_engine.files import git_object_id, read_bounded, stands
from floe_engine.project.as_dbt_compares import Manifests
from floe_engine.project.dbt_manifest import read_manifest
from floe_engine.project.facts import Macro, Model, Project, Source
from floe_engine.project.gathering import checksum_of
from floe_engine.project.project_file import FILE_NAME
from floe_engine.project.states import State

_LARGEST = 64 * 1024 * 1024
"""Bytes of a file that is compared; a larger one counts as changed."""

_LARGEST_SEED = 1024 * 1024
"""Bytes of a seed that dbt compares by its content."""

_TESTS = ("data_tests", "tests")


def beside(project: Project, state: str) -> State:
    """`project` beside a ``manifest.json``, the directory of one (dbt's ``--state``), or a git revision.

    Beside a revision a node differs where the file that holds it or the one that describes it does, or what
    dbt_project.yml says of its folders; beside both, where a macro of the project that it calls does. Raises
    `UsageError` for what is none of these.
    """
    path = Path(state)
    named = path / "manifest.json" if path.is_dir() else path
    if named.suffix == ".json" or path.is_dir():
        if not stands(named):
            raise UsageError(
                f"there is no {named}", hint=f"{Option.STATE} takes a git revision, or a manifest.json"
            )
        return _BesideManifest(project, named)
    return _BesideRevision(project, state)


class _BesideManifest(State):
    def __init__(self, project: Project, path: Path) -> None:
        super().__init__(project)
        self._path = path
        self._older = read_manifest(path, project.directory)
        if self._older.name != project.name:
            raise UsageError(
                f"{path} is of another project",
                f"it was written for {self._older.name}, beside which all of {project.name} would be new",
                hint="name a manifest of this project, or a git revision, which is one for all projects",
            )
        if project.manifest is None:
            self.lacks = "the project is read from its files, which tell of all configs those that are judged"

    @cached_property
    def _manifests(self) -> Manifests | None:
        """Both as dbt wrote them; None where the project was read from its files."""
        now = self._project.manifest
        return Manifests.read(self._path, now) if now is not None else None

    @cached_property
    def _new(self) -> frozenset[str]:
        return frozenset(self._project.by_id) - frozenset(self._older.by_id)

    @cached_property
    def _modified(self) -> frozenset[str]:
        alike = self._project.reader == self._older.reader
        found = self._body | self._macros
        found |= {
            unique_id
            for unique_id, node in self._project.by_id.items()
            if unique_id in self._older.by_id and not _same(self._older.by_id[unique_id], node, alike=alike)
        }
        return found | self._as_dbt("modified") if self._manifests is not None else found

    @cached_property
    def _body(self) -> frozenset[str]:
        if self._manifests is not None:
            return self._as_dbt("modified.body")
        return frozenset(
            model.unique_id
            for model in self._project.models
            if isinstance(before := self._older.by_id.get(model.unique_id), Model)
            and not self._same_code(before, model)
        )

    def _same_code(self, before: Model, now: Model) -> bool:
        if before.resource_type == "snapshot" and self._project.reader != self._older.reader:
            if not now.path.endswith(".sql"):  # dbt makes the code of one in YAML
                return before.parents == now.parents
            return (before.raw_code or before.code).strip() in now.code  # of which a file may have several
        if now.resource_type == "seed" and not now.checksum:
            return self._same_rows(before, now)
        return before.checksum == now.checksum

    def _same_rows(self, before: Model, now: Model) -> bool:
        """Whether a seed's file is what dbt has the checksum of; of a large one it has the path alone."""
        try:
            data = read_bounded(self._project.directory / now.path, _LARGEST_SEED)
        except ConfigurationError:
            return before.checksum.endswith(".csv")
        return checksum_of(data.decode("utf-8", "replace")) == before.checksum

    @cached_property
    def _macros(self) -> frozenset[str]:
        if self._manifests is not None:
            return self._as_dbt("modified.macros")
        code = {macro.unique_id: macro.code.strip() for macro in self._older.macros}
        changed = [each for each in self._project.macros if code.get(each.unique_id) != each.code.strip()]
        return _calling(self._project, changed)

    def _as_dbt(self, word: str) -> frozenset[str]:
        if self._manifests is None:
            raise UsageError(
                f"state:{word} cannot be told from the project's files",
                "only dbt knows all that a node is configured with, and writes it into its manifest",
                hint="run `dbt parse` first, or select state:modified",
            )
        return frozenset(self._project.by_id).intersection(self._manifests.selected(word))


_JUDGED = (
    "access", "alias", "check_cols", "constraints", "contract_enforced", "freshness", "grants", "group",
    "has_freshness", "identifier", "language", "latest_version", "loader", "materialized", "meta",
    "resource_type", "strategy", "tags", "unique_key", "updated_at", "version",
)  # fmt: skip
"""Facts that are compared as they are; others say more of a reader, or are compared in their own way."""


def _same(before: Model | Source, now: Model | Source, *, alike: bool) -> bool:
    """Whether all is the same that is judged of a node; what only one of two readers can tell aside."""
    unread = now.unread_configs if isinstance(now, Model) else ()
    judged = () if "*" in unread else (name for name in _JUDGED if name not in unread)
    if any(getattr(before, name, None) != getattr(now, name, None) for name in judged):
        return False
    texts = [_texts(before), _texts(now)]
    if not alike:  # a reader of files has the call of a `doc()` where a manifest has its text
        mine = {place: text for place, text in texts[1].items() if "doc(" not in text}
        texts = [{place: text for place, text in each.items() if place in mine} for each in texts]
    return texts[0] == texts[1] and _declared(before) == _declared(now)


def _texts(node: Model | Source) -> dict[str | None, str]:
    texts: dict[str | None, str] = {column.name: column.description.strip() for column in node.columns}
    return texts | {None: node.description.strip()}


def _declared(node: Model | Source) -> tuple[object, ...]:
    idle = node.idle_tests if isinstance(node, Model) else ()
    columns = [(column.name, column.data_type, column.meta, column.tags) for column in node.columns]
    tests = sorted((test.name, test.column or "", test.severity) for test in node.tests)
    return columns, tests, sorted((test.name, test.column or "") for test in idle)


class _BesideRevision(State):
    def __init__(self, project: Project, revision: str) -> None:
        super().__init__(project)
        self._revision = revision
        try:
            entries = git.files_at(project.directory, revision)
            self._known = {entry.path: entry.object_id for entry in entries}
        except git.NoAnswer as refusal:
            raise UsageError(
                "git does not know what to compare with",
                str(refusal),
                hint=f"{Option.STATE} takes a git revision (main, HEAD~3), or a manifest.json",
            ) from None
        files = {path for node in project.by_id.values() for path in _files_of(node)}
        files |= {macro.path for macro in project.macros} | {FILE_NAME}
        self._same = {path: _as_committed(project.directory / path, self._known.get(path)) for path in files}

    @cached_property
    def _new(self) -> frozenset[str]:
        return frozenset(
            node.unique_id
            for node in self._project.by_id.values()
            if not self._same[node.path] and self._is_new(node)
        )

    def _is_new(self, node: Model | Source) -> bool:
        """Whether a node of a file that differs is new; several may stand in one."""
        if node.path not in self._known:
            return PurePosixPath(node.path).name not in self._gone
        if isinstance(node, Model) and node.resource_type != "snapshot":
            return False
        return node.unique_id.split(".", 2)[2] not in self._names_in(node.path)

    @cached_property
    def _gone(self) -> frozenset[str]:
        """Names of files that are no longer where they were: a model of that name has moved."""
        paths = (PurePosixPath(path) for path in self._known)
        return frozenset(path.name for path in paths if not (self._project.directory / path).exists())

    @cached_property
    def _modified(self) -> frozenset[str]:
        found = {
            unique_id
            for unique_id, node in self._project.by_id.items()
            if not all(self._same[path] for path in _files_of(node))
        }
        return self._macros | self._configured | found

    @cached_property
    def _body(self) -> frozenset[str]:
        return frozenset(
            model.unique_id
            for model in self._project.models
            if not self._same[model.path] and not model.path.endswith((".yml", ".yaml"))
        )

    @cached_property
    def _macros(self) -> frozenset[str]:
        return _calling(self._project, (each for each in self._project.macros if not self._same[each.path]))

    @cached_property
    def _configured(self) -> frozenset[str]:
        """Of which dbt_project.yml says something else than it did."""
        if self._same[FILE_NAME]:
            return frozenset()
        folders = self._project.folder_configs
        settings = folders.settings.settings if folders is not None else {}
        before = self._settings()
        fqns = {unique_id: self._fqn(node) for unique_id, node in self._project.by_id.items()}
        steps = {step for fqn in fqns.values() for step in fqn}
        return frozenset(
            unique_id
            for unique_id, fqn in fqns.items()
            for section in (f"{unique_id.partition('.')[0]}s", *_TESTS)
            if list(_levels(before, section, fqn, steps)) != list(_levels(settings, section, fqn, steps))
        )

    def _fqn(self, node: Model | Source) -> tuple[str, ...]:
        if isinstance(node, Source) or self._project.folder_configs is None:
            folders = PurePosixPath(node.path).parts[1:-1]
        else:
            folders = PurePosixPath(self._project.folder_configs.folder(node)).parts
        own = (node.source_name,) if isinstance(node, Source) else ()
        return (self._project.name, *folders, *own, node.name)

    def _settings(self) -> Mapping[str, Any]:
        value = parse(self._text(FILE_NAME)).value if FILE_NAME in self._known else None
        return value if isinstance(value, dict) else {}

    def _names_in(self, path: str) -> frozenset[str]:
        """The sources' tables and the snapshots that a file had."""
        text = self._text(path)
        if path.endswith(".sql"):
            return frozenset(re.findall(r"{%-?\s*snapshot\s+(\w+)", text))
        value = parse(text).value
        return frozenset(_declared_in(value)) if isinstance(value, dict) else frozenset()

    def _text(self, path: str) -> str:
        """A file as the revision has it."""
        try:
            return decode(git.ask(self._project.directory, "cat-file", "blob", self._known[path]), where=path)
        except (git.NoAnswer, ConfigurationError) as refusal:
            raise UsageError(
                f"git has no {path} of {self._revision} to compare with",
                str(refusal),
                hint=f"fetch it, or name a manifest.json with {Option.STATE}",
            ) from None

    def _as_dbt(self, word: str) -> frozenset[str]:
        raise UsageError(
            f"state:{word} cannot be told beside a git revision",
            "git knows which files differ, and not what dbt makes of them",
            hint=f"name a manifest.json of dbt with {Option.STATE}, or select state:modified",
        )


def _levels(
    settings: Mapping[str, Any], section: str, fqn: Iterable[str], steps: set[str]
) -> Iterator[object]:
    """What each folder on the way to a node is given, without the folders in it."""
    level: Any = settings.get(section)
    for step in (*fqn, None):
        if not isinstance(level, dict):
            return
        own = {key: value for key, value in level.items() if key not in steps or not isinstance(value, dict)}
        if own:
            yield step, own
        level = level.get(step)


def _declared_in(properties: Mapping[str, Any]) -> Iterator[str]:
    for source in _mappings(properties.get("sources")):
        for table in _mappings(source.get("tables")):
            yield f"{source.get('name')}.{table.get('name')}"
    for snapshot in _mappings(properties.get("snapshots")):
        yield str(snapshot.get("name"))


def _mappings(value: object) -> Iterator[Mapping[str, Any]]:
    yield from (item for item in value if isinstance(item, dict)) if isinstance(value, list) else ()


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


def _files_of(node: Model | Source) -> tuple[str, ...]:
    described = node.properties_path if isinstance(node, Model) else None
    return tuple(path for path in (node.path, described) if path)


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
