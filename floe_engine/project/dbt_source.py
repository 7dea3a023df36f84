"""A dbt project's YAML, SQL and Python as facts, without dbt.

For a project whose manifest.json is missing or stale. Nothing is run: folder configs, properties
files, templates and the macros that they call are read, and what only dbt could tell becomes a
warning. One broken file never hides the others. Models of installed packages are left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from floe_engine.project import properties
from floe_engine.project.dbt_yaml import Lined
from floe_engine.project.facts import (
    DataTest,
    Group,
    Model,
    ModelRef,
    Project,
    ResourceType,
    Source,
    Unread,
)
from floe_engine.project.folders import File
from floe_engine.project.gathering import (
    SECTION,
    Contents,
    Gathering,
    PropertiesEntry,
    WrittenNode,
    checksum_of,
)
from floe_engine.project.jinja.calls import CONFIGS, HOOKS, Calls, Named, OtherRef, Ref, SourceRef, Unreadable
from floe_engine.project.packages import nodes_of_packages
from floe_engine.project.project_file import FILE_NAME, ProjectFile, deeply_merged, merge_config
from floe_engine.project.properties import entries, mapping, text
from floe_engine.project.source_resources import exposures, macros, semantic_models, unit_tests
from floe_engine.project.source_tests import SourceTests
from floe_engine.project.spelling import (
    access_of,
    grants_of,
    holds_template,
    hooks_in,
    limits_of,
    names_in,
    tag_set,
    text_of,
)
from floe_engine.text import plural

if TYPE_CHECKING:
    from floe_engine.project.folder_configs import FolderConfigs


def read_source(
    settings: ProjectFile, files: list[File] | None = None, contents: Contents | None = None
) -> Project:
    """The facts of the dbt project that has these settings; `files` and `contents` save reading them again.

    What is wrong stands in the result's `warnings`, as ``file:line: what``.
    """
    return _Reading(settings, contents or Contents()).project(settings.files() if files is None else files)


_AGE = ("loaded_at_field", "loaded_at_query")
"""What tells dbt when a source's rows were loaded."""

_LEFT_OPEN = CONFIGS - {"enabled", "meta"}
"""What a template may leave open: of `enabled` something else is said, and of `meta` its keys count."""

_OF_CONFIG = ("meta", "access", "group", "docs")
"""What an entry may say beside its config as well as in it."""


class _Reading:
    """One project being read."""

    def __init__(self, settings: ProjectFile, contents: Contents) -> None:
        self._settings = settings
        self._gathered = Gathering(settings, contents)
        self._versions: dict[str, tuple[str, dict[str, str]]] = {}
        self._unresolved: Counter[str] = Counter()
        self._own_aliases: bool | None = None
        self._told: set[tuple[str, int, str]] = set()
        """Which configs of which places were said to be unreadable."""
        self._own_tests = SourceTests(settings)
        self._of_tests: dict[str, dict[str, Any]] = {}
        """Path of a properties file to the config that dbt_project.yml gives its tests."""

    @cached_property
    def _theirs(self) -> dict[str, str]:
        return nodes_of_packages(self._settings)

    def project(self, files: list[File]) -> Project:
        self._gathered.find_macros(files)
        for file in files:
            self._gathered.read(file)
        self._apply_properties()
        nodes = [node for node in self._gathered.nodes.values() if self._is_on(self._config(node), node.path)]
        names = self._names(nodes)
        sources = self._sources()
        known_sources = {(s.source_name, s.name): s.unique_id for s in sources}

        def parents(found: Iterable[Named]) -> tuple[str, ...]:
            resolved = (self._resolve(parent, names, known_sources) for parent in found)
            return tuple(dict.fromkeys(parent for parent in resolved if parent is not None))

        told = {each.entry["name"]: each.entry for each in self._gathered.described.get("data_tests", ())}
        queries = [
            self._own_tests.query(file, config, parents(calls.parents), told.get(file.stem))
            for file, calls in self._gathered.singular
            if self._is_on(config := self._own_tests.config(file, calls, told.get(file.stem)), file.path)
        ]
        singular = Counter(parent for query in queries for parent in query.parents)
        units = tuple(unit_tests(self._gathered, self._settings, self._is_on, names))
        counted = Counter(parent for unit in units for parent in unit.parents)
        models = []
        for node in sorted(nodes, key=self._unique_id):
            unique_id = self._unique_id(node)
            models.append(self._model(node, parents, singular[unique_id], counted[unique_id]))
        known = self._gathered, self._settings, self._is_on, parents
        beside = tuple(exposures(*known)), tuple(semantic_models(*known))
        self._warn_of_unresolved()
        return Project(
            name=self._settings.name,
            directory=self._settings.directory,
            models=tuple(models),
            sources=tuple(sorted(sources, key=lambda source: source.unique_id)),
            exposures=beside[0],
            macros=tuple(macros(self._gathered, self._settings)),
            semantic_models=beside[1],
            unit_tests=units,
            tests=tuple(sorted((*self._own_tests.found, *queries), key=lambda test: test.unique_id)),
            groups=tuple(self._groups()),
            adapter=self._settings.adapter,
            reader="static",
            warnings=tuple(self._gathered.warnings),
            templates=self._gathered.templates,
        )

    def _warn_of_unresolved(self) -> None:
        """Say once what models refer to and the project lacks: a package has dozens of models."""
        shown = [f"{name} ({plural(count, 'use')})" for name, count in self._unresolved.most_common(5)]
        if not shown:
            return
        rest = len(self._unresolved) - len(shown)
        listed = ", ".join(shown) + (f" and {rest} more" if rest else "")
        verb, them = ("is", "it") if len(self._unresolved) == 1 else ("are", "them")
        self._gathered.warn(
            f"{listed} {verb} not in this project: no dependency is known for {them}"
            " (`dbt deps` brings the files of packages)"
        )

    # --- properties ----------------------------------------------------------------------------

    def _apply_properties(self) -> None:
        for kind, section in SECTION.items():
            for described in self._gathered.described.get(section, ()):
                entry, name = described.entry, described.entry["name"]
                if kind == "snapshot" and (kind, name) not in self._gathered.nodes and "relation" in entry:
                    self._add_yaml_snapshot(described)
                if kind == "model" and isinstance(entry.get("versions"), list):
                    self._apply_versions(described)
                    continue
                node = self._gathered.nodes.get((kind, name))
                if node is None:
                    self._gathered.warn_of(described, f"describes {kind} {name}, which does not exist")
                elif node.entry is not None and node.properties is not None:
                    where = f"{node.properties.path}:{node.entry.line}"
                    self._gathered.warn_of(described, f"{kind} {name} is described in {where} already")
                else:
                    self._describe(node, entry, described.file)

    def _describe(self, node: WrittenNode, entry: Lined, file: File) -> None:
        node.entry, node.properties = entry, file
        node.config = properties.own_config(entry, _OF_CONFIG)

    def _add_yaml_snapshot(self, described: PropertiesEntry) -> None:
        """A snapshot that stands in YAML alone (dbt 1.9)."""
        entry, file = described.entry, described.file
        node = self._gathered.add("snapshot", entry["name"], file, (*file.folders, file.stem, entry["name"]))
        if node is None:
            return
        try:
            node.calls.parents.append(self._gathered.templates.parent_of(str(entry.get("relation"))))
        except Unreadable:
            message = f"relation of snapshot {entry['name']} cannot be read without dbt"
            self._gathered.warn_of(described, message)

    def _apply_versions(self, described: PropertiesEntry) -> None:
        """Model versions (dbt 1.5): one file a version, described under one name."""
        entry, path, name = described.entry, described.file.path, described.entry["name"]
        listed = [item for item in entry["versions"] if isinstance(item, Lined) and item.get("v") is not None]
        if not listed:
            return
        latest = entry.get("latest_version")
        newest = str(latest) if latest is not None else _latest([item["v"] for item in listed])
        known: dict[str, str] = {}
        for item in listed:
            version = str(item["v"])
            defined_in = text(item.get("defined_in")) or f"{name}_v{version}"
            key: tuple[ResourceType, str] = ("model", defined_in)
            if key not in self._gathered.nodes and version == newest:
                key = ("model", name)
            node = self._gathered.nodes.pop(key, None)
            if node is None:
                self._gathered.warn(f"version {version} of {name} has no file {defined_in}", path, item.line)
                continue
            node.name, node.version = name, version
            node.fqn = (*node.fqn[:-1], name, f"v{version}")
            merged = Lined({key: value for key, value in entry.items() if key != "versions"})
            merged.line = entry.line
            for key_name in ("description", "constraints", "docs"):
                if item.get(key_name):  # what is empty is the model's; a version's `access` dbt does not take
                    merged[key_name] = item[key_name]
            for key_name in ("tests", "data_tests"):
                if key_name in item:
                    merged[key_name] = item[key_name]
            if "tests" in item or "data_tests" in item:
                for other in {"tests", "data_tests"} - set(item):
                    merged.pop(other, None)
            if isinstance(item.get("columns"), list):
                merged["columns"] = _version_columns(entry.get("columns"), item["columns"])
            merged["config"] = deeply_merged(mapping(entry.get("config")), mapping(item.get("config")))
            self._describe(node, merged, described.file)
            known[version] = f"model.{self._settings.name}.{name}.v{version}"
            self._gathered.nodes[("model", f"{name}.v{version}")] = node
        self._versions[name] = (newest, known)

    # --- facts ---------------------------------------------------------------------------------

    def _unique_id(self, node: WrittenNode) -> str:
        return f"{node.kind}.{self._settings.name}.{node.name}{node.suffix}"

    def _config(self, node: WrittenNode) -> dict[str, Any]:
        if node.merged is None:
            node.merged = self._settings.folder_config(SECTION[node.kind], node.fqn)
            if node.language == "python":  # whatever dbt_project.yml says of the folder
                node.merged["materialized"] = "table"
            merge_config(node.merged, node.config)
            merge_config(node.merged, node.calls.config)
            own = node.calls.config  # in code a template in quotes is a text
            for key in sorted(_LEFT_OPEN.intersection(node.merged).difference(own)):
                if holds_template(node.merged[key]):
                    self._unread_config(node, key, node.merged.pop(key))
        return node.merged

    @cached_property
    def _folder_configs(self) -> FolderConfigs:
        from floe_engine.project.folder_configs import FolderConfigs

        return FolderConfigs(self._settings)

    def _unread_config(self, node: WrittenNode, key: str, value: Any) -> None:
        """Note what a properties file or dbt_project.yml configures that only dbt could tell."""
        node.calls.unread.add(key)
        path, line = node.path, 1
        if key in node.config and node.properties is not None and node.entry is not None:
            path, line = node.properties.path, node.entry.line
        else:
            place = self._folder_configs.nearest(SECTION[node.kind], node.fqn[1:], key)
            path, line = (FILE_NAME, place.line) if place is not None else (path, line)
        if (path, line, key) not in self._told:
            self._told.add((path, line, key))
            shown = " ".join(str(value).split())
            self._gathered.warn(f"{key} cannot be read without dbt ({shown:.100})", path, line)

    def _is_on(self, config: Mapping[str, Any], path: str, line: int = 1) -> bool:
        value = config.get("enabled", True)
        if isinstance(value, str):
            if value.strip().lower() in {"true", "false"}:
                return value.strip().lower() == "true"
            self._gathered.warn(
                f"cannot tell without dbt whether it is enabled ({value}); taken as enabled", path, line
            )
            return True
        return value is not False

    def _model(
        self,
        node: WrittenNode,
        resolved: Callable[[Iterable[Named]], tuple[str, ...]],
        singular: int,
        units: int,
    ) -> Model:
        entry = node.entry if node.entry is not None else Lined()
        config = self._config(node)
        items = list(entries(entry.get("columns")))
        tests = [test for test in self._tests(entry, items, node.properties) if test.enabled]
        self._own_tests.add(self._unique_id(node), node.name, entry, node.properties, tests)
        columns = properties.columns(items)
        constraints = properties.constraints(entry.get("constraints"))
        contract = config.get("contract")
        parents, unread = [*node.calls.parents], _unread(node, node.calls)
        if node.kind == "model" and (constraints or any(column.constraints for column in columns)):
            declared = {item["name"]: item for item in items}  # of two with one name the later counts
            parents += self._pointed_to(node, (entry, *declared.values()))
        if node.kind != "seed" and not HOOKS.isdisjoint(config):
            for hook in hooks_in(config):
                calls = self._gathered.templates.calls(hook)
                for gap in (gap for gap in calls.gaps if gap.parents):
                    message = f"{gap.what} in a hook of {node.name} cannot be read without dbt"
                    self._gathered.warn(message, gap.path or node.path, gap.line if gap.path else 1)
                parents += calls.parents
                unread = unread or _unread(node, calls)
        return Model(
            unique_id=self._unique_id(node),
            name=node.name,
            path=node.path,
            resource_type=node.kind,
            properties_path=node.properties.path if node.properties else None,
            line=entry.line if node.entry is not None else 0,
            description=text(entry.get("description")),
            columns=columns,
            tests=tuple(test for test in tests if not test.idle),
            idle_tests=tuple(test for test in tests if test.idle),
            meta=mapping(config.get("meta")),
            tags=tag_set(config.get("tags")),
            schema=text_of(config.get("schema") or config.get("target_schema")),
            database=text_of(config.get("database") or config.get("project")),
            materialized=text_of(config.get("materialized"))
            or ("view" if node.kind == "model" else node.kind),
            language=node.language,
            version=node.version,
            access=access_of(config.get("access")),
            group=text_of(config.get("group")),
            grants=grants_of(mapping(config.get("grants"))),
            contract_enforced=mapping(contract).get("enforced") is True,
            constraints=constraints,
            has_freshness=bool(limits_of(config.get("freshness"))),
            unit_tests=units,
            singular_tests=singular,
            parents=resolved(parents),
            unread=unread,
            code=node.code,
            checksum=checksum_of(node.code) if node.code or node.kind == "model" else "",
            alias=text_of(config.get("alias")) or self._alias(node),
            has_alias=config.get("alias") is not None,
            labels=mapping(config.get("labels")),
            latest_version=self._versions[node.name][0] if node.version is not None else None,
            unique_key=names_in(config.get("unique_key")),
            strategy=text_of(config.get("strategy") or config.get("incremental_strategy")) or "",
            updated_at=text_of(config.get("updated_at")) or "",
            check_cols=names_in(config.get("check_cols")),
            references=tuple(
                ModelRef(found.name, found.version) for found in parents if isinstance(found, Ref)
            ),
            unread_configs=tuple(sorted(node.calls.unread)),
        )

    def _pointed_to(self, node: WrittenNode, owners: Iterable[Mapping[str, Any]]) -> Iterator[Named]:
        """What foreign keys point to, which dbt builds first."""
        for told in properties.foreign_keys(owners):
            try:
                yield self._gathered.templates.parent_of(told)
            except Unreadable:
                line = node.entry.line if node.entry is not None else 1
                path = node.properties.path if node.properties is not None else node.path
                message = f"foreign key of {node.name} to {told} cannot be read without dbt"
                self._gathered.warn(message, path, line)

    def _alias(self, node: WrittenNode) -> str:
        """The name in the warehouse that dbt gives by default; empty where the project has a macro for it."""
        if self._own_aliases is None:
            texts = self._gathered.macro_texts()
            self._own_aliases = any("generate_alias_name" in content for _, content in texts)
        if self._own_aliases:
            return ""
        return f"{node.name}_v{node.version.replace('.', '_')}" if node.version else node.name

    def _tests(
        self, entry: Mapping[str, Any], items: list[Lined], file: File | None, tags: Collection[str] = ()
    ) -> Iterator[DataTest]:
        if file is None:
            return iter(())
        if (defaults := self._of_tests.get(file.path)) is None:
            # For tests dbt leaves out the path's first folder, whatever is configured as `model-paths`.
            fqn = (self._settings.name, *file.path.split("/")[1:-1])
            defaults = self._of_tests[file.path] = self._settings.test_config(fqn)
        return properties.tests(entry, items, defaults, self._gathered.generic, tags)

    def _sources(self) -> list[Source]:
        found: dict[str, Source] = {}
        for described in self._gathered.described.get("sources", ()):
            source, file = described.entry, described.file
            for table in entries(source.get("tables")):
                made = self._source(source, table, file)
                if made is None:
                    continue
                if made.unique_id in found:
                    self._gathered.warn(
                        f"source {source['name']}.{table['name']} is declared twice", file.path, table.line
                    )
                found[made.unique_id] = made
        return list(found.values())

    def _source(self, source: Lined, table: Lined, file: File) -> Source | None:
        fqn = (self._settings.name, *file.folders, source["name"], table["name"])
        tree = self._settings.folder_config("sources", fqn)
        config = dict(tree)
        config.pop("tags", None)  # dbt gives sources no tags of dbt_project.yml, though it does their meta
        levels = []
        for entry in (source, table):
            merge_config(config, properties.own_config(entry))
            levels += [entry, mapping(entry.get("config"))]
        if not self._is_on(config, file.path, table.line):
            return None
        items = list(entries(table.get("columns")))
        limits = limits_of(properties.freshness(tree, *levels))
        unique_id = f"source.{self._settings.name}.{source['name']}.{table['name']}"
        tags = tag_set(source.get("tags"), table.get("tags"))
        tests = [test for test in self._tests(table, items, file, tags) if test.enabled]
        self._own_tests.add(unique_id, f"source_{source['name']}_{table['name']}", table, file, tests)
        return Source(
            unique_id=unique_id,
            source_name=source["name"],
            name=table["name"],
            path=file.path,
            line=table.line,
            description=text(table.get("description")),
            columns=properties.columns(items),
            tests=tuple(test for test in tests if not test.idle),
            meta=mapping(config.get("meta")),
            tags=tag_set(config.get("tags")),
            has_freshness=bool(limits),
            freshness=limits,
            loader=next((text(level["loader"]) for level in reversed(levels) if level.get("loader")), ""),
            tells_age=any(level.get(key) for level in levels for key in _AGE),  # dbt asks no folder
            source_description=text(source.get("description")),
            labels=mapping(config.get("labels")),
            database=text_of(source.get("database") or source.get("catalog")),
            schema=text_of(source.get("schema")) or source["name"],
            identifier=text_of(table.get("identifier")) or table["name"],
        )

    def _groups(self) -> Iterator[Group]:
        for described in self._gathered.described.get("groups", ()):
            owner = mapping(described.entry.get("owner"))
            email = owner.get("email")
            first = email[0] if isinstance(email, list) and email else email
            yield Group(described.entry["name"], text_of(first) or text_of(owner.get("name")) or "")

    # --- references ----------------------------------------------------------------------------

    def _names(self, nodes: list[WrittenNode]) -> dict[str, dict[str | None, str]]:
        """Name to version (None: what a ref without version means) to unique_id."""
        names: dict[str, dict[str | None, str]] = {}
        for node in nodes:
            versions = names.setdefault(node.name, {})
            versions[node.version] = self._unique_id(node)
            if node.version is not None and self._versions[node.name][0] == node.version:
                versions[None] = self._unique_id(node)
        return names

    def _resolve(
        self,
        parent: Named,
        names: Mapping[str, Mapping[str | None, str]],
        sources: Mapping[tuple[str, str], str],
    ) -> str | None:
        if isinstance(parent, SourceRef):
            found = sources.get((parent.source_name, parent.name))
            shown = f"source {parent.source_name}.{parent.name}"
        elif isinstance(parent, OtherRef):
            return f"{parent.kind}.{parent.package or self._settings.name}.{parent.name}"
        elif parent.package not in (None, self._settings.name):
            version = f".v{parent.version}" if parent.version else ""
            known = self._theirs.get(f"{parent.package}.{parent.name}")
            return (known or f"model.{parent.package}.{parent.name}") + version
        else:
            found = names.get(parent.name, {}).get(parent.version)
            if found is None and parent.package is None and parent.name not in names:
                found = self._theirs.get(parent.name)
            shown = f"model {parent.name}" + (f" v{parent.version}" if parent.version else "")
        if found is None:
            self._unresolved[shown] += 1
        return found


def _unread(node: WrittenNode, calls: Calls) -> Unread | None:
    """The first of the gaps in a model's calls behind which a parent may stand."""
    gap = next((gap for gap in calls.gaps if gap.parents), None)
    return Unread(gap.what, gap.path or node.path, gap.line) if gap is not None else None


def _latest(versions: list[Any]) -> str:
    """The greatest version: by number where all are numbers, else by text."""
    try:
        return str(max(versions, key=float))
    except (TypeError, ValueError):
        return max(map(str, versions))


def _version_columns(base: Any, own: list[Any]) -> list[Lined]:
    """The columns of a version: those that ``include`` and ``exclude`` leave of the model's, and its own."""
    kept = list(entries(base))
    rule = next((item for item in own if isinstance(item, dict) and "include" in item), None)
    if rule is not None:  # where nothing is said, all are its own too
        include, exclude = rule.get("include"), rule.get("exclude") or []
        if include not in ("*", "all"):
            kept = [item for item in kept if isinstance(include, list) and item["name"] in include]
        kept = [item for item in kept if not (isinstance(exclude, list) and item["name"] in exclude)]
    return [*kept, *entries(own)]
