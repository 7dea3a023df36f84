"""The manifests to begin with. Layers come from the patterns' own declaration, so the two cannot drift."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from floe_engine.acts import Act
from floe_engine.manifest.effective import PATTERN_LAYERS
from floe_engine.manifest.terms import API_VERSION, Pattern
from floe_engine.scaffold.choices import Template
from floe_engine.scaffold.writing import commented, document, section

FIRST_VERSION = "0.1.0"

_PATTERNS: Mapping[Template, Pattern] = {
    "medallion": "medallion",
    "kimball": "kimball",
    "data-vault": "data_vault",
}

_HEADER = f"""\
The rules of {{name}} for every dbt project on it.
Check them while you edit: {Act.CHECK.line("--watch")}
Every key: {Act.SCHEMA.line("manifest")}; \
what one does and where it came from: {Act.EXPLAIN_SETTING.line("KEY")}"""

_LAYERS = """\
The layers that data flows through. A model belongs to one by the prefix of its name, else by its
folder; what it owes there says required_tests."""

_GATES = """\
What a project has to reach. `strict` stops a build, `warn` tells, `off` is silent; loosen a rule
here rather than waive it in twenty projects."""

_MINIMAL = "Everything else is at its default: medallion layers, whose names only warn, 80% test coverage."

_DOMAIN = f"""\
The parent's rules hold here as they are; write only what is stricter, or this domain's own.
{Act.EXPLAIN_SETTING} shows each setting and which of the two wrote it."""


def head(name: str, *, scope: str = "", owner: str = "", description: str = "") -> str:
    """The beginning of a manifest: what it is, and the first version."""
    metadata: dict[str, Any] = {"name": name, "version": FIRST_VERSION}
    metadata.update({"scope": scope} if scope else {})
    metadata.update({"owner": owner} if owner else {})
    metadata.update({"description": description} if description else {})
    kind = f"apiVersion: {API_VERSION}\nkind: Manifest\n"
    return commented(_HEADER.format(name=name)) + kind + section("metadata", metadata)


def engine(compute: str) -> str:
    """The section of plugins: what runs the projects' SQL."""
    said = "What runs the projects' SQL. No credential ever stands in this file."
    return section("plugins", {"compute": {"type": compute}}, said)


def manifest_text(template: Template, *, name: str, compute: str, parent: str = "") -> str:
    """The manifest.yaml of a template. `parent` is for a domain's alone: a reference or a path."""
    if template == "mesh-domain":
        return document(
            (
                head(name, scope="domain"),
                section("parent", {"ref": parent}, "Verified, and locked by digest in .floe/."),
                engine(compute),
                section("governance", {"quality_gates": {"require_descriptions": True}}, _DOMAIN),
            )
        )
    pattern = _PATTERNS.get(template)
    if pattern is None:
        return document((head(name), engine(compute), commented(_MINIMAL)))
    return document(
        (
            head(name),
            engine(compute),
            section("data_architecture", _architecture(pattern), _LAYERS),
            section("governance", _GOVERNANCE, _GATES),
        )
    )


def _architecture(pattern: Pattern) -> dict[str, Any]:
    layers = {
        layer.name: {
            "prefix": layer.prefixes[0],
            "paths": [f"models/{layer.name}"],
            "required_tests": list(layer.required_tests),
            "may_depend_on": list(layer.may_depend_on or ()),
        }
        for layer in PATTERN_LAYERS[pattern]
    }
    return {"pattern": pattern, "naming": {"enforcement": "strict"}, "layers": layers}


_GOVERNANCE: Mapping[str, Any] = {
    "quality_gates": {"minimum_test_coverage": 80, "block_on_failure": True},
    "classification": {
        "levels": ["public", "internal", "confidential", "pii", "phi"],
        "default_level": "internal",
        "propagation": {"mode": "name", "enforcement": "warn"},
        "rules": {"pii": {"allowed_access": ["private", "protected"]}},
    },
    "waiver_policy": {"max_days": 90},
}
