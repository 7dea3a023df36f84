"""dbt's ``target/catalog.json``: which columns the tables of a project have, as of ``dbt docs generate``.

Source: https://schemas.getdbt.com/dbt/catalog/v1.json. A table that was not built then is not in it.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import msgspec
from msgspec import Struct

from floe_engine.errors import ConfigurationError
from floe_engine.files import read_bounded, stands
from floe_engine.typed import built

LIMIT = 1_000_000_000
"""Bytes of a catalog that we are willing to read."""


class _Column(Struct, frozen=True):
    name: str
    index: int = 0


class _Table(Struct, frozen=True):
    columns: dict[str, _Column] = {}

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in sorted(self.columns.values(), key=lambda each: each.index))


class _Catalog(Struct, frozen=True):
    nodes: dict[str, _Table] = {}
    sources: dict[str, _Table] = {}


class Catalog(Struct, frozen=True, dict=True):
    """The catalog of a project, which is read when somebody first asks: few platforms want to know."""

    path: Path
    shown: str
    """How people know it."""

    def columns(self, unique_id: str) -> tuple[str, ...] | None:
        """The columns of a table, in their order; None where the catalog does not have it."""
        table = self._tables[0].get(unique_id)
        return table.names if table is not None else None

    @property
    def lacks(self) -> str:
        """Why nothing is known of a table that has no columns here."""
        return self._tables[1] or f"{self.shown} does not have it"

    @cached_property
    def _tables(self) -> tuple[dict[str, _Table], str]:
        """All tables by the unique_id of their node, and why there are none."""
        if not stands(self.path):
            return {}, f"there is no {self.shown}"
        try:
            data = read_bounded(self.path, LIMIT, what="dbt catalog")
            catalog = msgspec.json.decode(data, type=built(_Catalog))
        except (ConfigurationError, msgspec.MsgspecError, RecursionError) as error:
            why = error.title if isinstance(error, ConfigurationError) else str(error)
            return {}, f"{self.shown} cannot be used: {why}"
        return {**catalog.nodes, **catalog.sources}, ""
