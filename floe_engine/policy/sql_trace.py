"""Which columns of which tables each output column of a query comes from. Needs sqlglot (``lineage``).

A pure function of the SQL, its dialect and the functions that end a trace, so that its answers can
be kept. It errs towards more origins: a column that could be of two tables is of both. What it
cannot read is named in the answer, never passed over.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlglot import exp
    from sqlglot.optimizer.scope import Scope

LIMIT = 300_000
"""Characters of SQL; a longer query is not traced."""

Origin = tuple[str, str]
"""A table and its column, folded. Tables are ``ref:orders``, ``source:raw.orders`` or ``table:a.b.c``."""

EVERYTHING = "*"
_QUIET = logging.NullHandler()

_DIALECTS = frozenset(
    {"duckdb", "snowflake", "bigquery", "databricks", "spark", "postgres", "redshift", "trino", "athena"}
    | {"clickhouse", "mysql", "sqlite", "tsql", "oracle"}
)
_JINJA = "floe_jinja_value"
_HASHING_MACROS = re.compile(r"\b(generate_surrogate_key|surrogate_key|hash)\s*\(")


@dataclass(frozen=True)
class Trace:
    """Where the output columns of a query come from."""

    columns: Mapping[str, frozenset[Origin]] = field(default_factory=dict)
    """Folded output column to its origins; a constant has none."""
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


def available() -> bool:
    """Whether sqlglot is installed."""
    from importlib.util import find_spec

    return find_spec("sqlglot") is not None


def trace(code: str, adapter: str | None, breakers: frozenset[str]) -> Trace:
    """Trace a query, compiled or with dbt's Jinja in it.

    `breakers` are folded names of functions whose result no longer carries their arguments.
    """
    import sqlglot
    from sqlglot.errors import SqlglotError
    from sqlglot.optimizer.scope import build_scope

    # What sqlglot cannot parse is our answer to give, not a line on the user's terminal.
    logging.getLogger("sqlglot").addHandler(_QUIET)
    if not code.strip():
        return Trace(failure="the reader has no SQL of it")
    if len(code) > LIMIT:
        return Trace(failure=f"its SQL is longer than {LIMIT:,} characters")
    sql, tables = _without_jinja(code)
    dialect = adapter if adapter in _DIALECTS else None
    try:
        expression = sqlglot.parse_one(sql, read=dialect)
        scope = build_scope(expression)
        if scope is None:
            return Trace(failure="its SQL is no query")
        outputs = _Tracer(tables, breakers).outputs(scope)
    except SqlglotError:
        return Trace(failure=f"its SQL could not be parsed as {dialect or 'standard'} SQL")
    except RecursionError:
        return Trace(failure="its SQL is nested too deeply")
    return Trace(
        {name: frozenset(origins) for name, origins in outputs.columns.items()},
        outputs.stars,
        frozenset(outputs.unresolved | ({EVERYTHING} if outputs.opaque else set())),
    )


# --- Jinja -------------------------------------------------------------------------------------

_COMMENT = re.compile(r"\{#.*?#\}", re.S)
_BLOCKS = re.compile(
    r"\{%-?\s*(set\s+\w+\s*-?%\}.*?endset|macro\b.*?endmacro|call\b.*?endcall)\s*-?%\}", re.S
)
_ELSE = re.compile(r"\{%-?\s*(?:else|elif)\b(?:(?!\{%-?\s*(?:if|endif)\b).)*?(?=\{%-?\s*endif)", re.S)
_TAG = re.compile(r"\{%.*?%\}", re.S)
_OUTPUT = re.compile(r"\{\{-?(.*?)-?\}\}", re.S)
_REF = re.compile(r"^\s*(?:builtins\.)?ref\(\s*(?:['\"][^'\"]+['\"]\s*,\s*)?['\"]([^'\"]+)['\"]")
_SOURCE = re.compile(r"^\s*(?:builtins\.)?source\(\s*['\"]([^'\"]+)['\"]\s*,\s*['\"]([^'\"]+)['\"]")
_STATEMENT = re.compile(r"^\s*(config|log|print|return|do|set)\s*\(|^\s*$")


def _without_jinja(code: str) -> tuple[str, dict[str, str]]:
    """SQL that a parser takes, and what its stand-in table names stand for.

    Of a condition the first branch stays; an expression that only dbt could evaluate becomes a
    name that the tracer reports as unresolved.
    """
    if "{" not in code:
        return code, {}
    tables: dict[str, str] = {}

    def output(match: re.Match[str]) -> str:
        inner = match.group(1)
        if found := _REF.match(inner):
            return table(f"ref:{found.group(1).casefold()}")
        if found := _SOURCE.match(inner):
            return table(f"source:{found.group(1)}.{found.group(2)}".casefold())
        if inner.strip() == "this":
            return table("this")
        if _STATEMENT.match(inner):
            return " "
        # A surrogate key is a hash in every package that makes one.
        return "NULL" if _HASHING_MACROS.search(inner) else _JINJA

    def table(meaning: str) -> str:
        name = f"floe_table_{len(tables)}"
        tables[name] = meaning
        return name

    text = _BLOCKS.sub(" ", _COMMENT.sub(" ", code))
    text = _TAG.sub(" ", _ELSE.sub(" ", text))
    return _OUTPUT.sub(output, text), tables


# --- SQL ---------------------------------------------------------------------------------------


@dataclass
class _Outputs:
    """What a scope gives to whoever selects from it."""

    columns: dict[str, set[Origin]] = field(default_factory=dict)
    stars: dict[str, frozenset[str]] = field(default_factory=dict)
    unresolved: set[str] = field(default_factory=set)
    opaque: bool = False
    """Whether it may have any column, of origins that could not be read."""
    every: set[Origin] = field(default_factory=set)
    """Origins of any column at all: an unnested array, a table function."""

    def add(self, name: str, origins: set[Origin], resolved: bool) -> None:
        self.columns.setdefault(name, set()).update(origins)
        if not resolved:
            self.unresolved.add(name)

    def take(self, other: _Outputs, without: frozenset[str] = frozenset()) -> None:
        for name, origins in other.columns.items():
            if name not in without:
                self.add(name, origins, name not in other.unresolved)
        for table, excluded in other.stars.items():
            # A table that comes in twice lets through what either lets through.
            before = self.stars.get(table)
            self.stars[table] = excluded | without if before is None else before & (excluded | without)
        self.every |= other.every
        self.opaque = self.opaque or other.opaque

    def of(self, name: str) -> tuple[set[Origin], bool]:
        """The origins of a column, and whether they are all."""
        if name in self.columns:
            return self.columns[name] | self.every, name not in self.unresolved
        passed = {(table, name) for table, excluded in self.stars.items() if name not in excluded}
        return passed | self.every, not self.opaque

    def may_have(self, name: str) -> bool:
        return name in self.columns or bool(self.stars or self.every) or self.opaque


class _Tracer:
    """One query. Scopes are sqlglot's: a select with the tables, CTEs and subqueries it sees."""

    def __init__(self, tables: Mapping[str, str], breakers: frozenset[str]) -> None:
        self._tables = tables
        self._breakers = breakers
        self._done: dict[int, _Outputs] = {}

    def outputs(self, scope: Scope) -> _Outputs:
        key = id(scope)
        if key not in self._done:
            # A recursive CTE sees itself while it is being worked out: as nothing.
            self._done[key] = _Outputs()
            self._done[key] = self._outputs(scope)
        return self._done[key]

    def _outputs(self, scope: Scope) -> _Outputs:
        from sqlglot import exp

        expression = scope.expression
        if isinstance(expression, exp.SetOperation):
            return self._union(scope)
        if not isinstance(expression, exp.Select):
            return self._table_function(scope)
        result = _Outputs()
        for projection in expression.selects:
            if projection.is_star:
                self._star(scope, projection, result)
            else:
                origins, resolved = self._expression(scope, projection, result)
                result.add(_fold(projection.alias_or_name), origins, resolved)
        return result

    def _union(self, scope: Scope) -> _Outputs:
        """Columns meet by position; where a star hides the positions, by name."""
        first, *others = [self.outputs(part) for part in scope.set_operation_scopes]
        result = _Outputs()
        result.take(first)
        for other in others:
            if first.stars or other.stars or len(first.columns) != len(other.columns):
                result.take(other)
                continue
            for name, origin_name in zip(first.columns, other.columns, strict=True):
                result.add(name, other.columns[origin_name], origin_name not in other.unresolved)
            result.every |= other.every
        return result

    def _table_function(self, scope: Scope) -> _Outputs:
        from sqlglot import exp

        result = _Outputs()
        outer = scope.parent
        for column in scope.expression.find_all(exp.Column):
            if outer is not None:
                origins, _ = self._column(outer, column, _Outputs())
                result.every |= origins
        return result

    def _star(self, scope: Scope, projection: exp.Expr, result: _Outputs) -> None:
        from sqlglot import exp

        star = projection.this if isinstance(projection, exp.Column) else projection
        wanted = _fold(projection.table) if isinstance(projection, exp.Column) else ""
        excluded = star.args.get("except_") or star.args.get("except") or ()
        without = frozenset(_fold(entry.name) for entry in excluded)
        for name, source in self._sources(scope):
            if not wanted or name == wanted:
                given = self._given(source)
                result.take(given, without)
        for replaced in star.args.get("replace") or ():
            origins, resolved = self._expression(scope, replaced, _Outputs())
            result.columns[_fold(replaced.alias_or_name)] = origins
            if not resolved:
                result.unresolved.add(_fold(replaced.alias_or_name))

    def _expression(self, scope: Scope, expression: Any, so_far: _Outputs) -> tuple[set[Origin], bool]:
        """The origins of everything in an expression that no breaker hides."""
        from sqlglot import exp

        subqueries = {id(child.expression): child for child in scope.subquery_scopes}
        origins: set[Origin] = set()
        resolved = True
        stack = [expression]
        while stack:
            node = stack.pop()
            if isinstance(node, exp.Column):
                found, whole = self._column(scope, node, so_far)
                origins |= found
                resolved = resolved and whole
            elif isinstance(node, exp.Query) and id(node) in subqueries:
                inner = self.outputs(subqueries[id(node)])
                origins |= inner.every.union(*inner.columns.values())
                resolved = resolved and not inner.unresolved
            elif not (isinstance(node, exp.Func) and self._breaks(node)):
                stack.extend(node.iter_expressions())
        return origins, resolved

    def _breaks(self, node: exp.Func) -> bool:
        from sqlglot import exp

        if isinstance(node, exp.Anonymous):
            return _fold(str(node.this)) in self._breakers
        names = {name.casefold() for name in node.sql_names()} | {node.key}
        if isinstance(node, exp.SHA2):
            names.add(f"sha{node.text('length') or '256'}")
        names |= {name.removesuffix("_digest") for name in names}
        return bool(names & self._breakers)

    def _column(self, scope: Scope, column: exp.Column, so_far: _Outputs) -> tuple[set[Origin], bool]:
        name, table = _fold(column.name), _fold(column.table)
        if name == _JINJA or table == _JINJA:
            return set(), False
        sources = list(self._sources(scope))
        if table:
            for source_name, source in sources:
                if source_name == table:
                    return self._given(source).of(name)
            if scope.parent is not None:
                return self._column(scope.parent, column, _Outputs())
            # A field of a struct column: `address.street` comes from `address`.
            name = table
        candidates = [self._given(source) for _, source in sources]
        certain = [given for given in candidates if name in given.columns]
        origins: set[Origin] = set()
        resolved = True
        for given in certain or [given for given in candidates if given.may_have(name)]:
            found, whole = given.of(name)
            origins |= found
            resolved = resolved and whole
        if not certain and name in so_far.columns:
            origins |= so_far.columns[name]
            resolved = resolved and name not in so_far.unresolved
        return origins, resolved

    def _sources(self, scope: Scope) -> Iterator[tuple[str, Any]]:
        for name, (_, source) in scope.selected_sources.items():
            yield _fold(name), source

    def _given(self, source: Any) -> _Outputs:
        from sqlglot import exp

        if not isinstance(source, exp.Table):
            return self.outputs(source)
        name = _fold(source.name)
        if name == _JINJA:
            return _Outputs(opaque=True)
        if name in self._tables:
            meaning = self._tables[name]
            return _Outputs(stars={meaning: frozenset()} if meaning != "this" else {})
        parts = ".".join(_fold(part.name) for part in source.parts)
        return _Outputs(stars={f"table:{parts}": frozenset()})


def _fold(name: str) -> str:
    return name.strip('"`[]').casefold()
