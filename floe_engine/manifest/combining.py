"""How a parent's and a child's value of one setting become one: the arithmetic of inheritance.

Each function takes the parent's effective value and the child's, and returns what holds, and
what is wrong with the child's when it is laxer. Plain values in, plain values out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Combined:
    """What holds. `problem` is a sentence about ``{setting}``, ``{parent}`` and ``{held}``, or empty."""

    value: Any
    problem: str = ""
    allowed: Any = None


def at_least(held: Any, given: Any) -> Combined:
    """Never lower than the parent's."""
    if given >= held:
        return Combined(given)
    return Combined(held, "`{setting}` must be at least {held}, the minimum of {parent}", held)


def at_most(held: Any, given: Any) -> Combined:
    """Never higher than the parent's."""
    if given <= held:
        return Combined(given)
    return Combined(held, "`{setting}` must be at most {held}, the maximum of {parent}", held)


def stays_true(held: Any, given: Any) -> Combined:
    """True stays true."""
    if given or not held:
        return Combined(given)
    return Combined(held, "`{setting}` is true in {parent} and stays true", held)


def stays_false(held: Any, given: Any) -> Combined:
    """False stays false."""
    if held or not given:
        return Combined(given)
    return Combined(held, "`{setting}` is false in {parent} and stays false", held)


def ranked(*order: str) -> Callable[[Any, Any], Combined]:
    """Words from the laxest to the strictest; the child's is not laxer."""

    def combine(held: Any, given: Any) -> Combined:
        if order.index(given) >= order.index(held):
            return Combined(given)
        stricter = " or ".join(f"`{word}`" for word in order[order.index(held) :])
        return Combined(held, f"`{{setting}}` must be {stricter}: {{parent}} has {{held}}", held)

    combine.__doc__ = f"Only towards the right: {', '.join(order)}."
    return combine


enforcement = ranked("off", "warn", "strict")


def stays_on(held: Any, given: Any) -> Combined:
    """Not off, unless the parent's is."""
    if given != "off" or held == "off":
        return Combined(given)
    return Combined(held, "`{setting}` may not be off: {parent} has {held}", held)


def fixed(held: Any, given: Any) -> Combined:
    """The parent's."""
    if given == held:
        return Combined(given)
    return Combined(held, "`{setting}` is {held} in {parent} and cannot change below it", held)


def fixed_unless(free: str) -> Callable[[Any, Any], Combined]:
    """The parent's value, unless it is `free`, which leaves the choice open."""

    def combine(held: Any, given: Any) -> Combined:
        return Combined(given) if held == free else fixed(held, given)

    combine.__doc__ = f"The parent's, unless that is {free}."
    return combine


def union(held: Any, given: Any) -> Combined:
    """The parent's and the child's together.

    The parent's come first; an entry that both name is the child's, in the parent's place.
    """
    own = {_identity(entry): entry for entry in given}
    merged = [own.pop(_identity(entry), entry) for entry in held]
    return Combined(merged + list(own.values()))


def named_union(held: Any, given: Any) -> Combined:
    """The parent's and the child's together."""
    return Combined({**held, **given})


def subset(held: Any, given: Any) -> Combined:
    """A part of the parent's."""
    extra = [entry for entry in given if entry not in held]
    if not extra:
        return Combined(given)
    kept = [entry for entry in given if entry in held]
    return Combined(kept, f"`{{setting}}` may not add {say(extra)}: {{parent}} allows {{held}}", kept)


def insert_only(held: Any, given: Any) -> Combined:
    """All of the parent's in their order; more may stand between."""
    common = [entry for entry in given if entry in held]
    if common == list(held):
        return Combined(given)
    missing = [entry for entry in held if entry not in given]
    if missing:
        return Combined(held, f"`{{setting}}` may not leave out {say(missing)} of {{parent}}", held)
    return Combined(held, "`{setting}` must keep the order of {parent}: {held}", held)


def _identity(entry: Any) -> Any:
    """What tells two entries of a list apart: the name of a named one, else the whole."""
    if isinstance(entry, Mapping):
        name = entry.get("name") or entry.get("id")
        return name or repr(sorted((key, repr(value)) for key, value in entry.items()))
    return entry


def say(value: Any) -> str:
    """A value as a person would write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ", ".join(f"`{entry}`" for entry in value) or "none"
    return f"`{value}`" if isinstance(value, str) else str(value)


# --- nested mappings ---------------------------------------------------------------------------


def get(document: Any, path: Sequence[str | int]) -> Any:
    """The value at a path, None where there is none."""
    for part in path:
        if not isinstance(document, Mapping) or part not in document:
            return None
        document = document[part]
    return document


def put(document: dict[str, Any], path: Sequence[str], value: Any) -> None:
    """Set the value at a path, making the mappings on the way."""
    for part in path[:-1]:
        document = document.setdefault(part, {})
    document[path[-1]] = value


def overlay(
    base: Mapping[str, Any],
    above: Mapping[str, Any],
    *,
    whole: Sequence[tuple[str, ...]] = (),
    at: tuple[str, ...] = (),
) -> dict[str, Any]:
    """`above` laid over `base`, key by key; paths that match `whole` are replaced entire."""
    result = deepcopy(dict(base))
    for key, value in above.items():
        path = (*at, key)
        entire = any(
            len(pattern) == len(path) and all(a in ("*", b) for a, b in zip(pattern, path, strict=True))
            for pattern in whole
        )
        if isinstance(value, Mapping) and isinstance(result.get(key), Mapping) and not entire:
            result[key] = overlay(result[key], value, whole=whole, at=path)
        else:
            result[key] = deepcopy(value)
    return result
