"""Google's own engine, asked the same: what it accepts, and what it gives."""

from __future__ import annotations

from functools import cache
from typing import Any

from cel_expr_python import cel

from floe_engine.cel.checking import check
from floe_engine.cel.running import MOST_STEPS, Program
from floe_engine.cel.types import BOOL, DYN, INT, STRING, Type, list_of, map_of
from floe_engine.cel.values import Failed, Frame

VARIABLES: dict[str, Type] = {
    "s": STRING,
    "n": INT,
    "b": BOOL,
    "tags": list_of(STRING),
    "numbers": list_of(INT),
    "meta": map_of(DYN),
}
VALUES: dict[str, Any] = {
    "s": "straße_é😀",
    "n": 7,
    "b": True,
    "tags": ["daily", "pii", "daily"],
    "numbers": [3, 1, 2],
    "meta": {"owner": "core", "sla": {"hours": 24}, "count": 3, "tags": ["a"], "half": 0.5, "on": True},
}
BROKEN = "error"
"""What stands for any error: how it is said is each engine's own."""

_EXTENSIONS = "name: oracle\nextensions:\n" + "".join(
    f"- name: {name}\n" for name in ("strings", "lists", "sets", "math", "optional")
)


@cache
def _environment() -> Any:
    kinds = {
        "s": cel.Type.STRING,
        "n": cel.Type.INT,
        "b": cel.Type.BOOL,
        "tags": cel.Type.List(cel.Type.STRING),
        "numbers": cel.Type.List(cel.Type.INT),
        "meta": cel.Type.Map(cel.Type.STRING, cel.Type.DYN),
    }
    return cel.NewEnv(config=cel.NewEnvConfigFromYaml(_EXTENSIONS), variables=kinds)


def google(expression: str) -> Any:
    """What Google's engine gives: None where it refuses the expression, `BROKEN` where it fails."""
    try:
        compiled = _environment().compile(expression)
    except RuntimeError:
        return None
    # Of what it gives only text is looked at: a null that leaves it harms Python 3.11.
    value = compiled.eval(data=VALUES)
    return BROKEN if value.type() == cel.Type.ERROR else _items(value.value())


def _items(value: Any) -> Any:
    """A list's items are handed out one by one, each behind an accessor."""
    return [_items(item.value()) for item in value] if isinstance(value, list) else value


def ours(expression: str, *, slowly: bool = False) -> Any:
    """What ours gives, in the same words; `slowly` by closures, else by the function that is tried first."""
    checked = check(expression, VARIABLES)
    if not checked.ok:
        return None
    program = Program(checked, tuple(VARIABLES))
    try:
        return (program.run_slowly if slowly else program.run_on)(Frame(MOST_STEPS), *VALUES.values())
    except Failed:
        return BROKEN


def is_quick(expression: str) -> bool:
    """Whether an expression becomes a function."""
    checked = check(expression, VARIABLES)
    assert checked.tree is not None
    return Program(checked, tuple(VARIABLES)).quick(checked.tree) is not None
