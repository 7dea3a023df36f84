"""What a peer's own configuration asks for, read from its file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Literal

from msgspec import Struct

from floe_engine.document.document import parse
from floe_engine.document.nodes import Node
from floe_engine.errors import ConfigurationError
from floe_engine.files import strict_toml
from floe_engine.peers import bouncer
from floe_engine.peers.carrying import Check, PeerName, Wanted, literal

TABLES: Mapping[PeerName, tuple[Check, ...]] = {"dbt-bouncer": bouncer.CHECKS}
"""Every check of every peer, and its equal here."""

MOST = 2_000
"""Checks that one file may ask for."""


class Configuration(Struct, frozen=True):
    """A peer's configuration: whose it is, what it asks for, and the table that says how to carry it."""

    peer: PeerName
    wanted: tuple[Wanted, ...]
    checks: Mapping[str, Check]
    """Check by its name, and by its code."""

    def check(self, wanted: Wanted) -> Check:
        """The row for what is wanted; one of no known check says so."""
        return self.checks.get(wanted.check) or Check(
            wanted.check, why=f"{self.peer} has no check of this name; is it one of your own in Python?"
        )


def read(name: str, text: str) -> Configuration:
    """The checks that a file asks for; `name` is the file's, `text` what stands in it.

    Raises `ConfigurationError` where it is of no peer, or cannot be read.
    """
    values, root = _values(name, text)
    if set(values) & _CATEGORIES:
        wanted = tuple(islice(_bouncer(values, root), MOST + 1))
        if len(wanted) > MOST:
            raise ConfigurationError(
                f"the file asks for more than {MOST:,} checks",
                hint="split it, and import the parts one after the other",
                where=name,
            )
        return Configuration("dbt-bouncer", wanted, _indexed("dbt-bouncer"))
    raise ConfigurationError(
        "this is no configuration of dbt-bouncer",
        "it has none of " + ", ".join(sorted(_CATEGORIES)),
        hint="name a dbt-bouncer.yml, its .toml, or a pyproject.toml with [tool.dbt-bouncer]",
        where=name,
    )


def _indexed(peer: PeerName) -> dict[str, Check]:
    return {key: check for check in TABLES[peer] for key in (check.code, check.name) if key}


def _values(name: str, text: str) -> tuple[dict[str, Any], Node | None]:
    """The file as plain data, and its tree where it is YAML."""
    if name.endswith(".toml"):
        try:
            values = strict_toml(text.encode())
        except ValueError as error:
            raise ConfigurationError("the file is no TOML", str(error), where=name) from None
        inner = values.get("tool", {})
        return (inner.get("dbt-bouncer", values) if isinstance(inner, dict) else values), None
    document = parse(text)
    if document.diagnostics:
        first = document.diagnostics[0]
        where = f"{name}:{first.span.start.line + 1}"
        raise ConfigurationError("the file cannot be read", first.message, hint=first.hint, where=where)
    if document.root is None or not isinstance(document.root.value, dict):
        raise ConfigurationError("the file says nothing", where=name)
    return document.root.value, document.root


# dbt-bouncer

_CATEGORIES = {"manifest_checks", "catalog_checks", "run_results_checks", "info_schema_checks"}

_SEVERITIES: Mapping[str, Literal["error", "warning"]] = {"error": "error", "warn": "warning"}


def _bouncer(values: Mapping[str, Any], root: Node | None) -> Iterator[Wanted]:
    for category in (key for key in values if key in _CATEGORIES):
        entries = values[category] or []
        nodes = root.children[category].items if root is not None and category in root.children else ()
        for number, entry in enumerate(entries if isinstance(entries, list) else [entries]):
            line = nodes[number].line + 1 if number < len(nodes) else 0
            if isinstance(entry, dict) and ("name" in entry or "code" in entry):
                yield _bouncer_entry(values, entry, line)
            else:
                yield Wanted("?", line=line, why="the entry names no check")


def _bouncer_entry(top: Mapping[str, Any], entry: Mapping[str, Any], line: int) -> Wanted:
    """One entry; what the file says for all fills what the entry leaves open, but for the severity."""
    given = {key: value for key, value in entry.items() if key not in _EVERY_ENTRY}
    name = str(entry.get("name") or entry.get("code"))
    why = ""
    try:
        include, exclude = (_regexes(entry.get(key) or top.get(key)) for key in ("include", "exclude"))
    except ValueError as error:
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
    return Wanted(name, given, include, exclude, tuple(also), severity, described, line=line, why=why)


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
    values = [value] if isinstance(value, str) else value or []
    if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
        raise ValueError(f"include and exclude are regular expressions, not {value!r}")
    return tuple(each.strip() for each in values)
