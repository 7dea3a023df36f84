"""What a dbt-bouncer configuration asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from floe_engine.document.nodes import Node
from floe_engine.peers.carrying import ConfiguredCheck, NotCarried, literal, texts

CATEGORIES = {"manifest_checks", "catalog_checks", "run_results_checks", "info_schema_checks"}

_SEVERITIES: Mapping[str, Literal["error", "warning"]] = {"error": "error", "warn": "warning"}


def is_one(values: Mapping[str, Any]) -> bool:
    """Whether a file has checks of any category."""
    return not CATEGORIES.isdisjoint(values)


def wanted(values: Mapping[str, Any], root: Node | None) -> Iterator[ConfiguredCheck]:
    """The checks that a configuration asks for."""
    for category in (key for key in values if key in CATEGORIES):
        entries = values[category] or []
        nodes = root.children[category].items if root is not None and category in root.children else ()
        for number, entry in enumerate(entries if isinstance(entries, list) else [entries]):
            line = nodes[number].line + 1 if number < len(nodes) else 0
            if isinstance(entry, dict) and ("name" in entry or "code" in entry):
                yield _entry(values, entry, line)
            else:
                yield ConfiguredCheck("?", line=line, why="the entry names no check")


def _entry(top: Mapping[str, Any], entry: Mapping[str, Any], line: int) -> ConfiguredCheck:
    """One entry; what the file says for all fills what the entry leaves open, but for the severity."""
    given = {key: value for key, value in entry.items() if key not in _EVERY_ENTRY}
    name = str(entry.get("name") or entry.get("code"))
    why = ""
    try:
        include, exclude = (_regexes(entry.get(key) or top.get(key)) for key in ("include", "exclude"))
    except NotCarried as error:
        include, exclude, why = (), (), str(error)
    if name in ("check_model_directories", "MO024") and include:
        given["include"] = include[0]
    if entry.get("selector") or top.get("selector"):
        why = "it is narrowed by a dbt selector; say in `when` which models it is about"
    elif top.get("package_name"):
        why = "it judges an installed package, and floe judges the project itself"
    also = []
    for key, field in (("materialization", "materialized"), ("language", "language")):
        if entry.get(key):
            also.append(f"model.{field} == {literal(str(entry[key]))}")
    severity = _SEVERITIES.get(str(top.get("severity") or entry.get("severity")), "error")
    described = str(entry.get("description") or "")
    return ConfiguredCheck(
        name, given, include, exclude, tuple(also), severity, described, line=line, why=why
    )


_EVERY_ENTRY = {
    "name",
    "code",
    "description",
    "include",
    "exclude",
    "selector",
    "severity",
    "materialization",
    "language",
}


def _regexes(value: Any) -> tuple[str, ...]:
    wanted = f"include and exclude are regular expressions, not {value!r}"
    return tuple(each.strip() for each in texts(value or [], wanted))
