"""Platforms, children and projects that differ from a plain one in a setting or two.

`VALUES` has a few values for every setting of manifest.yaml that can be judged; the golden tests
compile each, and the law of the guard (`test_guard_law`) takes them in pairs.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from floe_engine.artifact.build import build
from floe_engine.artifact.content import Artifact
from floe_engine.manifest.check import Checked, check
from floe_engine.manifest.inheritance import ParentPlatform
from floe_engine.manifest.plugins import Catalogue
from floe_engine.project.facts import Column, DataTest, Model, Project, Source

CATALOGUE = Catalogue.load([])
TODAY = date(2026, 6, 1)
CREATED = "2026-06-01T00:00:00Z"

UNSET: Any = type("Unset", (), {"__repr__": lambda self: "unset"})()
"""The key is not written."""

Edit = tuple[str, Any]
"""A dotted path of manifest.yaml and what is written there."""

PLAIN: dict[str, Any] = {
    "apiVersion": "floe.dev/v1",
    "kind": "Manifest",
    "metadata": {"name": "acme", "version": "1.0.0"},
    "plugins": {"compute": {"type": "duckdb"}},
}
ENTERPRISE = {**PLAIN, "metadata": {**PLAIN["metadata"], "scope": "enterprise"}}
PARENT = "oci://registry.example/acme:v1.0.0"
DOMAIN = {
    **PLAIN,
    "metadata": {"name": "sales", "version": "1.0.0", "scope": "domain"},
    "parent": {"ref": PARENT},
}

GATES, CLASSES, ACCESS = (
    f"governance.{name}" for name in ("quality_gates", "classification", "access_control")
)
NAMING, LAYERS, SCHEMAS = "data_architecture.naming", "data_architecture.layers", "catalog.schema_registry"
RESOURCES = (
    *(
        f"governance.{name}."
        for name in (
            "documentation", "sources", "exposures", "semantic_models", "graph", "materialization", "code",
            "macros", "structure",
        )
    ),
    f"{GATES}.column_tests",
    f"{GATES}.unit_test_formats",
)  # fmt: skip
"""What settings about resources of all kinds begin with; `materializations` of a layer is one too."""

WAIVERS, WRITTEN = "governance.waiver_policy", "governance.documentation"

_BOTH = (True, False)
_LEVELS = ("public", "internal", "confidential", "pii", "phi")
_KEYS = ("floe.classification", "classification", "contains_pii", "pii")
_META = {"type": "require_meta_field", "field": "owner"}
_TYPED = {"type": "require_tests_of_type", "test_types": ["unique"]}
_TAGS = {"type": "require_tags_for_prefix", "prefix": "gold_", "tags": ["daily"]}
_WAIVER = {
    "id": "w",
    "pattern": "gold_*",
    "rules": ["FLOE-E210"],
    "reason": "r",
    "owner": "o",
    "expires": "2026-09-01",
}
_LEVEL: Mapping[str, tuple[Any, ...]] = {
    "minimum_test_coverage": (0, 50, 100),
    "required_tests": ([], ["unique_pk"]),
    "allowed_access": (["private"], ["private", "protected"], ["private", "protected", "public"], None),
    "allowed_roles": ([], ["admin"], ["analyst", "admin"], None),
    "forbidden_layers": ([], ["bronze"], ["gold"]),
    "requires_meta": ([], ["owner"]),
}
_LAYER: Mapping[str, tuple[Any, ...]] = {
    "prefix": ("stg_",),
    "prefixes": (["gold_", "mart_"], ["mart_", "gold_"]),
    "paths": (["landing"],),
    "tags": (["daily"],),
    "schemas": (["raw"],),
    "required_tests": ([], ["documentation"], ["not_null_pk", "unique_pk", "unit_test"]),
    "minimum_test_coverage": (0, 50, 100),
    "catalog_namespace": ("other",),
    "may_depend_on": ([], ["source"], ["silver", "gold", "bronze"], None),
    "materializations": (["table"], ["table", "view"], None),
}

VALUES: Mapping[str, tuple[Any, ...]] = {
    f"{GATES}.minimum_test_coverage": (0, 50, 80, 100),
    f"{GATES}.coverage_metric": ("columns", "models", "primary_keys"),
    f"{GATES}.coverage_scope": ("project", "layer", "model"),
    f"{GATES}.count_warn_severity": _BOTH,
    f"{GATES}.zero_column_behavior": ("na", "fail", "pass"),
    f"{GATES}.required_tests": ([], ["unique_pk"], ["contract"], ["my_test"]),
    f"{GATES}.require_descriptions": _BOTH,
    f"{GATES}.require_column_descriptions": _BOTH,
    f"{GATES}.max_parents": (1, 3),
    f"{GATES}.require_sources": _BOTH,
    f"{GATES}.require_declared_columns": _BOTH,
    f"{GATES}.column_tests": ([], [{"pattern": ".*id", "test": "unique"}]),
    f"{GATES}.unit_test_formats": (["dict"], ["dict", "csv"], None),
    f"{WRITTEN}.descriptions": ({}, {"model": 1}, {"model": 2, "source": 1}),
    f"{WRITTEN}.meta": (
        {},
        {"model": [{"key": "owner"}]},
        {"model": [{"key": "owner", "pattern": "[a-z]+"}], "column": [{"key": "pii"}]},
    ),
    f"{WRITTEN}.tags": ({}, {"model": ["daily"]}, {"source": ["daily", "x"]}),
    f"{WRITTEN}.one_description": _BOTH,
    f"{WRITTEN}.complete_columns": ([], ["source"], ["seed", "source"]),
    "governance.sources.require": ([], ["used"], ["used", "loader"]),
    "governance.exposures.require": ([], ["owner"]),
    "governance.semantic_models.require": ([], ["public_parents"]),
    "governance.graph.max_children": (1, 3),
    "governance.graph.min_children": (1, 3),
    "governance.graph.max_sources": (1, 3),
    "governance.graph.max_view_chain": (1, 3),
    "governance.graph.forbid": ([], ["roots"], ["roots", "mixed_parents"]),
    "governance.materialization.allowed": (["table"], ["view", "table"], None),
    "governance.materialization.require": ([], ["incremental_key"]),
    "governance.materialization.max_children_of_view": (1, 3),
    "governance.materialization.snapshot_strategies": (["check"], ["check", "timestamp"], None),
    "governance.code.forbid": ([], ["select_star"]),
    "governance.code.forbidden_patterns": ([], ["today"]),
    "governance.code.max_lines": (10, 100),
    "governance.macros.require": ([], ["file_name"]),
    "governance.macros.max_arguments": (1, 3),
    "governance.macros.max_lines": (10, 100),
    "governance.structure.require": ([], ["properties_file"], ["beside", "layer_folder"]),
    f"{GATES}.block_on_failure": _BOTH,
    f"{GATES}.layer_thresholds": ({}, {"gold": 100}, {"gold": 0}, {"bronze": 0}),
    "governance.policy_enforcement_level": ("off", "warn", "strict"),
    "governance.rules": (
        {},
        *(
            {f"FLOE-E{number}": {"enforcement": word}}
            for number in (201, 210, 230, 242, 251, 281)
            for word in ("off", "warn", "strict")
        ),
        {"FLOE-E210": {"overridable": False}},
    ),
    "governance.custom_rules": (
        [],
        [_META],
        [{**_META, "id": "x"}],
        [{**_META, "applies_to": "gold_*"}],
        [_TYPED],
        [{**_TYPED, "min_count": 2}],
        [{**_TYPED, "test_types": ["unique", "not_null"]}],
        [_TAGS],
        [{**_TAGS, "tags": []}],
        [{**_TAGS, "tags": ["daily", "x"]}],
        [{**_TAGS, "tags": ["x"]}],
        [{**_TAGS, "prefix": "gol"}],
    ),
    f"{CLASSES}.levels": (
        [*_LEVELS],
        [*_LEVELS, "secret"],
        [*_LEVELS[:2], "restricted", *_LEVELS[2:]],
        ["internal", "public", *_LEVELS[2:]],
        [*_LEVELS[:4]],
        ["public", "internal", "pii", "confidential", "phi"],
    ),
    f"{CLASSES}.default_level": ("public", "internal", "pii"),
    f"{CLASSES}.require_declared": _BOTH,
    f"{CLASSES}.meta_keys": (
        [*_KEYS],
        [*_KEYS[:2]],
        [*_KEYS, "sensitivity"],
        ["sensitivity", *_KEYS],
        [*_KEYS[::-1]],
        [],
    ),
    f"{CLASSES}.propagation.mode": ("off", "model", "name", "column"),
    f"{CLASSES}.propagation.enforcement": ("off", "warn", "strict"),
    f"{CLASSES}.propagation.declassify_meta": ("floe.declassified", "safe"),
    f"{CLASSES}.propagation.declassify_functions": ([], ["md5"], ["md5", "sha256"]),
    f"{CLASSES}.name_patterns": (
        [],
        [{"pattern": "email", "level": "pii"}],
        [{"pattern": "email", "level": "internal"}],
        [{"pattern": "amount", "level": "pii"}, {"pattern": "email", "level": "pii"}],
        None,
    ),
    f"{CLASSES}.name_exceptions": ([], ["_hash$"], ["_hash$", "amount"], None),
    f"{ACCESS}.default": ("deny", "allow"),
    f"{ACCESS}.roles": (
        {"analyst": {}, "admin": {}},
        {"analyst": {}, "admin": {"inherits": ["analyst"]}},
        {"analyst": {"inherits": ["admin"]}, "admin": {}},
        {"admin": {}},
        {"analyst": {}, "admin": {}, "guest": {}},
    ),
    f"{ACCESS}.permissions": (
        [],
        [{"role": "analyst", "namespaces": ["gold"], "access": "READ"}],
        [{"role": "analyst", "namespaces": ["gold", "bronze"], "access": "READ_WRITE"}],
        [{"role": "analyst", "namespaces": ["gold"], "levels": ["pii"], "access": "READ"}],
        [{"role": "analyst", "levels": ["internal"], "access": "READ"}],
        [{"role": "analyst", "access": "ADMIN"}],
        None,
    ),
    "governance.waivers": (
        [],
        [_WAIVER],
        [{**_WAIVER, "rules": []}],
        [{**_WAIVER, "action": "downgrade"}],
        [{**_WAIVER, "expires": "2026-05-01"}],
        [{**_WAIVER, "expires": "2026-12-01"}],
        [{**_WAIVER, "pattern": "*"}],
        [{**_WAIVER, "rules": ["FLOE-E210", "FLOE-E230"]}],
        [_WAIVER, {**_WAIVER, "id": "v", "pattern": "*", "action": "downgrade"}],
        [{**_WAIVER, "id": "v", "pattern": "*", "action": "downgrade"}, _WAIVER],
    ),
    f"{WAIVERS}.max_days": (1, 90, 180, 400),
    f"{WAIVERS}.allow_in_product": ("never", "warn", "allow"),
    f"{WAIVERS}.require_expiry": _BOTH,
    "data_architecture.pattern": ("medallion", "kimball"),
    f"{NAMING}.enforcement": ("off", "warn", "strict"),
    f"{NAMING}.name_pattern": ("[a-z0-9_]+", "[a-z]+", ".*"),
    f"{NAMING}.applies_to": (["model"], ["model", "seed"], ["seed"]),
    f"{NAMING}.custom_patterns": ([], [".*"], ["gold_.*"], ["gold_.*", "bronze_.*"]),
    "catalog.namespaces": (
        None,
        [{"name": "extra"}],
        [{"name": "gold", "grants": [{"role": "analyst", "access": "READ"}]}],
        [{"name": "raw", "layer": "bronze"}],
    ),
    f"{SCHEMAS}.column_case": ("any", "snake", "camel", "upper"),
    f"{SCHEMAS}.reserved_columns": ([], ["amount"]),
    f"{SCHEMAS}.require_data_types": _BOTH,
    f"{SCHEMAS}.required_columns": (
        {},
        {"gold": [{"name": "id"}]},
        {"gold": [{"name": "id", "type": "integer"}]},
        {"gold": [{"name": "loaded_at"}]},
        {"bronze": [{"name": "loaded_at"}]},
    ),
    f"{SCHEMAS}.type_rules": (
        [],
        [{"pattern": "id", "type": "integer"}],
        [{"pattern": "id", "type": "text"}],
        [{"pattern": ".*", "type": "text"}, {"pattern": "id", "type": "integer"}],
    ),
    f"{SCHEMAS}.require_contract": ([], ["gold"], ["bronze"]),
    "security.require_signed_artifacts": _BOTH,
    **{
        f"{CLASSES}.rules.{level}.{key}": values
        for level in ("internal", "pii", "secret")
        for key, values in _LEVEL.items()
    },
    **{
        f"{LAYERS}.{layer}.{key}": values
        for layer in ("bronze", "gold", "mart")
        for key, values in _LAYER.items()
    },
}
"""Setting → values worth comparing; not written (`UNSET`) is one more of each."""

EDITS: tuple[Edit, ...] = tuple(
    (path, value) for path, values in VALUES.items() for value in (*values, UNSET)
)


def edited(document: Mapping[str, Any], edits: Iterable[Edit]) -> str:
    """A document with some settings written, as text (JSON is YAML)."""
    result: dict[str, Any] = copy.deepcopy(dict(document))
    for path, value in edits:
        *parents, last = path.split(".")
        at = result
        for key in parents:
            at = at.setdefault(key, {})
        if value is UNSET:
            at.pop(last, None)
        else:
            at[last] = copy.deepcopy(value)
    return json.dumps(result, sort_keys=True)


@lru_cache(20_000)
def compiled(text: str, parent_text: str | None = None) -> tuple[Checked, Artifact | None]:
    """A manifest's check, and its artifact where it passes. The parent is read as its artifact's settings."""
    parent = None
    if parent_text is not None:
        above = compiled(parent_text)[0].effective
        assert above is not None, "a parent is valid"
        parent = ParentPlatform(above.own, ref=PARENT)
    checked = check(text, catalogue=CATALOGUE, parent=parent, today=TODAY)
    if not checked.ok or checked.manifest is None:
        return checked, None
    return checked, build(checked.manifest, checked.plugins, created=CREATED)


def artifact_of(document: Mapping[str, Any], *edits: Edit) -> Artifact | None:
    """The artifact of a document with some settings written; None where it is not valid."""
    return compiled(edited(document, edits))[1]


def variations() -> Iterator[tuple[str, Artifact]]:
    """The plain platform with each single value, by name, where that is valid."""
    for path, value in EDITS:
        artifact = artifact_of(PLAIN, (path, value))
        if artifact is not None:
            yield f"{path} = {json.dumps(value) if value is not UNSET else 'unset'}", artifact


# --- projects ----------------------------------------------------------------------------------

SOURCE = Source(
    "source.shop.raw.orders",
    "raw",
    "orders",
    "models/s.yml",
    columns=(Column("email", meta={"classification": "pii"}), Column("id")),
    has_freshness=True,
)

_META_OF_MODELS: tuple[Mapping[str, Any], ...] = (
    {},
    {},
    {"owner": "me"},
    {"classification": "pii"},
    {"sensitivity": "pii"},
    {"classification": "secret"},
    {"contains_pii": True},
    {"classification": "public", "pii": True},
    {"floe": {"layer": "mart"}},
    {"floe.declassified": "x"},
)
_META_OF_COLUMNS: tuple[Mapping[str, Any], ...] = (
    {},
    {},
    {"classification": "pii"},
    {"pii": True},
    {"floe.declassified": "x"},
    {"safe": True, "classification": "internal"},
)


def _model(draw: random.Random, number: int, above: list[str]) -> Model:
    columns = tuple(
        Column(
            name,
            draw.choice(("", "d")),
            draw.choice((None, "integer", "text", "timestamp")),
            draw.choice(_META_OF_COLUMNS),
        )
        for name in draw.sample(("id", "email", "amount", "loaded_at", "BadCol"), draw.randint(0, 4))
    )
    names = [column.name for column in columns]
    tests = []
    if "id" in names and draw.random() < 0.7:
        held = DataTest("not_null", "id", severity=draw.choice(("error", "warn")))
        tests += [held, DataTest("unique", "id")][: draw.randint(1, 2)]
    if names and draw.random() < 0.2:
        tests.append(DataTest("my_test", names[0]))
    prefix = draw.choice(("bronze_", "silver_", "gold_", "stg_", "mart_", "", "Gold_", "m"))
    kind = draw.choice(("model",) * 6 + ("seed",))
    folder = draw.choice(("", "landing/", "x/"))
    return Model(
        f"{kind}.shop.{prefix}t{number}",
        f"{prefix}t{number}" if draw.random() < 0.9 else f"{prefix}T-{number}",
        f"models/{folder}t{number}.sql",
        kind,
        properties_path="models/s.yml",
        description=draw.choice(("", "d")),
        columns=columns,
        tests=tuple(tests),
        meta=draw.choice(_META_OF_MODELS),
        tags=frozenset(draw.choice(((), (), ("daily",), ("pii",), ("secret",), ("restricted",), ("x",)))),
        schema=draw.choice((None, "raw")),
        access=draw.choice(("private", "protected", "public")),
        grants=draw.choice(({}, {"select": ("analyst",)}, {"select": ("admin",)}, {"select": ("guest",)})),
        contract_enforced=draw.random() < 0.3,
        unit_tests=draw.choice((0, 0, 1)),
        parents=tuple(draw.sample(above, min(len(above), draw.randint(0, 2)))),
    )


@lru_cache
def project(seed: int, size: int = 40) -> Project:
    """A project of models that are good and bad in many ways, the same for a seed."""
    draw = random.Random(seed)
    above, models = [SOURCE.unique_id], []
    for number in range(size):
        models.append(_model(draw, number, above))
        above.append(models[-1].unique_id)
    return Project("shop", Path(), tuple(models), (SOURCE,), adapter="duckdb")
