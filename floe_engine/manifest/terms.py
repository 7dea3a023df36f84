"""The words that manifest.yaml and the compiled artifact share. Types and constants only.

Apart from `base`, because whoever reads an artifact needs these words and none of pydantic.
"""

from __future__ import annotations

from typing import Literal, get_args

API_VERSION = "floe.dev/v1"

# What a string is made of, for both who writes it (manifest.yaml) and who reads it (an artifact):
# bodies without anchors, because the two spell the end of a text differently.

SEMVER_BODY = (
    r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)"
    r"(-(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*))*)?"
)
"""Semver 2.0.0 without build metadata: an OCI tag cannot spell ``+``."""

SEMVER = f"^{SEMVER_BODY}$"

PLATFORM_NAME = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
NAME = r"[a-z][a-z0-9_]{0,62}"
"""A layer, level or role."""

NAMESPACE_NAME = r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*"
SECRET_NAME = r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?"  # noqa: S105 - of a Kubernetes object
PLUGIN_NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}"
"""A category of plugins, a type, or a dbt adapter."""

SOURCE = "source"
"""The name in `may_depend_on` that stands for dbt sources, and for seeds without a layer of their own."""

TESTS = (
    "not_null_pk",
    "unique_pk",
    "freshness",
    "documentation",
    "relationships",
    "contract",
    "unit_test",
)
"""Tests that floe understands by name; any other name is that of a dbt test."""

MOST = 1_000_000
"""The largest of the whole numbers that people write."""

Enforcement = Literal["off", "warn", "strict"]
"""How a rule bites: not at all, as a warning, as an error."""

STRICTNESS: tuple[Enforcement, ...] = get_args(Enforcement)
"""From the laxest to the strictest."""

Access = Literal["READ", "WRITE", "READ_WRITE", "ADMIN"]
"""What a role may do with the tables of a namespace."""

CAPABILITIES: dict[Access, frozenset[str]] = {
    "READ": frozenset({"READ"}),
    "WRITE": frozenset({"WRITE"}),
    "READ_WRITE": frozenset({"READ", "WRITE"}),
    "ADMIN": frozenset({"READ", "WRITE", "ADMIN"}),
}
"""What each lets a role do."""


def capabilities(access: object) -> frozenset[str]:
    """What an access lets a role do; nothing for a word that is none."""
    return next((can for name, can in CAPABILITIES.items() if name == access), frozenset())


def covers(held: Access | None, wanted: Access) -> bool:
    """Whether an access lets a role do all that another one would."""
    return CAPABILITIES[wanted] <= capabilities(held)


Scope = Literal["enterprise", "domain"]
"""Where a platform stands in a three-tier house; absent in a two-tier one."""

Pattern = Literal["medallion", "kimball", "data_vault", "custom"]
"""The data architecture whose layers are the default."""

Described = Literal[
    "model",
    "column",
    "seed",
    "snapshot",
    "source",
    "source_group",
    "exposure",
    "macro",
    "argument",
    "semantic_model",
    "unit_test",
]
"""What may owe a description: `source` is a table of one, `source_group` the source that tables belong to."""

Kept = Literal[
    "model",
    "column",
    "seed",
    "snapshot",
    "source",
    "exposure",
    "macro",
    "semantic_model",
    "unit_test",
    "test",
]
"""What has ``meta``."""

Tagged = Literal["model", "column", "seed", "snapshot", "source", "exposure", "unit_test", "test"]
"""What has tags."""

Complete = Literal["seed", "snapshot", "source"]
"""What may have to declare every column of its table."""

SourceDemand = Literal["freshness", "loader", "tests", "used", "one_child", "same_folder", "unique"]
ExposureDemand = Literal["owner", "owner_email", "parents", "public_parents", "no_views", "no_sources"]
SemanticDemand = Literal["public_parents"]
GraphFault = Literal["rejoining", "roots", "mixed_parents", "unpinned_refs"]
BuildDemand = Literal["incremental_key", "snapshot_key"]
CodeFault = Literal["select_star", "cartesian_joins", "final_semicolon"]
MacroDemand = Literal["used", "file_name"]
PlaceDemand = Literal["properties_file", "beside", "layer_folder"]
"""What a platform may ask of each kind of resource, and what it may forbid: a rule each."""

Governor = Literal["naming", "gates", "propagation", "warns", "nothing"]
"""What decides how a policy rule bites where nothing is said of the rule itself: the enforcement of
names or of propagation, `block_on_failure`, or the rule's nature: a hint `warns`, the rest is strict."""

_GOVERNORS: dict[str, Governor] = {
    "FLOE-E20": "naming",
    "FLOE-E21": "gates",
    "FLOE-E22": "gates",
    "FLOE-E23": "gates",
    "FLOE-E25": "propagation",
    "FLOE-E27": "gates",
    "FLOE-E28": "gates",
    **{f"FLOE-E3{tens}": "gates" for tens in range(9)},
    "FLOE-E238": "warns",  # such a test counts for nothing already
    "FLOE-E242": "warns",  # a name is a hint
    "FLOE-E291": "warns",  # mending the last finding must not break a build
    "FLOE-E293": "warns",  # the platform asked to be told
}


def governor_of(rule_id: str) -> Governor:
    """What governs a policy rule, by its ID; its number says which part of the platform it is about."""
    return _GOVERNORS.get(rule_id) or _GOVERNORS.get(rule_id[:-1], "nothing")
