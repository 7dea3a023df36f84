"""Upgrade rules: roles, what they may do, namespaces, and who may sign."""

from __future__ import annotations

from floe_engine.artifact.paths import ACCESS_CONTROL, MANIFEST, NAMESPACES
from floe_engine.upgrade.conditions import (
    access_narrowed,
    access_widened,
    added,
    anything,
    off,
    on,
    removed,
    takes_access,
    to,
)
from floe_engine.upgrade.rule import ABSENT, Rule, Witness, demand, either_way, promise

_GRANTS = (
    (ACCESS_CONTROL, "permissions", "*", "namespaces", "*"),
    (ACCESS_CONTROL, "permissions", "*", "levels", "*"),
)
_NAMESPACE_GRANTS = (NAMESPACES, "grants", "*", "*")
_ANALYST = (ACCESS_CONTROL, "permissions", "analyst")
_SPACES = ["bronze", "silver", "gold"]
_KEYS = (MANIFEST, "security", "trusted_keys")
_KEY = {"name": "release", "pem": "-", "fingerprint": "sha256:aa"}
_OTHER_KEY = {"name": "backup", "pem": "-", "fingerprint": "sha256:bb"}
_JUDGES = ("FLOE-E260", "FLOE-E261")


def _reads(*namespaces: str, access: str = "READ") -> list[dict[str, object]]:
    return [{"namespaces": list(namespaces), "access": access}]


RULES: tuple[Rule, ...] = (
    *promise(
        "ACC001",
        "ACC004",
        (ACCESS_CONTROL, "roles", "*"),
        titles=("role removed", "role added"),
        says=("the role {0} is gone", "there is a role {0}"),
        when=(removed, added),
        reason="grants to it name nobody, and its members lose their access",
        remedy="grant to another role",
        grown_gated_if=takes_access,
        below=True,
        witness=Witness((ACCESS_CONTROL, "roles"), ["analyst", "admin"], ["admin"]),
        axis="security",
    ),
    *promise(
        "ACC002",
        "ACC003",
        *_GRANTS,
        titles=("grant narrowed", "grant widened"),
        says=(
            "the role {0} may do less in {1}: {new} (was {old})",
            "the role {0} may do more in {1}: {new} (was {old})",
        ),
        when=(access_narrowed, access_widened),
        reason="grants and jobs that rely on it fail",
        remedy="use a role that still may, or ask for the grant",
        grown_gated_if=takes_access,
        below=True,
        witness=Witness(_ANALYST, _reads("gold", access="READ_WRITE"), _reads("gold")),
        axis="security",
    ),
    *promise(
        "ACC005",
        "ACC006",
        _NAMESPACE_GRANTS,
        titles=("grant on a namespace narrowed", "grant on a namespace widened"),
        says=(
            "the role {1} may do less in {0}: {new} (was {old})",
            "the role {1} may do more in {0}: {new} (was {old})",
        ),
        when=(access_narrowed, access_widened),
        reason="grants and jobs that rely on it fail",
        remedy="use a role that still may, or ask for the grant",
        grown_gated_if=takes_access,
        below=True,
        witness=Witness((NAMESPACES, "grants", "gold", "analyst"), "READ", ABSENT),
        axis="security",
    ),
    *either_way(
        "ACC007",
        *_GRANTS,
        _NAMESPACE_GRANTS,
        title="grant replaced",
        says="a grant is {new} instead of {old}{of}",
        when=anything,
        bump="major",
        reason="something is taken away and something else is given",
        remedy="use a role that still may, or ask for the grant",
        witness=Witness(_ANALYST, _reads("gold"), _reads("gold", access="WRITE")),
        axis="security",
    ),
    *promise(
        "ACC008",
        "ACC009",
        (ACCESS_CONTROL, "roleDefinitions", "*", "inherits", "*"),
        titles=("role inherits less", "role inherits more"),
        says=("the role {0} no longer inherits from {1}", "the role {0} inherits from {1}"),
        when=(removed, added),
        reason="grants and jobs that rely on what it inherited fail",
        remedy="use a role that still may, or ask for the grant",
        grown_gated_if=takes_access,
        below=True,
        witness=Witness(
            (ACCESS_CONTROL, "roleDefinitions", "admin"), {"inherits": ["analyst"]}, {"inherits": []}
        ),
        axis="security",
    ),
    *demand(
        "ACC010",
        "ACC011",
        (ACCESS_CONTROL, "default"),
        titles=("access denied by default", "access allowed by default"),
        says=("what no permission names is denied", "what no permission names is allowed"),
        when=(to("deny"), to("allow")),
        bump="major",
        reason="grants that nothing permits expressly fail",
        remedy="ask for the permissions that the project uses",
        witness=Witness((ACCESS_CONTROL, "default"), "allow", "deny"),
        axis="security",
    ),
    *promise(
        "NSP001",
        "NSP002",
        (NAMESPACES, "namespaces", "*"),
        titles=("namespace removed", "namespace added"),
        says=("the namespace {0} is gone", "there is a namespace {0}"),
        when=(removed, added),
        reason="what is deployed there has no place, and its readers find nothing",
        remedy="deploy to another namespace",
        below=True,
        witness=Witness((NAMESPACES, "namespaces"), _SPACES, _SPACES[:2]),
    ),
    *either_way(
        "NSP003",
        (NAMESPACES, "layers", "*"),
        title="namespace of a layer changed",
        says="layer {0} is deployed to {new} (was {old})",
        when=anything,
        bump="major",
        reason="tables appear elsewhere, and their readers look in the old place",
        remedy="move the tables, and tell those who read them",
        witness=Witness((NAMESPACES, "layers", "gold"), "gold", "marts"),
    ),
    *demand(
        "SGN001",
        "SGN002",
        (MANIFEST, "security", "require_signed_artifacts"),
        titles=("signatures required", "signatures no longer required"),
        says=("every later version must be signed", "later versions need not be signed"),
        when=(on, off),
        bump="major",
        reason="unsigned versions are refused",
        remedy="publish with a key whose public part your readers trust",
        witness=Witness((MANIFEST, "security", "require_signed_artifacts"), False, True),
        loosened_reason="nothing that was accepted is refused, but anybody may publish",
        axis="security",
    ),
    *promise(
        "KEY001",
        "KEY002",
        (*_KEYS, "*"),
        titles=("trusted key removed", "trusted key added"),
        says=("the key {old} is no longer trusted", "the key {new} is trusted"),
        when=(removed, added),
        reason="versions signed by it alone are refused",
        remedy="verify with a key that is still trusted, and pin a version signed by it",
        witness=Witness(_KEYS, [_KEY, _OTHER_KEY], [_KEY]),
        axis="security",
    ),
)
