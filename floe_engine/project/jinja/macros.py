"""Where a macro of a dbt project is found: in the project, in an installed package, or in dbt itself.

Files are searched for the names that they define and parsed only when one of those is called: a
project of a thousand macros uses a few dozen. Source: dbt's own search order
(docs.getdbt.com, reference/dbt-jinja-functions/dispatch).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from floe_engine.patterns import pattern
from floe_engine.project.jinja.syntax import BrokenTemplate, parse
from floe_engine.project.jinja.values import Macro, Variants

_NAMES = pattern(r"\{%[-+]?\s*macro\s+(\w+)")
_FAMILIES: Mapping[str, str] = {"redshift": "postgres", "databricks": "spark", "athena": "trino"}
"""Adapter to the one whose macros it takes where it has none of its own."""

ADAPTERS = frozenset(
    {"athena", "bigquery", "clickhouse", "databricks", "duckdb", "exasol", "fabric", "mysql", "oracle",
     "postgres", "redshift", "snowflake", "spark", "sqlserver", "synapse", "teradata", "trino", "vertica"}
)  # fmt: skip
"""dbt adapters that macros are written for."""

Files = Callable[[], Iterable[tuple[str, str]]]
"""Path and text of each macro file of one package, read when it is first asked."""


class Macros:
    """The macros that a project's templates can call.

    `packages` has the macro files of each package by its name, the project's own under `project`; `orders`
    the packages that dbt_project.yml's ``dispatch`` names for a namespace.
    `broken` is told the path, line and mistake of a macro file that is no Jinja.
    """

    def __init__(
        self,
        project: str = "",
        packages: Mapping[str, Files] | None = None,
        *,
        adapter: str | None = None,
        orders: Mapping[str, Sequence[str]] | None = None,
        broken: Callable[[str, int, str], None] = lambda path, line, message: None,
    ) -> None:
        self.project = project
        self.adapter = adapter
        """What dbt connects with, such as ``duckdb``; None where nobody has said."""
        self._packages = packages or {}
        self._orders = orders or {}
        self._broken = broken
        self._texts: dict[str, dict[str, tuple[str, str]]] = {}
        self._found: dict[tuple[str, str], Macro | None] = {}

    def installed(self, package: str) -> bool:
        """Whether the package's files are here."""
        return package in self._packages

    def defines(self, names: frozenset[str]) -> bool:
        """Whether the project has a macro of one of these names."""
        return not names.isdisjoint(self._index(self.project))

    def of(self, package: str, name: str) -> Macro | None:
        """The macro `name` of one package; None where it has none that can be read."""
        key = (package, name)
        if key not in self._found:
            self._found[key] = None
            if name in (texts := self._index(package)):
                self._parse(package, *texts[name])
        return self._found[key]

    def visible(self, name: str, package: str) -> Macro | None:
        """What the bare `name` calls in a file of `package`."""
        return self.of(package, name) or (self.of(self.project, name) if package != self.project else None)

    def dispatched(self, name: str, namespace: str | None, package: str) -> Macro | Variants | None:
        """What ``adapter.dispatch(name, namespace)`` gives in a file of `package`."""
        order = self._orders.get(namespace or "", (self.project, namespace or package))
        for where in dict.fromkeys(order):
            if self.adapter is None:
                found = self._variants(where, name)
            else:
                prefixes = (self.adapter, _FAMILIES.get(self.adapter), "default")
                each = (self.of(where, f"{prefix}__{name}") for prefix in prefixes if prefix)
                found = next((macro for macro in each if macro is not None), None)
            if found is not None:
                return found
        return None

    def _variants(self, package: str, name: str) -> Macro | Variants | None:
        """What any adapter would be given of one package, the default first."""
        found = [
            macro
            for prefix in ("default", *sorted(ADAPTERS))
            if (macro := self.of(package, f"{prefix}__{name}")) is not None
        ]
        return Variants(found[0], tuple(found[1:])) if len(found) > 1 else next(iter(found), None)

    def _index(self, package: str) -> Mapping[str, tuple[str, str]]:
        if package not in self._texts:
            found: dict[str, tuple[str, str]] = {}
            files = self._packages.get(package)
            for path, text in files() if files is not None else ():
                for name in _NAMES.findall(text):
                    found.setdefault(name, (path, text))
            self._texts[package] = found
        return self._texts[package]

    def _parse(self, package: str, path: str, text: str) -> None:
        from jinja2 import nodes

        try:
            tree = parse(text)
        except BrokenTemplate as error:
            self._broken(path, error.line, str(error))
            return
        for node in tree.find_all(nodes.Macro):
            self._found[(package, node.name)] = Macro(package, node.name, node, path)


SQL_HELPERS = frozenset(
    {"any_value", "array_append", "array_concat", "array_construct", "bool_or", "cast",
     "cast_bool_to_text", "concat", "current_timestamp", "current_timestamp_backcompat",
     "current_timestamp_in_utc_backcompat", "date", "date_spine", "date_trunc", "dateadd", "datediff",
     "dates_in_range", "equals", "escape_single_quotes", "except", "generate_alias_name",
     "generate_database_name", "generate_schema_name", "generate_series", "get_column_schema_from_query",
     "get_columns_in_query", "get_columns_in_relation", "get_intervals_between", "get_powers_of_two",
     "get_relations", "hash", "information_schema_name", "intersect", "is_incremental", "last_day",
     "length", "listagg", "load_cached_relation", "load_relation", "position", "replace", "right",
     "safe_cast", "should_full_refresh", "snapshot_get_time", "split_part", "string_literal",
     "type_bigint", "type_boolean", "type_float", "type_int", "type_numeric", "type_string",
     "type_timestamp"}
)  # fmt: skip
"""dbt's own macros that people call in models. None of them refers to a node."""

SILENT = frozenset(
    {"debug", "load_result", "log", "print", "raise_compiler_error", "run_hooks", "run_query",
     "statement", "store_raw_result", "store_result", "warn", "write"}
)  # fmt: skip
"""dbt's own that give nothing while it only parses: no query is run."""

WORDS = SILENT | frozenset(
    {"adapter", "after_commit", "api", "before_begin", "builtins", "caller", "column_types", "config",
     "connection_name", "context", "cross_db_macros", "cycler", "database", "dbt_metadata_envs",
     "dbt_version", "dict", "diff_of_two_dicts", "doc", "env_var", "exceptions", "execute", "flags",
     "fromjson", "fromyaml", "function", "graph", "in_transaction", "invocation_args_dict",
     "invocation_id", "joiner", "kwargs", "lipsum", "load_agate_table", "local_md5", "metric",
     "micro_batch", "model", "modules", "namespace", "partial_parse", "post_hooks",
     "pre_hooks", "project_name", "range", "ref", "render", "return", "run_started_at", "schema",
     "selected_resources", "set", "set_sql_header", "set_strict", "source", "sql", "target", "this",
     "thread_id", "tojson", "toyaml", "try_or_compiler_error", "var", "varargs", "zip", "zip_strict"}
)  # fmt: skip
"""What dbt and Jinja give every template (docs.getdbt.com, reference/dbt-jinja-functions)."""
