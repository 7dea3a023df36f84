"""The facts of models, seeds and snapshots."""

from __future__ import annotations

import posixpath
from hashlib import sha256
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

from floe_engine.cel.values import Unknown
from floe_engine.lineage.code_text import CodeShape, code_shape
from floe_engine.lineage.literal_tables import literal_tables
from floe_engine.policy.facts.columns import lazy, plain
from floe_engine.policy.facts.nodes import NodeFacts, ReferenceFacts
from floe_engine.policy.meta import lookup
from floe_engine.project.facts import Model

if TYPE_CHECKING:
    from floe_engine.policy.facts.subjects import Facts

_T = TypeVar("_T")

_NOTHING = sha256().hexdigest()
"""The checksum of a file that is blank."""


class ModelFacts(NodeFacts):
    """A model, a seed or a snapshot."""

    node: Model

    def __init__(self, facts: Facts, node: Model) -> None:
        super().__init__(facts, node)
        self.type = node.resource_type
        self.access = node.access if node.resource_type == "model" else ""
        self.version = node.version
        self.latest_version = node.latest_version
        self.language = node.language
        self.group = node.group
        self.properties_path = node.properties_path
        self.unit_tests = node.unit_tests
        self.singular_tests = node.singular_tests
        self.has_freshness = node.has_freshness
        self.contract = ContractFacts(node)

    @lazy
    def folder(self) -> str:
        return posixpath.dirname(self.path)

    @lazy
    def file(self) -> str:
        return posixpath.splitext(posixpath.basename(self.path))[0]

    @lazy
    def layer(self) -> str | None:
        return self.view.layer(self.node)

    @lazy
    def materialized(self) -> str:
        return self.node.materialized or {"seed": "seed", "snapshot": "snapshot"}.get(self.type, "view")

    @lazy
    def code(self) -> CodeFacts:
        return CodeFacts(self.node)

    @lazy
    def schema(self) -> str | None:
        return self._placed(self.node.schema, "schema")

    @lazy
    def database(self) -> str | None:
        return self._placed(self.node.database, "database")

    def _placed(self, known: str | None, what: str) -> str | None:
        if known is None and self.view.project.reader == "static":
            raise Unknown(f"only dbt could tell its {what}, which the profile gives")
        return known

    @lazy
    def owner(self) -> str | None:
        told = lookup(self.node.meta, "owner")
        if isinstance(told, str) and told:
            return told
        return self.facts.owners.get(self.node.group or "") or None

    def configured(self, key: str, value: _T) -> _T:
        """A config's value, where it could be read."""
        if key in self.node.unread_configs or "*" in self.node.unread_configs:
            raise Unknown(f"only dbt could tell its {key}")
        return value

    @lazy
    def labels(self) -> dict[str, Any]:
        return self.configured("labels", plain(self.node.labels))

    @lazy
    def alias(self) -> str:
        if not self.node.alias:
            raise Unknown("only dbt could tell its alias, which a macro of the project gives")
        return self.configured("alias", self.node.alias)

    @lazy
    def has_alias(self) -> bool:
        return self.configured("alias", self.node.has_alias)

    @lazy
    def unique_key(self) -> list[str]:
        return self.configured("unique_key", list(self.node.unique_key))

    @lazy
    def strategy(self) -> str:
        return self.configured("strategy", self.configured("incremental_strategy", self.node.strategy))

    @lazy
    def updated_at(self) -> str:
        return self.configured("updated_at", self.node.updated_at)

    @lazy
    def check_cols(self) -> list[str]:
        return self.configured("check_cols", list(self.node.check_cols))

    @lazy
    def references(self) -> list[ReferenceFacts]:
        return [ReferenceFacts(each.name, each.version) for each in self.node.references]

    @lazy
    def macros(self) -> list[str]:
        if self.node.macros is None:
            raise Unknown("only dbt could tell which macros it calls")
        return list(self.node.macros)

    @lazy
    def parent_ids(self) -> list[str]:
        return [parent.id for parent in self.parents]

    @lazy
    def grants(self) -> dict[str, list[str]]:
        return {privilege: list(roles) for privilege, roles in self.node.grants.items()}

    @lazy
    def parents(self) -> list[Any]:
        if self.node.unread:
            raise Unknown(f"only dbt could follow {self.node.unread}")
        return [self.facts.at(parent) for parent in self.node.parents]

    @lazy
    def depth(self) -> int:
        if self.facts.hidden:
            raise Unknown(f"only dbt could tell all that lies above it ({self.facts.hidden})")
        return self.facts.depths[self.node.unique_id]

    @lazy
    def view_chain(self) -> int:
        if self.facts.hidden:
            raise Unknown(f"only dbt could tell all that lies above it ({self.facts.hidden})")
        return self.facts.view_chains[self.node.unique_id]


def has_code(of: ModelFacts) -> bool:
    """Whether it has code, known or not: a model that a policy test makes up may have none."""
    return bool((of.node.code or of.node.raw_code).strip()) or of.node.checksum not in ("", _NOTHING)


class ContractFacts:
    """What a model promises of its shape."""

    __slots__ = ("constraints", "enforced")

    def __init__(self, node: Model) -> None:
        self.enforced = node.contract_enforced
        self.constraints = [constraint.kind for constraint in node.constraints]


class CodeFacts:
    """What a model's own file says."""

    def __init__(self, node: Model) -> None:
        self._text = self.text = node.raw_code if node.compiled else node.code
        self._sql = self._text if node.language == "sql" else ""
        if not self._text and node.checksum != _NOTHING:
            raise Unknown("the manifest has no code of it")

    @lazy
    def lines(self) -> int:
        return len(self._text.strip().splitlines())

    @lazy
    def hard_coded(self) -> list[str]:
        return [table for table, _ in literal_tables(self._sql)]

    @lazy
    def _shape(self) -> CodeShape:
        return code_shape(self._sql)

    select_star = property(attrgetter("_shape.select_star"))
    joins = property(attrgetter("_shape.joins"))
    cross_joins = property(attrgetter("_shape.cross_joins"))
    open_joins = property(attrgetter("_shape.open_joins"))
    constant_joins = property(attrgetter("_shape.constant_joins"))
