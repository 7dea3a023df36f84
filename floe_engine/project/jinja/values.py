"""What an expression of a template can be: known, a relation, something to call, or unknown.

A known value is plain: text, number, bool, none, and lists and mappings of those. Text with
`HOLE` in it is known in part only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from jinja2 import nodes

HOLE = "floe_jinja_value"
"""What stands in a text where only dbt could tell."""

MAX_VALUE = 100_000
"""Characters and items of one value; a larger one counts as unknown."""


class _Hidden(Struct, frozen=True):
    def __str__(self) -> str:
        return HOLE


class UnknownValue(_Hidden, frozen=True, eq=False):
    """What only dbt could tell. `name` is what it was asked for by, where it is nothing we know."""

    name: str = ""


UNKNOWN = UnknownValue()


class Relation(_Hidden, frozen=True):
    """What ``ref``, ``source`` and ``this`` give.

    `meaning` is ``ref:orders``, ``source:raw.orders`` (both folded) or ``this``; empty where the
    arguments were not to be known.
    """

    meaning: str


class Macro(_Hidden, frozen=True, eq=False):
    """A macro of the project or of an installed package."""

    package: str
    name: str
    node: nodes.Macro
    path: str
    """Of its file, relative to the project."""


class Variants(_Hidden, frozen=True, eq=False):
    """What ``adapter.dispatch`` chooses from, where the adapter is not known; `first` is the default."""

    first: Macro
    others: tuple[Macro, ...]


class Package(_Hidden, frozen=True):
    """A package's name, as before the dot of ``dbt_utils.star``; ``""`` is dbt itself."""

    name: str


class Callee(_Hidden, frozen=True, eq=False):
    """Something to call that is no macro: a word of dbt's, or a method of `target`."""

    name: str
    target: Any = None


class Namespace(dict[str, Any]):
    """``namespace(…)``, ``loop``, ``target``: its entries are read as attributes."""


def known(value: Any) -> bool:
    """Whether all of a value is known, and it is not too large to work with."""
    if value is None or type(value) in (bool, int, float):
        return True
    if isinstance(value, str):
        return len(value) <= MAX_VALUE and HOLE not in value
    if not isinstance(value, list | dict):
        return False
    # A list can hold itself, or one list a thousand times: counted with a limit, not by recursion.
    waiting: list[Any] = [value]
    spent = 0
    while waiting:
        item = waiting.pop()
        spent += 1
        if isinstance(item, str):
            spent += len(item)
            if HOLE in item:
                return False
        elif isinstance(item, list):
            waiting += item
        elif isinstance(item, dict):
            waiting += item.keys()
            waiting += item.values()
        elif item is not None and type(item) not in (bool, int, float):
            return False
        if spent + len(waiting) > MAX_VALUE:
            return False
    return True


def truth(value: Any) -> bool | None:
    """Whether a condition over the value holds; None where that is not to be known."""
    if isinstance(value, UnknownValue):
        return False if value.name and "." not in value.name else None  # what nobody defines is false
    if isinstance(value, dict) and HOLE in value:
        return None
    if known(value) or (isinstance(value, list | dict) and value):
        return bool(value)
    return True if isinstance(value, Relation | Macro) else None
