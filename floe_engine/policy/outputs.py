"""The columns that the SQL of each model makes, with ``*`` followed into what it selects from; where that
cannot be told, those that its table had when dbt wrote its catalog.

Loaded only where a platform asks for them.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from floe_engine.lineage import traces
from floe_engine.lineage.sql_outputs import EVERYTHING
from floe_engine.policy.column_flow import EXTRA, parents_of
from floe_engine.policy.view import View
from floe_engine.project.facts import Model, folded


class ModelOutputs(Struct, frozen=True):
    """What is known of a model's columns."""

    columns: tuple[str, ...] = ()
    """Those that it certainly has, in the SQL's order."""
    unknown: str = ""
    """Why there may be more; empty where these are all."""


def outputs(view: View) -> Mapping[str, ModelOutputs]:
    """unique_id of each model, seed and snapshot to its columns."""
    known = {
        source.unique_id: ModelOutputs(tuple(column.name for column in source.columns), _OF_SOURCE)
        if (columns := view.project.table_columns(source)) is None
        else ModelOutputs(columns)
        for source in view.project.sources
    }
    if not traces.available():
        return {model.unique_id: ModelOutputs(unknown=EXTRA) for model in view.order}
    for model in view.order:
        found = _of(model, view, known)
        if found.unknown and (columns := view.project.table_columns(model)) is not None:
            found = ModelOutputs(columns)
        known[model.unique_id] = found
    return known


_OF_SOURCE = "a source may have more columns than it declares"


def _of(model: Model, view: View, known: Mapping[str, ModelOutputs]) -> ModelOutputs:
    if model.resource_type == "seed" or not model.code:
        return ModelOutputs(unknown=f"floe does not look into a {model.resource_type} without SQL")
    trace = traces.traced(model, view.project, view.adapter, frozenset())
    if trace.failure:
        return ModelOutputs(unknown=trace.failure)
    found = {folded(name): name for name in trace.columns if name != EVERYTHING}
    reasons = []
    if EVERYTHING in trace.columns or EVERYTHING in trace.unresolved:
        reasons.append("a part of it depends on what only dbt can run")
    places, _ = parents_of(model, view, trace)
    for table, excluded in trace.stars.items():
        parent = known.get(places.get(table, ""))
        if parent is None:
            reasons.append(f"nothing is known of the columns of {table.partition(':')[2] or table}")
            continue
        if parent.unknown:
            reasons.append(parent.unknown)
        for name in parent.columns:
            if folded(name) not in excluded:
                found.setdefault(folded(name), name)
    return ModelOutputs(tuple(found.values()), reasons[0] if reasons else "")
