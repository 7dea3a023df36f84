"""Platforms and projects in a line: the seed's platform, and models with what a test is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from floe_engine.artifact.build import build
from floe_engine.artifact.platform import Platform
from floe_engine.manifest.root import Manifest
from floe_engine.policy.evaluate import Evaluation, evaluate
from floe_engine.policy.finding import Finding
from floe_engine.project.facts import Column, DataTest, Exposure, Group, Model, Project, Source

TODAY = date(2025, 6, 1)


def platform(*, name: str = "acme-data-platform", **sections: Any) -> Platform:
    """The seed's platform; `sections` are merged into its manifest, dotted keys with ``__``."""
    document: dict[str, Any] = {
        "apiVersion": "floe.dev/v1",
        "kind": "Manifest",
        "metadata": {"name": name, "version": "1.2.3", "scope": "enterprise"},
        "plugins": {"compute": {"type": "duckdb"}},
        "data_architecture": {"pattern": "medallion", "naming": {"enforcement": "strict"}},
        "governance": {"quality_gates": {"minimum_test_coverage": 80, "block_on_failure": True}},
    }
    for key, value in sections.items():
        *path, last = key.split("__")
        target = document
        for part in path:
            target = target.setdefault(part, {})
        target[last] = value
    manifest = Manifest.read(document)
    return build(manifest, (), created="2024-01-15T10:30:00Z").platform


def gates(**settings: Any) -> dict[str, Any]:
    """`sections` of `platform` with quality gates."""
    return {f"governance__quality_gates__{key}": value for key, value in settings.items()}


def generic(name: str, column: str | None = None, **fields: Any) -> DataTest:
    return DataTest(name, column, **fields)


def columns(*names: str, **meta_by_name: Mapping[str, Any]) -> tuple[Column, ...]:
    """Described columns; keyword arguments add columns with meta."""
    plain = tuple(Column(name, description=f"the {name}") for name in names)
    return plain + tuple(
        Column(name, description=f"the {name}", meta=meta) for name, meta in meta_by_name.items()
    )


def model(name: str, *, key: str | None = None, parents: Sequence[str] = (), **fields: Any) -> Model:
    """A model. `key` gives it a key column with the tests that hold a key up."""
    if key is not None:
        fields["columns"] = (*columns(key), *fields.get("columns", ()))
        fields["tests"] = (generic("unique", key), generic("not_null", key), *fields.get("tests", ()))
    settings: dict[str, Any] = {
        "path": f"models/{name}.sql",
        "properties_path": "models/schema.yml",
        "line": 3,
        "description": f"the {name}",
        "parents": tuple(p if "." in p else f"model.shop.{p}" for p in parents),
    } | fields
    return Model(f"model.shop.{name}", name, **settings)


def source(name: str, **fields: Any) -> Source:
    settings: dict[str, Any] = {"path": "models/sources.yml", "has_freshness": True} | fields
    return Source(f"source.shop.raw.{name}", "raw", name, **settings)


RAW = "source.shop.raw.orders"
"""The unique_id of ``source("orders")``."""


def project(*models: Model, sources: Sequence[Source] = (), **fields: Any) -> Project:
    settings: dict[str, Any] = {"directory": Path(), "adapter": "duckdb"} | fields
    return Project("shop", models=models, sources=tuple(sources), **settings)


def judge(on: Platform, *models: Model, **fields: Any) -> Evaluation:
    """Judge models; keyword arguments of `evaluate` and `project` alike."""
    names = ("waivers", "baseline", "select", "exclude", "what_if", "today")
    options = {name: fields.pop(name) for name in names if name in fields}
    return evaluate(on, project(*models, **fields), **({"today": TODAY} | options))


def found(evaluation: Evaluation, rule: str) -> list[Finding]:
    """The findings of one rule, ``E201``."""
    return [finding for finding in evaluation.findings if finding.rule == f"FLOE-{rule}"]


def subjects(evaluation: Evaluation, rule: str) -> list[str]:
    return [finding.subject for finding in found(evaluation, rule)]


def asked(evaluation: Evaluation, rule: str, subject: str) -> bool:
    return (f"FLOE-{rule}", subject) in evaluation.checked


__all__ = ["RAW", "TODAY", "Exposure", "Group"]
