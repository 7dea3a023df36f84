"""The table of inheritance: one row for each setting that may only become stricter.

Source: the floe manifest's inheritance rules (enterprise → domain). `inheritance` applies the
rows; `combining` has their arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from floe_engine.manifest import combining
from floe_engine.manifest.combining import Combined
from floe_engine.manifest.effective import (
    effective_layers,
    effective_level_rules,
    effective_name_patterns,
    effective_permissions,
    effective_roles,
)
from floe_engine.manifest.root import Manifest


@dataclass(frozen=True)
class Holder:
    """A parent's manifest, and all of it as plain values with the defaults."""

    manifest: Manifest

    @cached_property
    def plain(self) -> dict[str, Any]:
        """The whole manifest as JSON values."""
        return self.manifest.model_dump(mode="json", by_alias=True)


@dataclass(frozen=True, slots=True)
class Rule:
    """How one setting comes down: ``*`` in the path stands for any name.

    `held` gives the parent's effective value for a concrete path, None where it has none. `said`
    is the rule in words.
    """

    path: tuple[str, ...]
    combine: Callable[[Any, Any], Combined]
    held: Callable[[Holder, tuple[str, ...]], Any]
    kind: str = "looser"

    @property
    def said(self) -> str:
        """How the setting may change, as a person would say it."""
        return (self.combine.__doc__ or "").split("\n", 1)[0].rstrip(".").lower()


def _plain(holder: Holder, path: tuple[str, ...]) -> Any:
    """The value at a path, defaults included."""
    return combining.get(holder.plain, path)


def _layer(holder: Holder, path: tuple[str, ...]) -> Any:
    layer = effective_layers(holder.manifest).get(path[2])
    if layer is None:
        return None
    if path[3] == "prefixes":
        return list(layer.prefixes)
    if path[3] == "prefix":
        return layer.prefixes[0] if layer.prefixes else None
    value = getattr(layer, path[3])
    return list(value) if isinstance(value, tuple) else value


def _threshold(holder: Holder, path: tuple[str, ...]) -> Any:
    layer = effective_layers(holder.manifest).get(path[-1])
    own = layer.minimum_test_coverage if layer else None
    return holder.manifest.governance.quality_gates.minimum_test_coverage if own is None else own


def _layer_minimum(holder: Holder, path: tuple[str, ...]) -> Any:
    return _threshold(holder, (path[2],))


def _level_rule(holder: Holder, path: tuple[str, ...]) -> Any:
    rule = effective_level_rules(holder.manifest).get(path[3])
    value = getattr(rule, path[4]) if rule else None
    return list(value) if isinstance(value, tuple) else value


def _name_patterns(holder: Holder, path: tuple[str, ...]) -> Any:
    return [pattern.model_dump(mode="json") for pattern in effective_name_patterns(holder.manifest)]


def _roles(holder: Holder, path: tuple[str, ...]) -> Any:
    return {
        name: role.model_dump(mode="json", exclude_unset=True)
        for name, role in effective_roles(holder.manifest).items()
    }


def _permissions(holder: Holder, path: tuple[str, ...]) -> Any:
    return [
        permission.model_dump(mode="json", exclude_unset=True)
        for permission in effective_permissions(holder.manifest)
    ]


def _rows() -> Iterator[Rule]:
    def row(
        path: str,
        combine: Callable[[Any, Any], Combined],
        held: Callable[[Holder, tuple[str, ...]], Any] = _plain,
        kind: str = "looser",
    ) -> Rule:
        return Rule(tuple(path.split(".")), combine, held, kind)

    gates, classes = "governance.quality_gates", "governance.classification"
    level, layer = f"{classes}.rules.*", "data_architecture.layers.*"
    columns, waivers = "catalog.schema_registry", "governance.waiver_policy"
    yield row(f"{gates}.minimum_test_coverage", combining.at_least)
    yield row(f"{gates}.layer_thresholds.*", combining.at_least, _threshold)
    yield row(f"{gates}.required_tests", combining.union)
    yield row(f"{gates}.block_on_failure", combining.stays_true)
    yield row(f"{gates}.require_descriptions", combining.stays_true)
    yield row(f"{gates}.require_column_descriptions", combining.stays_true)
    yield row(f"{gates}.coverage_metric", combining.fixed)
    yield row(f"{gates}.coverage_scope", combining.ranked("project", "layer", "model"))
    yield row(f"{gates}.count_warn_severity", combining.stays_false)
    yield row(f"{gates}.zero_column_behavior", combining.ranked("pass", "na", "fail"))
    yield row("governance.policy_enforcement_level", combining.enforcement)
    yield row("governance.rules.*.enforcement", combining.enforcement)
    yield row("governance.rules.*.overridable", combining.stays_false)
    yield row("governance.custom_rules", combining.union)
    yield row(f"{classes}.levels", combining.insert_only, kind="levels")
    yield row(f"{classes}.require_declared", combining.stays_true)
    yield row(f"{classes}.meta_keys", combining.union)
    yield row(f"{classes}.name_patterns", combining.union, _name_patterns)
    yield row(f"{classes}.propagation.enforcement", combining.enforcement)
    yield row(f"{classes}.propagation.mode", combining.stays_on)
    yield row(f"{classes}.propagation.declassify_meta", combining.fixed)
    yield row(f"{classes}.propagation.declassify_functions", combining.subset)
    yield row(f"{level}.minimum_test_coverage", combining.at_least, _level_rule)
    yield row(f"{level}.required_tests", combining.union, _level_rule)
    yield row(f"{level}.requires_meta", combining.union, _level_rule)
    yield row(f"{level}.forbidden_layers", combining.union, _level_rule)
    yield row(f"{level}.allowed_access", combining.subset, _level_rule)
    yield row(f"{level}.allowed_roles", combining.subset, _level_rule)
    yield row("governance.access_control.default", combining.ranked("allow", "deny"))
    yield row("governance.access_control.roles", combining.named_union, _roles)
    yield row("governance.access_control.roles.*.inherits", combining.subset)
    yield row("governance.access_control.permissions", combining.union, _permissions)
    yield row(f"{waivers}.max_days", combining.at_most)
    yield row(f"{waivers}.allow_in_product", combining.ranked("allow", "warn", "never"))
    yield row(f"{waivers}.require_expiry", combining.stays_true)
    yield row("data_architecture.pattern", combining.fixed)
    yield row("data_architecture.naming.enforcement", combining.enforcement)
    yield row("data_architecture.naming.name_pattern", combining.fixed)
    yield row("data_architecture.naming.applies_to", combining.union)
    yield row("data_architecture.naming.custom_patterns", combining.subset)
    yield row(f"{layer}.prefix", combining.fixed, _layer)
    yield row(f"{layer}.prefixes", combining.subset, _layer)
    yield row(f"{layer}.required_tests", combining.union, _layer)
    yield row(f"{layer}.minimum_test_coverage", combining.at_least, _layer_minimum)
    yield row(f"{layer}.may_depend_on", combining.subset, _layer)
    yield row("catalog.namespaces", combining.union)
    yield row(f"{columns}.column_case", combining.fixed_unless("any"))
    yield row(f"{columns}.reserved_columns", combining.union)
    yield row(f"{columns}.required_columns.*", combining.union)
    yield row(f"{columns}.type_rules", combining.union)
    yield row(f"{columns}.require_data_types", combining.stays_true)
    yield row(f"{columns}.require_contract", combining.union)
    yield row("security.require_signed_artifacts", combining.stays_true)


RULES: tuple[Rule, ...] = tuple(_rows())
"""One row a setting that may only become stricter; what has no row is overridden freely."""
