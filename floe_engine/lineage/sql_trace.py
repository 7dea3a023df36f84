"""Which columns of which tables each output column of a query comes from. Needs sqlglot (``lineage``).

A pure function of the SQL, its dialect and the functions that end a trace, so that its answers can
be kept. It errs towards more origins: a column that could be of two tables is of both. What it
cannot read is named in the answer, never passed over.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import Scope, build_scope

from floe_engine.lineage.sql_outputs import EVERYTHING, Origin, Outputs, Trace, renamed
from floe_engine.project.facts import folded
from floe_engine.project.jinja.values import HOLE

LIMIT = 300_000
"""Characters of SQL; a longer query is not traced."""

_QUIET = logging.NullHandler()

_EPHEMERAL = "__dbt__cte__"
"""How dbt names the CTE into which it compiles an ephemeral model: a parent like any other."""

_DIALECTS = frozenset(
    {"duckdb", "snowflake", "bigquery", "databricks", "spark", "postgres", "redshift", "trino", "athena"}
    | {"clickhouse", "mysql", "sqlite", "tsql", "oracle"}
)


def trace(sql: str, adapter: str | None, breakers: frozenset[str], tables: Mapping[str, str]) -> Trace:
    """Trace a query without Jinja.

    `breakers` are folded names of functions whose result no longer carries their arguments;
    `tables` says what stand-in table names mean (see `Templates.plain`).
    """
    # What sqlglot cannot parse is our answer to give, not a line on the user's terminal.
    logging.getLogger("sqlglot").addHandler(_QUIET)
    if not sql.strip():
        return Trace(failure="the reader has no SQL of it")
    if len(sql) > LIMIT:
        return Trace(failure=f"its SQL is longer than {LIMIT:,} characters")
    dialect = adapter if adapter in _DIALECTS else None
    macros = "its SQL is made by macros, which only dbt can run" if HOLE in sql else ""
    try:
        expression = sqlglot.parse_one(sql, read=dialect)
        scope = build_scope(expression)
        if scope is None:
            return Trace(failure=macros or "its SQL is no query")
        outputs = _Tracer(tables, breakers).outputs(scope)
    except SqlglotError:
        return Trace(failure=macros or f"its SQL could not be parsed as {dialect or 'standard'} SQL")
    except RecursionError:
        return Trace(failure="its SQL is nested too deeply")
    columns = {name: frozenset(origins) for name, origins in outputs.columns.items()}
    if outputs.every:
        columns[EVERYTHING] = frozenset(outputs.every)
    return Trace(
        columns,
        outputs.stars,
        frozenset(outputs.unresolved | ({EVERYTHING} if outputs.opaque else set())),
    )


class _Tracer:
    """One query. Scopes are sqlglot's: a select with the tables, CTEs and subqueries it sees."""

    def __init__(self, tables: Mapping[str, str], breakers: frozenset[str]) -> None:
        self._tables = tables
        self._breakers = breakers
        self._done: dict[int, Outputs] = {}

    def outputs(self, scope: Scope) -> Outputs:
        key = id(scope)
        if key not in self._done:
            # A recursive CTE sees itself while it is being worked out: as nothing.
            self._done[key] = Outputs()
            self._done[key] = renamed(self._outputs(scope), [folded(name) for name in scope.outer_columns])
        return self._done[key]

    def _outputs(self, scope: Scope) -> Outputs:
        expression = scope.expression
        if isinstance(expression, exp.SetOperation):
            return self._union(scope)
        if not isinstance(expression, exp.Select):
            return self._table_function(scope)
        result = Outputs()
        for projection in expression.selects:
            if projection.is_star:
                self._star(scope, projection, result)
                continue
            if next(projection.find_all(exp.Columns), None) is not None:
                # duckdb's COLUMNS(…): some columns of any table, each under its own name or a new one.
                for _, given in self._sources(scope):
                    result.take(given)
                    result.every |= given.whole()[0]
                continue
            origins, resolved = self._expression(scope, projection, result)
            for name in _names(projection):
                if HOLE in name:
                    result.every |= origins
                    result.opaque = True
                else:
                    result.add(name, origins, resolved)
        return result

    def _union(self, scope: Scope) -> Outputs:
        """Columns meet by position; by name where that is asked for, or a star hides the positions."""
        first, *others = [self.outputs(part) for part in scope.set_operation_scopes]
        by_name = bool(scope.expression.args.get("by_name"))
        result = Outputs()
        result.take(first)
        for other in others:
            if by_name or first.stars or other.stars or len(first.columns) != len(other.columns):
                result.take(other)
                continue
            for name, origin_name in zip(first.columns, other.columns, strict=True):
                result.add(name, other.columns[origin_name], origin_name not in other.unresolved)
            result.every |= other.every
            result.opaque = result.opaque or other.opaque
        return result

    def _table_function(self, scope: Scope) -> Outputs:
        result = Outputs()
        if isinstance(scope.expression, exp.DML):
            result.opaque = True  # what it returns, nobody follows
        if isinstance(scope.expression, exp.Lateral) and scope.subquery_scopes:
            for query in scope.subquery_scopes:
                result.take(self.outputs(query))
        elif scope.parent is not None:
            made_of = self._arguments(scope.parent, scope.expression)
            alias = scope.expression.args.get("alias")
            # `as t(a, b)` names its columns; where a row alone has a name, it may have any.
            named = alias.args.get("columns") if alias is not None and alias.this is not None else ()
            for column in named or ():
                result.add(folded(column.name), made_of, resolved=True)
            result.every |= set() if named else made_of
        return result

    def _arguments(self, scope: Scope, function: exp.Expr) -> set[Origin]:
        """The origins of everything that a table function is made of."""
        found: set[Origin] = set()
        for column in function.find_all(exp.Column):
            found |= self._column(scope, column, Outputs())[0]
        return found

    def _star(self, scope: Scope, projection: exp.Expr, result: Outputs) -> None:
        star = projection.this if isinstance(projection, exp.Column) else projection
        wanted = folded(projection.table) if isinstance(projection, exp.Column) else ""
        excluded = star.args.get("except_") or star.args.get("except") or ()
        renamed = {folded(alias.this.name): folded(alias.alias) for alias in star.args.get("rename") or ()}
        without = frozenset(folded(entry.name) for entry in excluded) | renamed.keys()
        for name, given in self._sources(scope):
            if wanted and name != wanted:
                continue
            result.take(given, without)
            for old, new in renamed.items():
                if given.may_have(old):
                    result.add(new, *given.of(old))
        for replaced in star.args.get("replace") or ():
            origins, resolved = self._expression(scope, replaced, Outputs())
            result.columns[folded(replaced.alias_or_name)] = origins
            if not resolved:
                result.unresolved.add(folded(replaced.alias_or_name))

    def _expression(self, scope: Scope, expression: Any, so_far: Outputs) -> tuple[set[Origin], bool]:
        """The origins of everything in an expression that no breaker hides."""
        subqueries = {id(child.expression): child for child in scope.subquery_scopes}
        origins: set[Origin] = set()
        resolved = True
        stack = [expression]
        while stack:
            node = stack.pop()
            if isinstance(node, exp.Star):
                found, whole = self._row(scope, "")
            elif isinstance(node, exp.Column):
                found, whole = (
                    self._row(scope, folded(node.table))
                    if node.is_star
                    else self._column(scope, node, so_far)
                )
                if isinstance(node.parent, exp.Func) and len(node.parts) == 1:
                    found |= self._row(scope, folded(node.name))[0]  # `to_json(t)` of a whole row
            elif isinstance(node, exp.Query) and id(node) in subqueries:
                found, whole = self.outputs(subqueries[id(node)]).whole()
            else:
                stack.extend(self._parts(node))
                continue
            origins |= found
            resolved = resolved and whole
        return origins, resolved

    def _parts(self, node: exp.Expr) -> Iterator[exp.Expr]:
        """The parts of an expression that its value is made of."""
        if isinstance(node, exp.Window):
            yield node.this  # the rest of it says which rows, not what of them
        elif isinstance(node, exp.Count) and isinstance(node.this, exp.Star):
            return
        elif not (isinstance(node, exp.Func) and self._breaks(node)):
            yield from node.iter_expressions()

    def _breaks(self, node: exp.Func) -> bool:
        if isinstance(node, exp.Anonymous):
            return folded(str(node.this)) in self._breakers
        names = {name.casefold() for name in node.sql_names()} | {node.key}
        if isinstance(node, exp.SHA2 | exp.SHA2Digest):
            names |= {"sha2", f"sha{node.text('length') or '256'}"}
        names |= {name.removesuffix("_digest") for name in names}
        return bool(names & self._breakers)

    def _row(self, scope: Scope, table: str) -> tuple[set[Origin], bool]:
        """The origins of all columns of a table, or of every one (``to_json(t)``, ``hash(*)``)."""
        return _together(given.whole() for name, given in self._sources(scope) if not table or name == table)

    def _column(self, scope: Scope, column: exp.Column, so_far: Outputs) -> tuple[set[Origin], bool]:
        parts = [folded(part.name) for part in column.parts]
        if any(HOLE in part for part in parts):
            return set(), False
        around: Scope | None = scope if len(parts) > 1 else None
        while around is not None:
            sources = dict(self._sources(around))
            # `schema.table.column`, or a field of a struct: `alias.column.field`.
            for place in dict.fromkeys((len(parts) - 2, 0)):
                if parts[place] in sources:
                    return sources[parts[place]].of(parts[place + 1])
            around = around.parent
        # A field of a struct column: `address.street` comes from `address`.
        return self._unqualified(scope, parts[0], so_far)

    def _unqualified(self, scope: Scope, name: str, so_far: Outputs) -> tuple[set[Origin], bool]:
        sources = list(self._sources(scope))
        certain = [given for _, given in sources if name in given.columns]
        givens = certain or [given for _, given in sources if given.may_have(name)]
        origins, resolved = _together(given.of(name) for given in givens)
        if not certain and name in so_far.columns:
            origins |= so_far.columns[name]
            resolved = resolved and name not in so_far.unresolved
        elif not givens and scope.parent is not None and (scope.is_subquery or scope.is_udtf):
            return self._unqualified(scope.parent, name, Outputs())
        return origins, resolved

    def _sources(self, scope: Scope) -> Iterator[tuple[str, Outputs]]:
        """Alias of each table that a scope selects from, and what it gives."""
        for name, (node, source) in scope.selected_sources.items():
            if node.name.startswith(_EPHEMERAL):
                meaning = f"ref:{folded(node.name.removeprefix(_EPHEMERAL))}"
                given, alias = Outputs(stars={meaning: frozenset()}), name
            else:
                given, alias = self._given(scope, source), name
            for pivot in node.args.get("pivots") or ():
                given, alias = _pivoted(given, pivot), pivot.alias or alias
            yield folded(alias), given

    def _given(self, scope: Scope, source: Any) -> Outputs:
        if not isinstance(source, exp.Table):
            return self.outputs(source)
        name = folded(source.name)
        if HOLE in name:
            return Outputs(opaque=True)
        if name in self._tables:
            meaning = self._tables[name]
            return Outputs(stars={meaning: frozenset()} if meaning != "this" else {})
        if isinstance(source.this, exp.Func) and not name:
            key = id(source)
            if key not in self._done:
                self._done[key] = Outputs()  # it does not see itself
                self._done[key] = Outputs(every=self._arguments(scope, source.this))
            return self._done[key]
        parts = ".".join(folded(part.name) for part in source.parts)
        return Outputs(stars={f"table:{parts}": frozenset()})


def _together(parts: Iterable[tuple[set[Origin], bool]]) -> tuple[set[Origin], bool]:
    """The origins of several parts, and whether they are all."""
    origins: set[Origin] = set()
    resolved = True
    for found, whole in parts:
        origins |= found
        resolved = resolved and whole
    return origins, resolved


def _names(projection: exp.Expr) -> list[str]:
    """The output columns that a projection makes; one, but for ``stack(…) as (a, b)``."""
    if isinstance(projection, exp.Aliases):
        return [folded(alias.name) for alias in projection.expressions]
    return [folded(projection.alias_or_name)]


def _pivoted(given: Outputs, pivot: exp.Expr) -> Outputs:
    """What ``PIVOT`` and ``UNPIVOT`` leave of a table, and make of it."""
    unpivot = bool(pivot.args.get("unpivot"))
    turned = [field for field in pivot.args.get("fields") or () if isinstance(field, exp.In)]
    chosen_by = frozenset() if unpivot else _column_names(turned)
    values_of = _column_names(turned if unpivot else pivot.expressions)
    result = Outputs()
    result.take(given, values_of | chosen_by)
    values, resolved = _together(map(given.of, values_of))
    alias = pivot.args.get("alias")
    made = pivot.args.get("columns") or ()
    if alias is not None and alias.args.get("columns"):
        result.every |= given.whole()[0]
    elif unpivot:
        made = [part for value in pivot.expressions for part in value.find_all(exp.Identifier)]
        for field_ in turned:
            result.add(folded(field_.this.name), set(), resolved=True)
    elif not made:
        result.every |= values
    for identifier in made:
        result.add(folded(identifier.name), values, resolved)
    return result


def _column_names(parts: Iterable[exp.Expr]) -> frozenset[str]:
    return frozenset(folded(column.name) for part in parts for column in part.find_all(exp.Column))
