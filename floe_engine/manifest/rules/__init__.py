"""What makes a manifest right beyond the shape of its values: one file a subject.

A rule is a function from a `Draft` to diagnostics. It works on raw values and stays silent where
they have the wrong shape, so that one problem never hides another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from floe_engine.document.diagnostics import Diagnostic
from floe_engine.manifest.draft import Draft
from floe_engine.manifest.rules import (
    architecture,
    expressions,
    governance,
    house,
    identity,
    plugins,
    secrets,
    trust,
)

RULES: tuple[Callable[[Draft], Iterator[Diagnostic]], ...] = (
    identity.reserved_name,
    identity.one_scope,
    identity.parent_fits_scope,
    identity.approvals_need_enterprise,
    identity.registry_is_usable,
    identity.policy_tests_are_inside,
    plugins.compute_is_chosen,
    plugins.choices_are_known,
    plugins.approvals_are_known,
    plugins.companions_fit,
    plugins.configuration_fits,
    plugins.entry_points_work,
    secrets.nothing_is_literal,
    architecture.prefixes_tell_layers_apart,
    architecture.names_exist,
    architecture.custom_pattern_is_complete,
    architecture.tests_are_known,
    governance.default_level_exists,
    governance.permissions_permit,
    governance.entries_are_unique,
    governance.roles_inherit_without_cycle,
    governance.waivers_are_in_order,
    governance.custom_rules_are_complete,
    house.house_rules_mean_something,
    expressions.expressions_compile,
    trust.keys_can_be_trusted,
    trust.required_signatures_have_keys,
    trust.revocations_count,
    trust.delegation_needs_enterprise,
)
"""Every rule, in no particular order: diagnostics are sorted by position afterwards."""
