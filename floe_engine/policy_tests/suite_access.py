"""What the artifact's access control means, as cases: who may be granted what, on which data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from msgspec.structs import replace

from floe_engine.artifact.platform import Platform
from floe_engine.manifest.terms import Access
from floe_engine.policy.cases import Case, Expectation, Result
from floe_engine.policy.example_models import example_model, unused
from floe_engine.policy.rules.access import Roles
from floe_engine.policy_tests.made_cases import case, compliance, violation
from floe_engine.project.facts import Group, Model

_PRIVILEGES: tuple[tuple[str, Access], ...] = (("select", "READ"), ("insert", "WRITE"), ("all", "ADMIN"))

_MODIFIERS: tuple[Literal["private", "protected", "public"], ...] = ("private", "protected", "public")


def access_cases(platform: Platform) -> Iterator[Case]:
    """Grants by role and layer, strangers, roles and access levels of sensitive data, groups."""
    layers = tuple(platform.layers) or (None,)
    roles = Roles(platform)
    for role in roles.names:
        for layer in layers:
            yield from _grants(platform, roles, role, layer)
    yield from _stranger(platform, layers[-1])
    for level in platform.classification.levels:
        yield from _roles_of_level(platform, roles, layers[-1], level)
        yield from _access_of_level(platform, layers[-1], level)
    yield from _public(platform, layers[-1])
    yield from _groups(platform)


def _of_level(model: Model, level: str) -> Model:
    return replace(model, tags=frozenset({level}))


def _grants(platform: Platform, roles: Roles, role: str, layer: str | None) -> Iterator[Case]:
    rule = "FLOE-E260"
    level = platform.classification.default
    namespace = platform.namespaces.layers.get(layer, layer) if layer else None
    for privilege, needed in _PRIVILEGES:
        permitted = roles.permits(role, needed, namespace, level)
        model = _of_level(example_model(platform, layer, grants={privilege: (role,)}), level)
        yield case(
            f"{role} {'may' if permitted else 'may not'} be granted {privilege} on {layer or 'a model'}",
            f"model {model.name} ({level}) grants {privilege} to {role}",
            [model],
            Expectation(
                rule, model.name, compliance(platform, rule) if permitted else violation(platform, rule)
            ),
        )


def _stranger(platform: Platform, layer: str | None) -> Iterator[Case]:
    rule = "FLOE-E260"
    stranger = unused("no_such_role", Roles(platform).names)
    model = example_model(platform, layer, grants={"select": (stranger,)})
    refused = platform.access.default == "deny"
    yield case(
        f"a role that the platform does not know is {'refused' if refused else 'left alone'}",
        f"model {model.name} grants select to {stranger}",
        [model],
        Expectation(rule, model.name, violation(platform, rule) if refused else compliance(platform, rule)),
    )


def _roles_of_level(platform: Platform, roles: Roles, layer: str | None, level: str) -> Iterator[Case]:
    rule = "FLOE-E261"
    settings = platform.classification.rules.get(level)
    allowed = settings.allowed_roles if settings is not None else None
    if allowed is None:
        return
    for role in roles.names:
        taken = role in allowed
        model = _of_level(example_model(platform, layer, grants={"select": (role,)}), level)
        yield case(
            f"{level} data {'may' if taken else 'may not'} be granted to {role}",
            f"model {model.name} is {level} and grants select to {role}",
            [model],
            Expectation(rule, model.name, compliance(platform, rule) if taken else violation(platform, rule)),
        )


def _access_of_level(platform: Platform, layer: str | None, level: str) -> Iterator[Case]:
    rule = "FLOE-E262"
    settings = platform.classification.rules.get(level)
    stated = settings.allowed_access if settings is not None else None
    sensitive = 0 <= platform.rank("confidential") <= platform.rank(level)
    allowed = _MODIFIERS if stated is None and not sensitive else stated or ("private", "protected")
    for access in _MODIFIERS:
        result: Result = compliance(platform, rule) if access in allowed else violation(platform, rule)
        model = _of_level(example_model(platform, layer, access=access), level)
        yield case(
            f"{level} data {'may' if access in allowed else 'may not'} be {access}",
            f"model {model.name} is {level} and {access}",
            [model],
            Expectation(rule, model.name, result),
        )


def _public(platform: Platform, layer: str | None) -> Iterator[Case]:
    rule = "FLOE-E263"
    for contracted in (True, False):
        model = example_model(platform, layer, access="public", contract_enforced=contracted)
        with_or_without = "with a contract passes" if contracted else "without a contract is refused"
        yield case(
            f"a public model {with_or_without}",
            f"model {model.name} is public",
            [model],
            Expectation(
                rule, model.name, compliance(platform, rule) if contracted else violation(platform, rule)
            ),
        )


def _groups(platform: Platform) -> Iterator[Case]:
    rule = "FLOE-E264"
    for owner in ("finance@example.com", ""):
        yield case(
            f"a group {'with' if owner else 'without'} an owner {'passes' if owner else 'is refused'}",
            f"group finance{' owned by ' + owner if owner else ''}",
            [],
            Expectation(
                rule, "group finance", compliance(platform, rule) if owner else violation(platform, rule)
            ),
            groups=[Group("finance", owner)],
        )
