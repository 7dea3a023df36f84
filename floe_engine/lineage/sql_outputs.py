"""What a table, a query or a part of one gives to whoever selects from it: values.

And what SQL does to them by name alone: stars, aliases. How a query is walked is `sql_trace`'s.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

Origin = tuple[str, str]
"""A table and its column, folded. Tables are ``ref:orders``, ``source:raw.orders`` or ``table:a.b.c``."""

EVERYTHING = "*"
"""As an output column: any that is not named. As an origin: all columns of the table at once."""


class Trace(Struct, frozen=True):
    """Where the output columns of a query come from."""

    columns: Mapping[str, frozenset[Origin]] = field(default_factory=dict)
    """Folded output column to its origins; a constant has none. `EVERYTHING` are those of any column
    whose name could not be told."""
    stars: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Tables of which every column comes out under its own name, but for these."""
    unresolved: frozenset[str] = frozenset()
    """Output columns of which a part could not be read; ``*`` where it may be any."""
    failure: str = ""
    """Why nothing could be read at all; empty otherwise."""

    @property
    def tables(self) -> frozenset[str]:
        """Every table that something comes from."""
        return frozenset(self.stars) | {table for origins in self.columns.values() for table, _ in origins}


class Outputs(Struct):
    """What a scope gives to whoever selects from it."""

    columns: dict[str, set[Origin]] = field(default_factory=dict)
    stars: dict[str, frozenset[str]] = field(default_factory=dict)
    unresolved: set[str] = field(default_factory=set)
    opaque: bool = False
    """Whether it may have any column, of origins that could not be read."""
    every: set[Origin] = field(default_factory=set)
    """Origins of any column at all: an unnested array, a table function."""

    def add(self, name: str, origins: set[Origin], resolved: bool) -> None:
        """A column, or further origins of one; `resolved` is whether they are all."""
        self.columns.setdefault(name, set()).update(origins)
        if not resolved:
            self.unresolved.add(name)

    def take(self, other: Outputs, without: frozenset[str] = frozenset()) -> None:
        """All that another gives, but for the columns `without`."""
        for name, origins in other.columns.items():
            if name not in without:
                self.add(name, origins, name not in other.unresolved)
        for table, excluded in other.stars.items():
            # A table that comes in twice lets through what either lets through.
            before = self.stars.get(table)
            self.stars[table] = excluded | without if before is None else before & (excluded | without)
        self.every |= other.every
        self.opaque = self.opaque or other.opaque

    def whole(self) -> tuple[set[Origin], bool]:
        """The origins of a whole row, and whether they are all."""
        origins = self.every.union(*self.columns.values(), {(table, EVERYTHING) for table in self.stars})
        return origins, not (self.opaque or self.unresolved)

    def of(self, name: str) -> tuple[set[Origin], bool]:
        """The origins of a column, and whether they are all."""
        if name in self.columns:
            return self.columns[name] | self.every, name not in self.unresolved
        passed = {(table, name) for table, excluded in self.stars.items() if name not in excluded}
        return passed | self.every, not self.opaque

    def may_have(self, name: str) -> bool:
        """Whether it could be one of its columns."""
        return name in self.columns or bool(self.stars or self.every) or self.opaque


def renamed(given: Outputs, names: list[str]) -> Outputs:
    """What a table gives under the names of ``as t(a, b)``."""
    if not names or not (given.columns or given.stars):
        return given
    if given.stars or given.opaque or len(names) != len(given.columns):
        # Which column gets which name is not to be seen: each may be any.
        origins, resolved = given.whole()
        return Outputs({name: set(origins) for name in names}, unresolved=set() if resolved else set(names))
    result = Outputs(every=given.every)
    for name, (old, origins) in zip(names, given.columns.items(), strict=True):
        result.add(name, origins, old not in given.unresolved)
    return result
