"""dbt's ``target/catalog.json``: which columns the tables of a project have, as of ``dbt docs generate``.

Source: https://schemas.getdbt.com/dbt/catalog/v1.json. A table that was not built then is not in it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from floe_engine.errors import ConfigurationError
from floe_engine.files import read_bounded, stands
from floe_engine.project.facts import Model, Project, Source
from floe_engine.typed import built

_Node = TypeVar("_Node", Model, Source)

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


def with_tables(project: Project, path: Path, shown: str) -> Project:
    """The project with the columns of its tables, by the catalog at `path`, which people know as `shown`.

    A catalog that cannot be read is a warning of the project, as none is no secret: see `Project.no_tables`.
    """
    if not stands(path):
        return replace(project, no_tables=f"there is no {shown}")
    try:
        data = read_bounded(path, LIMIT, what="dbt catalog")
        catalog = msgspec.json.decode(data, type=built(_Catalog))
    except (ConfigurationError, msgspec.MsgspecError, RecursionError) as error:
        why = error.title if isinstance(error, ConfigurationError) else str(error)
        note = f"{shown} cannot be used: {why}"
        return replace(project, no_tables=note, warnings=(*project.warnings, note))
    tables = {**catalog.nodes, **catalog.sources}
    return replace(
        project,
        no_tables=f"{shown} does not have it",
        models=tuple(_told(model, tables) for model in project.models),
        sources=tuple(_told(source, tables) for source in project.sources),
    )


def _told(node: _Node, tables: dict[str, _Table]) -> _Node:
    table = tables.get(node.unique_id)
    return node if table is None else replace(node, table_columns=table.names)
