"""What reaches each column of a project through the SQL of its models.

Loaded only where the platform follows classification by column; the rules are in `rules/column_lineage.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from floe_engine.lineage import traces
from floe_engine.lineage.sql_outputs import EVERYTHING, Trace
from floe_engine.policy.rules.propagation import (
    Flow,
    Inherited,
    own_columns,
    strongest,
    through,
)
from floe_engine.policy.view import View
from floe_engine.project.facts import Model, Source, folded

EXTRA = "the lineage extra is not installed (pip install 'floe-workbench[lineage]')"


class Traced(Struct, frozen=True):
    """What reaches a model, and what of its SQL could not be followed."""

    flow: Flow
    reached: bool
    """Whether anything sensitive is above it at all."""
    unresolved: str = ""
    """What could not be read (`EXTRA`: anything, without sqlglot); empty where everything was."""


def follow(view: View) -> Mapping[str, Traced]:
    """unique_id of each model, seed and snapshot to what reaches its columns.

    Where SQL cannot be followed, names are; that is said in `Traced.unresolved`.
    """
    installed = traces.available()
    breakers = frozenset(
        name.casefold() for name in view.platform.classification.propagation.declassify_functions
    )
    flowing: dict[str, Mapping[str, Inherited]] = {
        source.unique_id: own_columns(source, view) for source in view.project.sources
    }
    found: dict[str, Traced] = {}
    for model in view.order:
        unique_id = model.unique_id
        above = {parent: flowing[parent] for parent in model.parents if flowing.get(parent)}
        if not above:
            flow = through(model, view, {})
            found[unique_id] = Traced(flow, reached=False)
        elif not installed:
            flow = through(model, view, strongest(above.values()))
            found[unique_id] = Traced(flow, reached=True, unresolved=EXTRA)
        else:
            trace = traces.traced(model, view.project, view.adapter, breakers)
            inherited, unresolved = _inherited(model, view, above, trace)
            flow = through(model, view, inherited, everything=True)
            found[unique_id] = Traced(flow, reached=True, unresolved=unresolved)
        flowing[unique_id] = flow.out
    return found


def _inherited(
    model: Model, view: View, above: Mapping[str, Mapping[str, Inherited]], trace: Trace
) -> tuple[Mapping[str, Inherited], str]:
    """Folded output column to the strongest level that reaches it, and what is unresolved."""
    by_name = strongest(above.values())
    if trace.failure:
        return by_name, trace.failure
    homes, lost = parents_of(model, view, trace)
    found: dict[str, Inherited] = {}

    def reach(column: str, inherited: Inherited | None) -> None:
        if inherited is not None and (column not in found or inherited.level.rank > found[column].level.rank):
            found[column] = inherited

    for table, excluded in trace.stars.items():
        for column, inherited in above.get(homes.get(table, ""), {}).items():
            if column not in excluded:
                reach(column, inherited)
    unnamed = [column for column in model.columns_by_name if column not in trace.columns]
    for column, origins in trace.columns.items():
        for table, origin in origins:
            carried = _carried(above.get(homes.get(table, ""), {}), origin)
            for reached in unnamed if column == EVERYTHING else (column,):
                reach(reached, carried)
        if column in trace.unresolved:
            reach(column, by_name.get(column))
    if EVERYTHING in trace.unresolved:
        for column, inherited in by_name.items():
            reach(column, inherited)
    problems = []
    if trace.unresolved:
        names = sorted(trace.unresolved - {EVERYTHING})[:5]
        what = f"column {', '.join(names)}" if names else "a table"
        problems.append(f"{what} depends on Jinja that only dbt can run")
    if lost and (unseen := above.keys() - set(homes.values())):
        for parent in unseen:
            for column, inherited in above[parent].items():
                reach(column, inherited)
        problems.append(f"table {', '.join(sorted(lost)[:5])} is none of its parents")
    return found, "; ".join(problems)


def _carried(levels: Mapping[str, Inherited], origin: str) -> Inherited | None:
    """The most sensitive level of a column, its declared fields (``address.street``), or a whole row."""
    if origin == EVERYTHING:
        return max(levels.values(), key=lambda inherited: inherited.level.rank, default=None)
    fields = [inherited for name, inherited in levels.items() if name.startswith(f"{origin}.")]
    own = levels.get(origin)
    return max(
        [own, *fields] if own is not None else fields,
        key=lambda inherited: inherited.level.rank,
        default=None,
    )


def parents_of(model: Model, view: View, trace: Trace) -> tuple[dict[str, str], set[str]]:
    """Table of a trace to the parent's unique_id, and the tables that are no parent's."""
    names: dict[str, str] = {}
    for parent_id in model.parents:
        parent = view.project.by_id.get(parent_id)
        if parent is not None and parent.relation:
            names[f"table:{'.'.join(map(folded, parent.relation.split('.')))}"] = parent_id
        if isinstance(parent, Source):
            names[f"source:{parent.source_name}.{parent.name}".casefold()] = parent_id
            names.setdefault(f"table:{folded(parent.name)}", parent_id)
        elif parent is not None:
            names[f"ref:{parent.name}".casefold()] = parent_id
            names[f"table:{folded(parent.name)}"] = parent_id
            if parent.version:
                names[f"table:{folded(parent.name)}_v{parent.version}"] = parent_id
    homes: dict[str, str] = {}
    lost: set[str] = set()
    for table in trace.tables:
        home = names.get(table) or names.get(f"table:{table.rpartition('.')[2].removeprefix('table:')}")
        if home is not None:
            homes[table] = home
        else:
            lost.add(table)
    missing = set(model.parents) - set(homes.values())
    if len(lost) == 1 and len(missing) == 1:
        # A table with an identifier or alias of its own: one is left on either side.
        homes[lost.pop()] = missing.pop()
    return homes, lost
