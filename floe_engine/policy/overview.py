"""What is shown of a project beside its findings: who owns how well tested models, and where what is
sensitive goes. It judges nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from msgspec import Struct

from floe_engine.artifact.platform import Platform
from floe_engine.policy.meta import lookup
from floe_engine.policy.rules.propagation import Inherited, declassified, own_columns, strongest, through
from floe_engine.policy.view import Share, View
from floe_engine.project.facts import Model, Project, Source

OWNER_KEYS = ("owner", "floe.owner")

DEEPEST = 60
"""Steps of a way that are told."""

State = Literal["declared", "too low", "passes", "stopped"]
"""What a place says of what reaches it: enough, too little, nothing (it is passed on), or that it is
declassified there."""


class Reached(Struct, frozen=True):
    """A column that something sensitive is in or reaches; `onward` is where it goes from there."""

    place: str
    """``model.column``."""
    level: str
    """How sensitive it is, by what it comes from."""
    state: State
    path: str
    line: int
    onward: tuple[Reached, ...] = ()
    again: bool = False
    """Whether its way is told already, where it was reached first."""


class Overview(Struct, frozen=True):
    """Of one project under one platform."""

    owners: Mapping[str, Share]
    """Test coverage by owner, the least tested first; models that nobody owns are under ``""``."""
    sensitive: tuple[Reached, ...]
    """The columns where something sensitive comes in, each with its way downstream."""


def overview(platform: Platform, project: Project) -> Overview:
    """Work it out. Columns are followed by their names, whatever mode the platform judges by."""
    view = View(platform, project)
    shares: dict[str, Share] = {}
    groups = {group.name: group.owner or group.name for group in project.groups}
    for model in view.models:
        owner = _owner(model, groups)
        shares[owner] = shares.get(owner, Share()) + view.share(model)
    counted = ((owner, share) for owner, share in shares.items() if share.total)
    return Overview(
        dict(sorted(counted, key=lambda entry: (entry[1].percent or 0.0, entry[0]))),
        tuple(_ways(view)),
    )


def _owner(model: Model, groups: Mapping[str, str]) -> str:
    for key in OWNER_KEYS:
        if owner := lookup(model.meta, key):
            return str(owner)
    return groups.get(model.group, model.group) if model.group else ""


def _ways(view: View) -> Iterator[Reached]:
    """The roots: sensitive columns that nothing above made so."""
    nodes: dict[str, Model | Source] = {node.unique_id: node for node in view.nodes}
    flowing: dict[str, Mapping[str, Inherited]] = {
        source.unique_id: own_columns(source, view) for source in view.project.sources
    }
    onward: dict[tuple[str, str], list[tuple[str, str]]] = {}
    states: dict[tuple[str, str], tuple[str, State]] = {}
    roots: list[tuple[str, str]] = []
    for unique_id, found in flowing.items():
        for name, inherited in found.items():
            states[unique_id, name] = inherited.level.level, "declared"
            roots.append((unique_id, name))
    for model in view.order:
        unique_id = model.unique_id
        above = strongest(flowing.get(parent, {}) for parent in model.parents)
        flow = through(model, view, above)
        flowing[unique_id] = flow.out
        lowered = {column.folded for column, _, _ in flow.lowered}
        for name in {**flow.out, **above}:
            inherited = above.get(name) or flow.out[name]
            state = _state(model, name, view, lowered)
            if state is None and name not in flow.out:
                continue  # it does not come out of this model
            states[unique_id, name] = inherited.level.level, state or "passes"
            parents = [parent for parent in model.parents if name in flowing.get(parent, {})]
            for parent in parents:
                onward.setdefault((parent, name), []).append((unique_id, name))
            if not parents:
                roots.append((unique_id, name))
    seen: set[tuple[str, str]] = set()
    for root in roots:
        yield _reached(root, nodes, onward, states, seen)


def _state(model: Model, name: str, view: View, lowered: set[str]) -> State | None:
    """What a model says of a column; None: it does not know it."""
    column = model.columns_by_name.get(name)
    if column is None:
        return "stopped" if declassified(model, view) else None
    if declassified(model, view) or declassified(column, view):
        return "stopped"
    return "too low" if name in lowered else "declared"


def _reached(
    at: tuple[str, str],
    nodes: Mapping[str, Model | Source],
    onward: Mapping[tuple[str, str], list[tuple[str, str]]],
    states: Mapping[tuple[str, str], tuple[str, State]],
    seen: set[tuple[str, str]],
    depth: int = 0,
) -> Reached:
    node, (level, state) = nodes[at[0]], states[at]
    column = next((column for column in node.columns if column.folded == at[1]), None)
    further = () if state == "stopped" or depth == DEEPEST else onward.get(at, ())
    again = at in seen and bool(further)
    seen.add(at)
    return Reached(
        f"{node.label}.{column.name if column is not None else at[1]}",
        level,
        state,
        (node.properties_path or node.path) if isinstance(node, Model) else node.path,
        (column.line if column is not None else 0) or node.line,
        () if again else tuple(_reached(place, nodes, onward, states, seen, depth + 1) for place in further),
        again,
    )
