"""Regular expressions: valid, and matched in linear time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from floe_engine.document.diagnostics import Diagnostic
from floe_engine.document.nodes import KeyPath
from floe_engine.expressions import BadExpression, NotLinear, compiled
from floe_engine.manifest.draft import Draft
from floe_engine.manifest.terms import Kept


def expressions_compile(draft: Draft) -> Iterator[Diagnostic]:
    """Every expression is one, and one that the engine can match."""
    for path, text in _expressions(draft):
        try:
            compiled(text)
        except BadExpression as error:
            yield draft.report(
                "FLOE-M036",
                path,
                f"not a regular expression: {error}",
                hint="Python's syntax; in YAML, single quotes keep backslashes as they are",
            )
        except NotLinear as error:
            yield draft.report("FLOE-M037", path, str(error), hint=error.hint)


def _expressions(draft: Draft) -> Iterator[tuple[KeyPath, str]]:
    naming = ("data_architecture", "naming")
    pattern = draft.text(*naming, "name_pattern")
    if pattern is not None:
        yield (*naming, "name_pattern"), pattern
    yield from draft.texts(*naming, "custom_patterns")
    yield from draft.texts("governance", "classification", "name_exceptions")
    yield from draft.texts("governance", "code", "forbidden_patterns")
    for parent in (
        *(("governance", "documentation", "meta", kind) for kind in get_args(Kept)),
        ("governance", "quality_gates", "column_tests"),
        ("governance", "classification", "name_patterns"),
        ("catalog", "schema_registry", "type_rules"),
    ):
        for path, entry in draft.mappings(*parent):
            if isinstance(entry.get("pattern"), str):
                yield (*path, "pattern"), entry["pattern"]
