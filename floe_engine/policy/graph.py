"""The lineage of a project as plain order and counts. Cycles (dbt forbids them) are cut, not followed."""

from __future__ import annotations

from collections.abc import Iterable

from floe_engine.project.facts import Exposure, Model, Project, Source


def parents_first(models: Iterable[Model]) -> tuple[Model, ...]:
    """Every model, seed and snapshot, each after those that it depends on."""
    nodes = {model.unique_id: model for model in models}
    done: dict[str, bool] = {}
    order: list[Model] = []
    for root in nodes:
        stack = [(root, iter(nodes[root].parents))] if root not in done else []
        done.setdefault(root, False)
        while stack:
            node, remaining = stack[-1]
            for parent in remaining:
                if parent in nodes and parent not in done:
                    done[parent] = False
                    stack.append((parent, iter(nodes[parent].parents)))
                    break
            else:
                if not done[node]:
                    done[node] = True
                    order.append(nodes[node])
                stack.pop()
    return tuple(order)


def downstream_counts(project: Project, order: Iterable[Model]) -> dict[str, int]:
    """How many models and exposures depend on each node, directly or not.

    `order` has parents first. Sets are the bits of integers, so a project of thousands of models
    costs a few milliseconds.
    """
    dependents: tuple[Model | Exposure, ...] = (*project.models, *project.exposures)
    index = {node.unique_id: place for place, node in enumerate(dependents)}
    reached: dict[str, int] = {}
    ordered: tuple[Model | Source, ...] = (*project.sources, *order)
    for node in reversed(ordered):
        below = 0
        for child in project.children.get(node.unique_id, ()):
            below |= reached.get(child, 0) | (1 << index[child])
        reached[node.unique_id] = below
    return {node: below.bit_count() for node, below in reached.items()}
