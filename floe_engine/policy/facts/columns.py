"""The facts of columns and data tests, of which a project has ten thousands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from msgspec import Struct

from floe_engine.project.facts import Column, DataTest

_T = TypeVar("_T")


class lazy(Generic[_T]):  # noqa: N801  (used as a decorator)
    """`functools.cached_property` without its lock, which costs more than most facts."""

    def __init__(self, work: Callable[[Any], _T]) -> None:
        self._work = work
        self.__doc__ = work.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, of: Any, kind: type) -> _T:
        found = of.__dict__[self._name] = self._work(of)
        return found


class TestFacts(Struct, frozen=True, gc=False):
    """A data test."""

    __test__ = False  # pytest, this is no test

    package: str
    name: str
    column: str | None
    arguments: Mapping[str, Any]
    severity: str
    where: str
    meta: Mapping[str, Any]
    test_tags: frozenset[str]

    @property
    def tags(self) -> list[str]:
        return sorted(self.test_tags)


def told(test: DataTest) -> TestFacts:
    """What rules are told of a test."""
    package, _, name = test.name.rpartition(".")
    return TestFacts(
        package,
        name,
        test.column,
        plain(test.arguments),
        test.severity,
        test.where,
        plain(test.meta),
        test.tags,
    )


def plain(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """A mapping as expressions take it; none changes it."""
    return mapping if type(mapping) is dict else dict(mapping)


class ColumnFacts(Struct, frozen=True, gc=False):
    """A declared column of a node: there are ten thousands of them, and they hold no node."""

    name: str
    description: str
    data_type: str | None
    level: str
    """Its classification."""
    tests: list[TestFacts]
    column: Column

    @property
    def meta(self) -> dict[str, Any]:
        return plain(self.column.meta)

    @property
    def tags(self) -> list[str]:
        return sorted(self.column.tags)

    @property
    def constraints(self) -> list[str]:
        return [constraint.kind for constraint in self.column.constraints]
