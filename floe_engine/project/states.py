"""What a project is compared with: which of its nodes are new, or modified, beside an earlier one."""

from __future__ import annotations

from abc import ABC, abstractmethod

from floe_engine.project.facts import Model, Project

STATES = (
    "modified", "new", "old", "unmodified", "modified.body", "modified.macros", "modified.configs",
    "modified.relation", "modified.contract", "modified.persisted_descriptions",
)  # fmt: skip
"""What may stand behind ``state:``, in dbt's words."""


class State(ABC):
    """A project beside an earlier one; sets are of unique_ids."""

    def __init__(self, project: Project) -> None:
        self._project = project

    lacks = ""
    """What ``state:modified`` misses here, for a person; empty where it has all that dbt's has."""

    def selected(self, word: str) -> frozenset[str]:
        """What ``state:`` and `word`, one of `STATES`, selects.

        Raises `UsageError` where that cannot be told, and says why.
        """
        match word:
            case "new":
                return self._new
            case "old":
                return frozenset(self._project.by_id) - self._new
            case "modified":
                return self._modified | self._new
            case "unmodified":
                return frozenset(self._project.by_id) - self._modified - self._new
            case "modified.body":
                nodes = self._project.by_id
                return self._body | frozenset(each for each in self._new if isinstance(nodes[each], Model))
            case "modified.macros":
                return self._macros
        return self._as_dbt(word)

    @property
    @abstractmethod
    def _new(self) -> frozenset[str]:
        """What was not there."""

    @property
    @abstractmethod
    def _modified(self) -> frozenset[str]:
        """What was there and differs in anything that is judged or built."""

    @property
    @abstractmethod
    def _body(self) -> frozenset[str]:
        """What was there and whose code, or a seed's rows, differ."""

    @property
    @abstractmethod
    def _macros(self) -> frozenset[str]:
        """Of which a macro differs that it calls, or that one calls."""

    @abstractmethod
    def _as_dbt(self, word: str) -> frozenset[str]:
        """What only dbt's own fields tell."""
