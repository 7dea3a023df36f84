"""A dbt project's YAML, SQL and Python as facts, without dbt.

For a project whose manifest.json is missing or stale. Nothing is run: folder configs, properties
files and literal config, ref and source calls are read, and what only dbt could tell becomes a
warning. One broken file never hides the others. Installed packages are left out.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from floe_engine.errors import ConfigurationError
from floe_engine.files import read_bounded
from floe_engine.project import properties
from floe_engine.project.dbt_yaml import BrokenYaml, Entry, load
from floe_engine.project.facts import DataTest, Exposure, Group, Model, Project, ResourceType, Source
from floe_engine.project.folders import File, project_files
from floe_engine.project.jinja import (
    Calls,
    Ref,
    SourceRef,
    Unknown,
    parent_of,
    python_calls,
    snapshots,
    sql_calls,
    uncommented,
)
from floe_engine.project.project_file import LIMIT, ProjectFile, merge_config, read_project_file
from floe_engine.project.properties import entries, mapping, text
from floe_engine.project.spelling import access_of, grants_of, names_a_count, tag_set, text_of

SUFFIXES = frozenset({".sql", ".py", ".csv", ".yml", ".yaml"})
"""Of the files that facts are read from."""

_SECTION: Mapping[ResourceType, str] = {"model": "models", "seed": "seeds", "snapshot": "snapshots"}
_MAX_WARNINGS = 200


def source_files(project: ProjectFile) -> list[File]:
    """Every file that the project's facts come from, dbt_project.yml aside."""
    return project_files(project.directory, project.properties_paths, project.excluded_paths, SUFFIXES)


def read_source(
    directory: Path,
    *,
    variables: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
    project: ProjectFile | None = None,
    files: list[File] | None = None,
) -> Project:
    """The facts of the dbt project in `directory`.

    `variables` are what ``dbt --vars`` would give. `project` and `files` save reading them again.
    Raises `ConfigurationError` where dbt_project.yml is missing or broken; everything else that is
    wrong stands in the result's `warnings`, as ``file:line: what``.
    """
    settings = project or read_project_file(directory, variables=variables, environ=environ)
    return _Reading(settings).project(source_files(settings) if files is None else files)


@dataclass
class _Draft:
    """A model, seed or snapshot before its properties are known."""

    kind: ResourceType
    name: str
    path: str
    fqn: tuple[str, ...]
    calls: Calls = field(default_factory=Calls)
    code: str = ""
    language: Literal["sql", "python"] = "sql"
    version: str | None = None
    entry: Entry | None = None
    properties_path: str | None = None
    config: dict[str, Any] = field(default_factory=dict)
    """The config of the properties file alone."""

    @property
    def suffix(self) -> str:
        """What a version adds to the unique_id."""
        return f".v{self.version}" if self.version is not None else ""


@dataclass(frozen=True, slots=True)
class _Described:
    """An entry of a properties file and where it stands."""

    entry: Entry
    file: File


class _Reading:
    """One project being read."""

    def __init__(self, settings: ProjectFile) -> None:
        self._settings = settings
        self._values = settings.values
        self._warnings: list[str] = []
        self._drafts: dict[tuple[ResourceType, str], _Draft] = {}
        self._versions: dict[str, tuple[str, dict[str, str]]] = {}
        self._described: dict[str, list[_Described]] = {}
        self._singular: list[Calls] = []
        self._unresolved: Counter[str] = Counter()

    def project(self, files: list[File]) -> Project:
        for file in files:
            self._read(file)
        self._apply_properties()
        drafts = [draft for draft in self._drafts.values() if self._enabled(draft)]
        names = self._names(drafts)
        sources = self._sources()
        known_sources = {(s.source_name, s.name): s.unique_id for s in sources}

        def parents(found: Iterable[Ref | SourceRef]) -> tuple[str, ...]:
            resolved = (self._resolve(parent, names, known_sources) for parent in found)
            return tuple(dict.fromkeys(parent for parent in resolved if parent is not None))

        singular = Counter(parent for calls in self._singular for parent in parents(calls.parents))
        units = self._unit_tests(names)
        models = []
        for draft in sorted(drafts, key=self._unique_id):
            unique_id = self._unique_id(draft)
            models.append(
                self._model(draft, parents(draft.calls.parents), singular[unique_id], units[unique_id])
            )
        exposures = tuple(self._exposures(parents))
        for name, count in self._unresolved.most_common(20):
            self._warn(f"{name} is not in this project ({count} uses): no dependency is known for it")
        return Project(
            name=self._settings.name,
            directory=self._settings.directory,
            models=tuple(models),
            sources=tuple(sorted(sources, key=lambda source: source.unique_id)),
            exposures=exposures,
            groups=tuple(self._groups()),
            reader="static",
            warnings=tuple(self._warnings),
        )

    # --- files ---------------------------------------------------------------------------------

    def _read(self, file: File) -> None:
        settings = self._settings
        if file.suffix in {".yml", ".yaml"}:
            self._read_properties(file)
        elif file.suffix == ".csv" and file.folder in settings.seed_paths:
            self._add("seed", file.stem, file, (*file.folders, file.stem))
        elif file.folder in settings.model_paths and file.suffix in {".sql", ".py"}:
            self._read_model(file)
        elif file.folder in settings.snapshot_paths and file.suffix == ".sql":
            self._read_snapshots(file)
        elif file.folder in settings.test_paths and file.suffix == ".sql" and "generic" not in file.folders:
            content = self._content(file)
            if content is not None:
                calls = sql_calls(uncommented(content), self._values)
                if self._is_on(calls.config, file.path):
                    self._singular.append(calls)

    def _read_model(self, file: File) -> None:
        content = self._content(file)
        if content is None:
            return
        if file.suffix == ".sql":
            calls = sql_calls(uncommented(content), self._values)
        else:
            try:
                calls = python_calls(content, self._values)
            except SyntaxError as error:
                self._warn(f"not valid Python: {error.msg}", file.path, error.lineno or 1)
                calls = Calls()
        draft = self._add("model", file.stem, file, (*file.folders, file.stem), calls, content)
        if draft is not None and file.suffix == ".py":
            draft.language = "python"

    def _read_snapshots(self, file: File) -> None:
        content = self._content(file)
        if content is None:
            return
        found = False
        for name, body, _ in snapshots(uncommented(content)):
            found = True
            calls = sql_calls(body, self._values)
            self._add("snapshot", name, file, (*file.folders, file.stem, name), calls, body.strip())
        if not found and "{%" in content:
            self._warn("no {% snapshot %} block could be read", file.path)

    def _add(
        self,
        kind: ResourceType,
        name: str,
        file: File,
        fqn: tuple[str, ...],
        calls: Calls | None = None,
        code: str = "",
    ) -> _Draft | None:
        calls = calls or Calls()
        for what, line in calls.unknown:
            self._warn(f"{what} cannot be read without dbt", file.path, line)
        other = self._drafts.get((kind, name))
        if other is not None:
            self._warn(f"{kind} {name} is also {other.path}; the first is used", file.path)
            return None
        draft = _Draft(kind, name, file.path, (self._settings.name, *fqn), calls, code)
        self._drafts[(kind, name)] = draft
        return draft

    def _content(self, file: File) -> str | None:
        try:
            data = read_bounded(self._settings.directory / file.path, LIMIT)
        except ConfigurationError as error:
            self._warn(": ".join(part for part in (error.title, error.message) if part), file.path)
            return None
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            self._warn("not UTF-8 text", file.path, data.count(b"\n", 0, error.start) + 1)
            return None

    def _read_properties(self, file: File) -> None:
        content = self._content(file)
        if content is None:
            return
        try:
            document = load(content, render=self._values.render_or_keep)
        except BrokenYaml as error:
            self._warn(f"not valid YAML: {error}", file.path, error.line)
            return
        if document is None:
            return
        if not isinstance(document, dict):
            self._warn("a properties file must be a mapping", file.path)
            return
        for section in (*_SECTION.values(), "sources", "exposures", "groups", "unit_tests"):
            value = document.get(section)
            if value is not None and not isinstance(value, list):
                self._warn(f"{section} must be a list", file.path)
            self._described.setdefault(section, []).extend(
                _Described(entry, file) for entry in entries(value)
            )

    # --- properties ----------------------------------------------------------------------------

    def _apply_properties(self) -> None:
        for kind, section in _SECTION.items():
            for described in self._described.get(section, ()):
                entry, name = described.entry, described.entry["name"]
                if kind == "snapshot" and (kind, name) not in self._drafts and "relation" in entry:
                    self._add_yaml_snapshot(described)
                if kind == "model" and isinstance(entry.get("versions"), list):
                    self._apply_versions(described)
                    continue
                draft = self._drafts.get((kind, name))
                if draft is None:
                    self._warn(
                        f"describes {kind} {name}, which does not exist", described.file.path, entry.line
                    )
                elif draft.entry is not None:
                    where = f"{draft.properties_path}:{draft.entry.line}"
                    self._warn(
                        f"{kind} {name} is described in {where} already", described.file.path, entry.line
                    )
                else:
                    self._describe(draft, entry, described.file.path)

    def _describe(self, draft: _Draft, entry: Entry, path: str) -> None:
        draft.entry, draft.properties_path = entry, path
        config: dict[str, Any] = {}
        for key in ("meta", "access", "group", "docs"):
            if entry.get(key) is not None:
                config[key] = entry[key]
        merge_config(config, mapping(entry.get("config")))
        draft.config = config

    def _add_yaml_snapshot(self, described: _Described) -> None:
        """A snapshot that stands in YAML alone (dbt 1.9)."""
        entry, file = described.entry, described.file
        draft = self._add("snapshot", entry["name"], file, (*file.folders, file.stem, entry["name"]))
        if draft is None:
            return
        try:
            draft.calls.parents.append(parent_of(str(entry.get("relation")), self._values))
        except Unknown:
            self._warn(
                f"relation of snapshot {entry['name']} cannot be read without dbt", file.path, entry.line
            )

    def _apply_versions(self, described: _Described) -> None:
        """Model versions (dbt 1.5): one file a version, described under one name."""
        entry, path, name = described.entry, described.file.path, described.entry["name"]
        listed = [item for item in entry["versions"] if isinstance(item, Entry) and item.get("v") is not None]
        if not listed:
            return
        latest = entry.get("latest_version")
        newest = str(latest) if latest is not None else _latest([item["v"] for item in listed])
        known: dict[str, str] = {}
        for item in listed:
            version = str(item["v"])
            defined_in = text(item.get("defined_in")) or f"{name}_v{version}"
            key: tuple[ResourceType, str] = ("model", defined_in)
            if key not in self._drafts and version == newest:
                key = ("model", name)
            draft = self._drafts.pop(key, None)
            if draft is None:
                self._warn(f"version {version} of {name} has no file {defined_in}", path, item.line)
                continue
            draft.name, draft.version = name, version
            draft.fqn = (*draft.fqn[:-1], name, f"v{version}")
            merged = Entry({key: value for key, value in entry.items() if key != "versions"})
            merged.line = item.line
            for field_name in ("description", "access", "tests", "data_tests", "constraints", "docs"):
                if field_name in item:
                    merged[field_name] = item[field_name]
            if "tests" in item or "data_tests" in item:
                for other in {"tests", "data_tests"} - set(item):
                    merged.pop(other, None)
            if isinstance(item.get("columns"), list):
                merged["columns"] = _version_columns(entry.get("columns"), item["columns"])
            config: dict[str, Any] = {}
            merge_config(config, mapping(entry.get("config")))
            merge_config(config, mapping(item.get("config")))
            merged["config"] = config
            self._describe(draft, merged, path)
            known[version] = f"model.{self._settings.name}.{name}.v{version}"
            self._drafts[("model", f"{name}.v{version}")] = draft
        self._versions[name] = (newest, known)

    # --- facts ---------------------------------------------------------------------------------

    def _unique_id(self, draft: _Draft) -> str:
        return f"{draft.kind}.{self._settings.name}.{draft.name}{draft.suffix}"

    def _config(self, draft: _Draft) -> dict[str, Any]:
        config = self._settings.folder_config(_SECTION[draft.kind], draft.fqn)
        merge_config(config, draft.config)
        merge_config(config, draft.calls.config)
        return config

    def _enabled(self, draft: _Draft) -> bool:
        return self._is_on(self._config(draft), draft.path)

    def _is_on(self, config: Mapping[str, Any], path: str, line: int = 1) -> bool:
        value = config.get("enabled", True)
        if isinstance(value, str):
            if value.strip().lower() in {"true", "false"}:
                return value.strip().lower() == "true"
            self._warn(
                f"cannot tell without dbt whether it is enabled ({value}); taken as enabled", path, line
            )
            return True
        return value is not False

    def _model(self, draft: _Draft, parents: tuple[str, ...], singular: int, units: int) -> Model:
        entry = draft.entry if draft.entry is not None else Entry()
        config = self._config(draft)
        items = list(entries(entry.get("columns")))
        all_tests = list(self._tests(entry, items, draft.properties_path))
        columns = properties.columns(items)
        constraints = properties.constraints(entry.get("constraints"))
        default = "table" if draft.language == "python" else "view"
        contract = config.get("contract")
        return Model(
            unique_id=self._unique_id(draft),
            name=draft.name,
            path=draft.path,
            resource_type=draft.kind,
            properties_path=draft.properties_path,
            line=entry.line if draft.entry is not None else 0,
            description=text(entry.get("description")),
            columns=columns,
            tests=tuple(test for test in all_tests if test.enabled),
            meta=mapping(config.get("meta")),
            tags=tag_set(config.get("tags")),
            schema=text_of(config.get("schema")),
            database=text_of(config.get("database") or config.get("project")),
            materialized=text_of(config.get("materialized"))
            or (default if draft.kind == "model" else draft.kind),
            language=draft.language,
            version=draft.version,
            access=access_of(config.get("access")),
            group=text_of(config.get("group")),
            grants=grants_of(mapping(config.get("grants"))),
            contract_enforced=mapping(contract).get("enforced") is True,
            constraints=constraints,
            primary_key=properties.primary_key(constraints, columns, all_tests)
            if draft.kind == "model"
            else (),
            has_freshness=names_a_count(config.get("freshness")),
            unit_tests=units,
            singular_tests=singular,
            parents=parents,
            code=draft.code,
            checksum=hashlib.sha256(draft.code.strip().encode()).hexdigest() if draft.code else "",
        )

    def _tests(self, entry: Mapping[str, Any], items: list[Entry], path: str | None) -> Iterator[DataTest]:
        defaults = self._test_defaults(path) if path else {}
        return properties.tests(entry, items, defaults)

    def _test_defaults(self, path: str) -> Mapping[str, Any]:
        folders = next(
            (f.file.folders for found in self._described.values() for f in found if f.file.path == path), ()
        )
        fqn = (self._settings.name, *folders)
        defaults = self._settings.folder_config("tests", fqn)
        merge_config(defaults, self._settings.folder_config("data_tests", fqn))
        return defaults

    def _sources(self) -> list[Source]:
        found: dict[str, Source] = {}
        for described in self._described.get("sources", ()):
            source, file = described.entry, described.file
            for table in entries(source.get("tables")):
                made = self._source(source, table, file)
                if made is None:
                    continue
                if made.unique_id in found:
                    self._warn(
                        f"source {source['name']}.{table['name']} is declared twice", file.path, table.line
                    )
                found[made.unique_id] = made
        return list(found.values())

    def _source(self, source: Entry, table: Entry, file: File) -> Source | None:
        fqn = (self._settings.name, *file.folders, source["name"], table["name"])
        tree = self._settings.folder_config("sources", fqn)
        config = dict(tree)
        levels = []
        for entry in (source, table):
            own: dict[str, Any] = {}
            merge_config(own, {key: entry[key] for key in ("meta", "tags") if entry.get(key) is not None})
            merge_config(own, mapping(entry.get("config")))
            merge_config(config, own)
            levels += [entry, mapping(entry.get("config"))]
        if not self._is_on(config, file.path, table.line):
            return None
        items = list(entries(table.get("columns")))
        return Source(
            unique_id=f"source.{self._settings.name}.{source['name']}.{table['name']}",
            source_name=source["name"],
            name=table["name"],
            path=file.path,
            line=table.line,
            description=text(table.get("description")),
            columns=properties.columns(items),
            tests=tuple(test for test in self._tests(table, items, file.path) if test.enabled),
            meta=mapping(config.get("meta")),
            tags=tag_set(config.get("tags")),
            has_freshness=names_a_count(properties.freshness(tree, *levels)),
        )

    def _exposures(self, parents: Any) -> Iterator[Exposure]:
        for described in self._described.get("exposures", ()):
            entry, file = described.entry, described.file
            config = self._settings.folder_config("exposures", (self._settings.name, *file.folders))
            merge_config(config, mapping(entry.get("config")))
            if not self._is_on(config, file.path, entry.line):
                continue
            found = []
            listed = entry.get("depends_on")
            for item in listed if isinstance(listed, list) else ():
                try:
                    found.append(parent_of(str(item), self._values))
                except Unknown:
                    self._warn(
                        f"{item!s:.80} of exposure {entry['name']} cannot be read", file.path, entry.line
                    )
            unique_id = f"exposure.{self._settings.name}.{entry['name']}"
            yield Exposure(unique_id, entry["name"], parents(found))

    def _groups(self) -> Iterator[Group]:
        for described in self._described.get("groups", ()):
            owner = mapping(described.entry.get("owner"))
            email = owner.get("email")
            first = email[0] if isinstance(email, list) and email else email
            yield Group(described.entry["name"], text_of(first) or text_of(owner.get("name")) or "")

    def _unit_tests(self, names: Mapping[str, Mapping[str | None, str]]) -> Counter[str]:
        counts: Counter[str] = Counter()
        for described in self._described.get("unit_tests", ()):
            entry, model = described.entry, described.entry.get("model")
            if not self._is_on(mapping(entry.get("config")), described.file.path, entry.line):
                continue
            versions = names.get(model, {}) if isinstance(model, str) else {}
            counts.update(set(versions.values()))
        return counts

    # --- references ----------------------------------------------------------------------------

    def _names(self, drafts: list[_Draft]) -> dict[str, dict[str | None, str]]:
        """Name to version (None: what a ref without version means) to unique_id."""
        names: dict[str, dict[str | None, str]] = {}
        for draft in drafts:
            versions = names.setdefault(draft.name, {})
            versions[draft.version] = self._unique_id(draft)
            if draft.version is not None and self._versions[draft.name][0] == draft.version:
                versions[None] = self._unique_id(draft)
        return names

    def _resolve(
        self,
        parent: Ref | SourceRef,
        names: Mapping[str, Mapping[str | None, str]],
        sources: Mapping[tuple[str, str], str],
    ) -> str | None:
        if isinstance(parent, SourceRef):
            found = sources.get((parent.source_name, parent.name))
            shown = f"source {parent.source_name}.{parent.name}"
        elif parent.package not in (None, self._settings.name):
            return f"model.{parent.package}.{parent.name}" + (f".v{parent.version}" if parent.version else "")
        else:
            found = names.get(parent.name, {}).get(parent.version)
            shown = f"model {parent.name}" + (f" v{parent.version}" if parent.version else "")
        if found is None:
            self._unresolved[shown] += 1
        return found

    def _warn(self, message: str, path: str = "", line: int = 1) -> None:
        if len(self._warnings) < _MAX_WARNINGS:
            self._warnings.append(f"{path}:{line}: {message}" if path else message)


def _latest(versions: list[Any]) -> str:
    """The greatest version: by number where all are numbers, else by text."""
    try:
        return str(max(versions, key=float))
    except (TypeError, ValueError):
        return max(map(str, versions))


def _version_columns(base: Any, own: list[Any]) -> list[Entry]:
    """The columns of a version: those that ``include``/``exclude`` leave of the model's, and its own."""
    kept = list(entries(base))
    rule = next((item for item in own if isinstance(item, dict) and "include" in item), None)
    if rule is None:
        kept = []
    else:
        include, exclude = rule.get("include"), rule.get("exclude") or []
        if include not in ("*", "all"):
            kept = [item for item in kept if isinstance(include, list) and item["name"] in include]
        kept = [item for item in kept if item["name"] not in exclude]
    return [*kept, *entries(own)]
