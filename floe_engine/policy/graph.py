"""The lineage of a project as plain order and counts. Cycles (dbt forbids them) are cut, not followed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from floe_engine.project.facts import Exposure, Model, Project


def parents_first(parents: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Every key of `parents`, each after the keys that it depends on."""
    done: dict[str, bool] = {}
    order: list[str] = []
    for root in parents:
        stack = [(root, iter(parents[root]))] if root not in done else []
        done.setdefault(root, False)
        while stack:
            node, remaining = stack[-1]
            for parent in remaining:
                if parent in parents and parent not in done:
                    done[parent] = False
                    stack.append((parent, iter(parents[parent])))
                    break
            else:
                if not done[node]:
                    done[node] = True
                    order.append(node)
                stack.pop()
    return tuple(order)


def downstream_counts(project: Project, order: Iterable[str]) -> dict[str, int]:
    """How many models and exposures depend on each node, directly or not.

    `order` has parents first. Sets are the bits of integers, so a project of thousands of models
    costs a few milliseconds.
    """
    dependents: tuple[Model | Exposure, ...] = (*project.models, *project.exposures)
    index = {node.unique_id: place for place, node in enumerate(dependents)}
    reached: dict[str, int] = {}
    ordered = (*(source.unique_id for source in project.sources), *order)
    for node in reversed(ordered):
        below = 0
        for child in project.children.get(node, ()):
            below |= reached.get(child, 0) | (1 << index[child])
        reached[node] = below
    return {node: below.bit_count() for node, below in reached.items()}
