"""dbt's own ``target/manifest.json`` as facts.

Schema versions 9 to 12 (dbt 1.5 to 1.11, and dbt 2.0, which still writes 12); newer ones are
read with a warning. The decoder keeps only the fields below, so a manifest of 20 MB costs a
tenth of a second. What the facts mean for a platform does not belong here.

Source: https://schemas.getdbt.com/dbt/manifest/v12.json. Importing this module imports msgspec;
callers import it when they have a manifest to read.
"""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal, TypeVar, cast

import msgspec

from floe_engine.errors import ConfigurationError
from floe_engine.files import human_size, read_bounded
from floe_engine.patterns import pattern
from floe_engine.project.facts import (
    Column,
    Constraint,
    DataTest,
    Group,
    Model,
    Project,
    ProjectTest,
    ResourceType,
    Source,
)
from floe_engine.project.lines import declared_lines
from floe_engine.project.manifest_nodes import (
    RawConfig,
    RawConstraint,
    RawHead,
    RawManifest,
    RawMetadata,
    RawNode,
    RawTestMetadata,
    RawWritten,
    called,
    references,
    test_name,
)
from floe_engine.project.manifest_resources import (
    Config,
    DependsOn,
    Owner,
    exposures,
    macros,
    nodes_of,
    owner_email,
    patched,
    posix,
    semantic_models,
    unit_tests,
)
from floe_engine.project.spelling import (
    access_of,
    flat_arguments,
    grants_of,
    limits_of,
    merged,
    names_in,
    tag_set,
    text_of,
)
from floe_engine.project.test_limits import lets_pass, never_fails
from floe_engine.typed import built

_Kind = TypeVar("_Kind")

LIMIT = 1_000_000_000
"""Bytes of a manifest that we are willing to read."""

OLDEST, NEWEST = 9, 12
"""Schema versions read without a warning."""

_PROPERTIES_LIMIT = 10_000_000
_VERSION = pattern(r"/manifest/v(\d+)(?:\.json)?$")
_QUOTED = pattern(r"^([\"`])([^\"`]+)\1$")
"""The name of a column with ``quote: true``, as dbt puts it into a test."""
_SOURCE_CALL = pattern(r"source\('([^']*)', '([^']*)'\)")
_SECTION = {"model": "models", "seed": "seeds", "snapshot": "snapshots"}


def read_manifest(manifest: Path | bytes, directory: Path, *, project_name: str | None = None) -> Project:
    """The facts of the project that `manifest` was written for; installed packages are left out.

    `directory` is the dbt project, where the properties files stand whose lines we name.
    `project_name` helps with manifests of dbt 1.5, which do not hold it; without it the package
    with most models is taken. Raises `ConfigurationError` where the file is not a dbt manifest
    or was written by a dbt older than 1.5.
    """
    where = "manifest.json" if isinstance(manifest, bytes) else str(manifest)
    data = manifest if isinstance(manifest, bytes) else read_bounded(manifest, LIMIT, what="dbt manifest")
    decoded = decode(data, where, RawManifest)
    version = _schema_version(decoded.metadata, where)
    warnings = []
    if version > NEWEST:
        warnings.append(
            f"{where} has schema v{version}; floe knows v{OLDEST} to v{NEWEST} and reads what it recognises"
        )
    package = decoded.metadata.project_name or project_name or _busiest_package(decoded)
    return _Assembly(decoded, package, directory).project(tuple(warnings))


def _unquoted(column: str) -> str:
    return _QUOTED.sub(r"\2", column) if column[:1] in ('"', "`") else column


def _tested_source(metadata: RawTestMetadata, parents: Iterable[str]) -> str | None:
    """The source that a test of one is about, which its argument ``model`` names; a test may read others."""
    found = [parent for parent in parents if parent.startswith("source.")]
    named = _SOURCE_CALL.search(str((metadata.kwargs or {}).get("model", "")))
    ends = f".{named[1]}.{named[2]}" if named else ""
    return next((parent for parent in found if parent.endswith(ends)), next(iter(found), None))


def decode(data: bytes, where: str, kind: type[_Kind]) -> _Kind:
    """What a manifest's text is as `kind`. Raises `ConfigurationError` where it is none."""
    try:
        return msgspec.json.decode(data, type=built(kind))
    except msgspec.ValidationError as error:
        # An old or foreign manifest deserves the message about its version, not this one.
        with contextlib.suppress(msgspec.MsgspecError, RecursionError):
            _schema_version(msgspec.json.decode(data, type=built(RawHead)).metadata, where)
        raise ConfigurationError(
            "dbt manifest does not have the expected shape",
            str(error),
            hint="run `dbt parse` to write it again, or set `dbt: {reader: static}` in floe.yaml",
            where=where,
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigurationError(
            "dbt manifest is not valid JSON",
            f"{error} ({human_size(len(data))} read)",
            hint="dbt may have been stopped while writing it: run `dbt parse` again",
            where=where,
        ) from None


def _schema_version(metadata: RawMetadata, where: str) -> int:
    match = _VERSION.search(metadata.dbt_schema_version)
    if match is None:
        raise ConfigurationError(
            "file is not a dbt manifest",
            f"metadata.dbt_schema_version is {metadata.dbt_schema_version!r}",
            hint="floe reads target/manifest.json as `dbt parse` or `dbt build` writes it",
            where=where,
        )
    version = int(match[1])
    if version < OLDEST:
        raise ConfigurationError(
            f"dbt manifest has schema v{version}, written by dbt {metadata.dbt_version or 'before 1.5'}",
            f"floe reads v{OLDEST} (dbt 1.5) and newer",
            hint="run `dbt parse` with dbt 1.5 or newer, or set `dbt: {reader: static}` in floe.yaml",
            where=where,
        )
    return version


def _busiest_package(manifest: RawManifest) -> str:
    packages = Counter(n.package_name for n in manifest.nodes.values() if n.resource_type in _SECTION)
    return packages.most_common(1)[0][0] if packages else ""


_NO_CONFIG = Config()
_NO_TAGS: frozenset[str] = frozenset()
_NO_META: Mapping[str, object] = {}
_NOTHING = RawWritten()


class _Assembly:
    """Builds facts from one decoded manifest."""

    def __init__(self, manifest: RawManifest, package: str, directory: Path) -> None:
        self._manifest = manifest
        self._package = package
        self._directory = directory
        self._lines: dict[str, Mapping[tuple[str, ...], int]] = {}
        self._tests: dict[str, list[DataTest]] = {}
        self._idle: dict[str, list[DataTest]] = {}
        self._own_tests: list[ProjectTest] = []
        self._singular: Counter[str] = Counter()
        self._unit: Counter[str] = Counter()

    def project(self, warnings: tuple[str, ...]) -> Project:
        manifest, package = self._manifest, self._package
        for unique_id, node in manifest.nodes.items():
            if node.resource_type == "test":
                self._add_test(unique_id, node)
        for unit in manifest.unit_tests.values():
            self._unit.update(nodes_of(unit.depends_on))
        return Project(
            name=package,
            directory=self._directory,
            models=tuple(
                self._model(unique_id, node)
                for unique_id, node in sorted(manifest.nodes.items())
                if node.resource_type in _SECTION and node.package_name == package
            ),
            sources=tuple(
                self._source(unique_id, node)
                for unique_id, node in sorted(manifest.sources.items())
                if node.package_name == package
            ),
            exposures=tuple(exposures(manifest.exposures, package, self._lines_of)),
            macros=tuple(macros(manifest.macros, package, self._lines_of, self._callers())),
            semantic_models=tuple(semantic_models(manifest.semantic_models, package, self._lines_of)),
            unit_tests=tuple(unit_tests(manifest.unit_tests, package, self._lines_of)),
            tests=tuple(sorted(self._own_tests, key=lambda test: test.unique_id)),
            groups=tuple(
                Group(group.name, _owner(group.owner))
                for _, group in sorted(manifest.groups.items())
                if group.package_name == package
            ),
            adapter=manifest.metadata.adapter_type,
            reader="manifest",
            warnings=warnings,
        )

    def _callers(self) -> Iterator[tuple[str, DependsOn | None]]:
        """Everything that may call a macro, with what it depends on."""
        for unique_id, node in self._manifest.nodes.items():
            yield unique_id, node.depends_on
        for unique_id, macro in self._manifest.macros.items():
            yield unique_id, macro.depends_on

    def _add_test(self, unique_id: str, node: RawNode) -> None:
        config = node.config or RawConfig()
        if config.enabled is False:
            return
        parents, metadata = nodes_of(node.depends_on), node.test_metadata
        name = test_name(metadata) if metadata is not None else ""
        kwargs = metadata.kwargs or {} if metadata is not None else {}
        severity: Literal["error", "warn"] = "warn" if (config.severity or "").lower() == "warn" else "error"
        where = text_of(config.where) or ""
        meta = merged(node.meta, config.meta)
        tags = tag_set(node.tags, config.tags) if node.tags or config.tags else _NO_TAGS
        if node.package_name == self._package:
            self._own_tests.append(
                ProjectTest(
                    unique_id,
                    node.name,
                    parents,
                    path=posix(node.original_file_path),
                    description=node.description or "",
                    test=name,
                    column=node.column_name or text_of(kwargs.get("column_name")),
                    severity=severity,
                    where=where,
                    meta=meta,
                    tags=tags,
                )
            )
        if metadata is None:
            self._singular.update(parents)
            return
        # dbt attaches tests to models, seeds and snapshots; those of a source name it alone.
        attached = node.attached_node or (parents[0] if len(parents) == 1 else None)
        if attached is None:
            attached = _tested_source(metadata, parents)
        if attached is None:
            return
        arguments = flat_arguments(kwargs)
        named = arguments.pop("column_name", None)
        column = node.column_name or named
        idle = passes = ""
        limited = config.limit is not None or config.error_if not in (None, "!= 0")
        if limited or config.where or severity == "warn":
            limits = {name: getattr(config, name) for name in ("severity", "where", "limit", "error_if")}
            idle, passes = never_fails(limits), lets_pass(limits)
        (self._idle if idle else self._tests).setdefault(attached, []).append(
            DataTest(
                name=name,
                column=_unquoted(str(column)) if column is not None else None,
                arguments=arguments,
                severity=severity,
                idle=idle,
                lets_pass=passes,
                where=where,
                meta=meta,
                tags=tags,
            )
        )

    def _model(self, unique_id: str, node: RawNode) -> Model:
        config = node.config or RawConfig()
        path = posix(node.original_file_path)
        properties = patched(node.patch_path)
        section = _SECTION[node.resource_type]
        lines = self._lines_of(properties)
        contract = node.contract or config.contract
        code = node.compiled_code or node.raw_code or ""
        return Model(
            unique_id=unique_id,
            name=node.name,
            path=path,
            resource_type=cast("ResourceType", node.resource_type),
            properties_path=properties,
            line=lines.get((section, node.name), 0),
            description=node.description or "",
            columns=_columns(node, lines, (section, node.name)),
            tests=tuple(self._tests.get(unique_id, ())),
            idle_tests=tuple(self._idle.get(unique_id, ())),
            meta=merged(node.meta, config.meta),
            tags=tag_set(node.tags, config.tags),
            schema=text_of(config.schema) or node.schema,
            database=text_of(config.database) or node.database,
            materialized=config.materialized,
            language="python" if node.language == "python" else "sql",
            version=text_of(node.version),
            access=access_of(node.access or config.access),
            group=node.group or config.group,
            grants=grants_of(config.grants),
            contract_enforced=bool(contract and contract.enforced),
            constraints=_constraints(node.constraints),
            has_freshness=bool(limits_of(config.freshness) or limits_of(node.freshness)),
            unit_tests=self._unit[unique_id],
            singular_tests=self._singular[unique_id],
            parents=nodes_of(node.depends_on),
            code=code,
            compiled=bool(node.compiled_code),
            raw_code=(node.raw_code or "") if node.compiled_code else "",
            checksum=node.checksum.checksum if node.checksum else "",
            relation=node.relation_name or "",
            alias=node.alias or node.name,
            has_alias=config.alias is not None or (node.unrendered_config or _NOTHING).alias is not None,
            labels=config.labels or {},
            latest_version=text_of(node.latest_version),
            unique_key=names_in(config.unique_key),
            strategy=text_of(config.strategy or config.incremental_strategy) or "",
            updated_at=text_of(config.updated_at) or "",
            check_cols=names_in(config.check_cols),
            references=references(node.refs),
            macros=called(node.depends_on),
        )

    def _source(self, unique_id: str, node: RawNode) -> Source:
        config = node.config or RawConfig()
        path = posix(node.original_file_path)
        lines = self._lines_of(path)
        table = ("sources", node.source_name or "", node.name)
        freshness = limits_of(node.freshness) or limits_of(config.freshness)
        return Source(
            unique_id=unique_id,
            source_name=node.source_name or "",
            name=node.name,
            path=path,
            line=lines.get(table, 0),
            description=node.description or "",
            columns=_columns(node, lines, table),
            tests=tuple(self._tests.get(unique_id, ())),
            meta=merged(node.meta, config.meta),
            tags=tag_set(node.tags, config.tags),
            has_freshness=bool(freshness),
            freshness=freshness,
            loader=node.loader or config.loader or "",
            tells_age=any(
                (node.loaded_at_field, node.loaded_at_query, config.loaded_at_field, config.loaded_at_query)
            ),
            relation=node.relation_name or "",
            source_description=node.source_description or "",
            labels=config.labels or {},
            database=node.database,
            schema=node.schema or "",
            identifier=node.identifier or node.name,
        )

    def _lines_of(self, path: str | None) -> Mapping[tuple[str, ...], int]:
        """Lines declared in a properties file; nothing where it is gone or outside the project."""
        if not path:
            return {}
        if path not in self._lines:
            self._lines[path] = self._read_lines(path)
        return self._lines[path]

    def _read_lines(self, path: str) -> Mapping[tuple[str, ...], int]:
        # Where a manifest was brought alone, as CI does it, none of a thousand files is there.
        if ".." in path.split("/") or not os.path.isfile(f"{self._directory}/{path}"):  # noqa: PTH113  (quicker)
            return {}
        if Path(path).is_absolute():
            return {}
        try:
            data = read_bounded(self._directory / path, _PROPERTIES_LIMIT)
            return declared_lines(data.decode("utf-8", "replace"))
        except ConfigurationError:
            return {}


def _columns(
    node: RawNode, lines: Mapping[tuple[str, ...], int], parent: tuple[str, ...]
) -> tuple[Column, ...]:
    found = []
    for column in (node.columns or {}).values():
        config, line = column.config or _NO_CONFIG, lines.get((*parent, column.name), 0) if lines else 0
        meta = merged(column.meta, config.meta) if column.meta or config.meta else _NO_META
        if not (column.tags or config.tags or column.constraints):  # as nearly all are
            found.append(
                Column(column.name, column.description or "", column.data_type, meta, _NO_TAGS, (), line)
            )
            continue
        tags, constraints = tag_set(column.tags, config.tags), _constraints(column.constraints)
        found.append(
            Column(column.name, column.description or "", column.data_type, meta, tags, constraints, line)
        )
    return tuple(found)


def _constraints(constraints: Iterable[RawConstraint] | None) -> tuple[Constraint, ...]:
    return tuple(Constraint(entry.type, tuple(entry.columns or ())) for entry in constraints or ())


def _owner(owner: Owner | None) -> str:
    return owner_email(owner) or (owner.name if owner else None) or ""
