"""What a peer's own configuration asks for, read from its file."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from msgspec import Struct

from floe_engine.document.document import parse
from floe_engine.document.nodes import Node
from floe_engine.errors import ConfigurationError
from floe_engine.files import strict_toml
from floe_engine.peers import bouncer, bouncer_file, checkpoint, checkpoint_file, evaluator, evaluator_file
from floe_engine.peers.carrying import Check, ConfiguredCheck, PeerName

TABLES: Mapping[PeerName, tuple[Check, ...]] = {
    "dbt-bouncer": bouncer.CHECKS,
    "dbt-checkpoint": checkpoint.CHECKS,
    "dbt-project-evaluator": evaluator.CHECKS,
}
"""Every check of every peer, and its equal here."""

MOST = 2_000
"""Checks that one file may ask for."""


class Configuration(Struct, frozen=True):
    """A peer's configuration: whose it is, what it asks for, and the table that says how to carry it."""

    peer: PeerName
    wanted: tuple[ConfiguredCheck, ...]
    checks: Mapping[str, Check]
    """Check by its name, and by its code."""

    def check(self, wanted: ConfiguredCheck) -> Check:
        """The row for what is wanted; one of no known check says so."""
        return self.checks.get(wanted.check) or Check(
            wanted.check, why=f"{self.peer} has no check of this name; is it one of your own in Python?"
        )


def read(name: str, text: str) -> Configuration:
    """The checks that a file asks for; `name` is the file's, `text` what stands in it.

    Raises `ConfigurationError` where it is of no peer, or cannot be read.
    """
    values, root = _values(name, text)
    for peer, file in _FILES.items():
        if file.is_one(values):
            asked = tuple(islice(file.wanted(values, root), MOST + 1))
            if len(asked) > MOST:
                raise ConfigurationError(
                    f"the file asks for more than {MOST:,} checks",
                    hint="split it, and import the parts one after the other",
                    where=name,
                )
            checks = {key: check for check in TABLES[peer] for key in (check.code, check.name) if key}
            return Configuration(peer, asked, checks)
    raise ConfigurationError(
        "this is no configuration of dbt-bouncer, dbt-checkpoint or dbt-project-evaluator",
        f"it has neither {', '.join(sorted(bouncer_file.CATEGORIES))}, nor hooks of dbt-checkpoint, "
        "nor anything for dbt_project_evaluator",
        hint="name a dbt-bouncer.yml (or its .toml), a .pre-commit-config.yaml, or a dbt_project.yml",
        where=name,
    )


_FILES: Mapping[PeerName, Any] = {
    "dbt-bouncer": bouncer_file,
    "dbt-checkpoint": checkpoint_file,
    "dbt-project-evaluator": evaluator_file,
}
"""The readers of their files: ``is_one`` says whether a file is the peer's, ``wanted`` what it asks for."""


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
