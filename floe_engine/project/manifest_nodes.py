"""The nodes of dbt's manifest as they are decoded: of each only the fields that facts are made from."""

from typing import Any

import msgspec

from floe_engine.project.facts import ModelRef
from floe_engine.project.manifest_resources import (
    Config,
    DependsOn,
    Owner,
    RawExposure,
    RawMacro,
    RawSemanticModel,
    RawUnitTest,
)
from floe_engine.project.spelling import text_of


class RawMetadata(msgspec.Struct, gc=False):
    """What wrote the manifest, and for which project."""

    dbt_schema_version: str = ""
    dbt_version: str | None = None
    project_name: str | None = None
    adapter_type: str | None = None


class RawContract(msgspec.Struct, gc=False):
    """Whether dbt enforces a contract."""

    enforced: bool | None = None


class RawConstraint(msgspec.Struct, gc=False):
    """A constraint of a contract."""

    type: str = ""
    columns: list[str] | None = None


class RawColumn(msgspec.Struct, gc=False):
    """A declared column."""

    name: str
    description: str | None = None
    data_type: str | None = None
    meta: dict[str, Any] | None = None
    tags: Any = None
    constraints: list[RawConstraint] | None = None
    config: Config | None = None


class RawConfig(msgspec.Struct, gc=False):
    """What a node is configured with."""

    enabled: Any = None
    meta: dict[str, Any] | None = None
    tags: Any = None
    schema: Any = None
    database: Any = None
    materialized: str | None = None
    access: str | None = None
    group: str | None = None
    grants: dict[str, Any] | None = None
    contract: RawContract | None = None
    freshness: Any = None
    loader: str | None = None
    loaded_at_field: str | None = None
    loaded_at_query: str | None = None
    severity: str | None = None
    where: Any = None
    limit: Any = None
    error_if: Any = None
    alias: Any = None
    labels: dict[str, Any] | None = None
    unique_key: Any = None
    strategy: Any = None
    incremental_strategy: Any = None
    updated_at: Any = None
    check_cols: Any = None


class RawWritten(msgspec.Struct, gc=False):
    """Of what somebody configured, in dbt's own order of words."""

    alias: Any = None


class RawTestMetadata(msgspec.Struct, gc=False):
    """Which generic test a node is."""

    name: str
    namespace: str | None = None
    kwargs: dict[str, Any] | None = None


class RawChecksum(msgspec.Struct, gc=False):
    """The digest of a node's file."""

    checksum: str = ""


class RawNode(msgspec.Struct, gc=False):
    """A model, seed, snapshot, test or table of a source."""

    name: str
    resource_type: str
    package_name: str = ""
    original_file_path: str = ""
    patch_path: str | None = None
    description: str | None = None
    columns: dict[str, RawColumn] | None = None
    meta: dict[str, Any] | None = None
    tags: Any = None
    config: RawConfig | None = None
    depends_on: DependsOn | None = None
    schema: str | None = None
    database: str | None = None
    relation_name: str | None = None
    language: str | None = None
    version: Any = None
    access: str | None = None
    group: str | None = None
    contract: RawContract | None = None
    constraints: list[RawConstraint] | None = None
    checksum: RawChecksum | None = None
    raw_code: str | None = None
    compiled_code: str | None = None
    test_metadata: RawTestMetadata | None = None
    attached_node: str | None = None
    column_name: str | None = None
    alias: str | None = None
    unrendered_config: RawWritten | None = None
    latest_version: Any = None
    refs: Any = None
    identifier: str | None = None
    source_description: str | None = None
    # sources
    source_name: str | None = None
    loader: str | None = None
    freshness: Any = None
    loaded_at_field: str | None = None
    loaded_at_query: str | None = None


class RawGroup(msgspec.Struct, gc=False):
    """A group."""

    name: str
    package_name: str = ""
    owner: Owner | None = None


class RawManifest(msgspec.Struct, gc=False):
    """All that is read of a manifest."""

    metadata: RawMetadata
    nodes: dict[str, RawNode]
    sources: dict[str, RawNode] = {}
    exposures: dict[str, RawExposure] = {}
    macros: dict[str, RawMacro] = {}
    semantic_models: dict[str, RawSemanticModel] = {}
    groups: dict[str, RawGroup] = {}
    unit_tests: dict[str, RawUnitTest] = {}


class RawHead(msgspec.Struct, gc=False):
    """What is read of a file that is no manifest."""

    metadata: RawMetadata


def test_name(metadata: RawTestMetadata) -> str:
    """A generic test by its package and its name."""
    return f"{metadata.namespace}.{metadata.name}" if metadata.namespace else metadata.name


def references(refs: Any) -> tuple[ModelRef, ...]:
    """dbt 1.5 writes objects; a list of names comes from manifests that were made over."""
    found = []
    for ref in refs if isinstance(refs, list) else ():
        if isinstance(ref, dict) and isinstance(ref.get("name"), str):
            found.append(ModelRef(ref["name"], text_of(ref.get("version"))))
        elif isinstance(ref, list) and ref and isinstance(ref[-1], str):
            found.append(ModelRef(ref[-1]))
    return tuple(found)


def called(depends_on: DependsOn | None) -> tuple[str, ...]:
    """``macro.shop.cents`` as ``shop.cents``."""
    called = (depends_on.macros or ()) if depends_on else ()
    return tuple(macro.partition(".")[2] for macro in called)
