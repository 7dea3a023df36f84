"""One entry of a properties file as facts: its columns, tests, constraints and configs.

Entries come from `dbt_yaml.load`. What is not of the shape that dbt documents is left out, with a
warning where a reader would miss it. Files and the nodes they describe are `dbt_source`'s.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from floe_engine.project.dbt_yaml import Lined
from floe_engine.project.facts import Column, Constraint, DataTest
from floe_engine.project.project_file import merge_config
from floe_engine.project.spelling import flat_arguments, merged, tag_set, text_of
from floe_engine.project.test_limits import lets_pass, never_fails

# Of a test's keys, those that are not arguments (dbt's TestBuilder.CONFIG_ARGS and the names).
_CONFIG = frozenset(
    {"severity", "tags", "enabled", "where", "limit", "warn_if", "error_if", "fail_calc", "meta"}
    | {"store_failures", "store_failures_as", "database", "schema", "alias", "group"}
)
_NOT_ARGUMENTS = _CONFIG | {"config", "name", "description", "docs", "test_name"}


def mapping(value: Any) -> Mapping[str, Any]:
    """`value` where it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def entries(value: Any) -> Iterator[Lined]:
    """The mappings of a list that have a name."""
    if isinstance(value, list):
        for item in value:
            if isinstance(item, Lined) and isinstance(item.get("name"), str) and item["name"]:
                yield item


def text(value: Any) -> str:
    """A description; what is not text is none."""
    return value if isinstance(value, str) else ""


def own_config(entry: Mapping[str, Any], beside: Collection[str] = ("meta", "tags")) -> dict[str, Any]:
    """What an entry configures: in its ``config``, and by those keys that may stand `beside` it as well."""
    config = {key: entry[key] for key in beside if entry.get(key) is not None}
    merge_config(config, mapping(entry.get("config")))
    return config


def columns(items: Iterable[Lined]) -> tuple[Column, ...]:
    """The declared columns, each once; of two with one name the later wins, as in dbt."""
    found: dict[str, Column] = {}
    for item in items:
        config = mapping(item.get("config"))
        found[item["name"]] = Column(
            name=item["name"],
            description=text(item.get("description")),
            data_type=text_of(item.get("data_type")),
            meta=merged(mapping(item.get("meta")), mapping(config.get("meta"))),
            tags=tag_set(item.get("tags"), config.get("tags")),
            constraints=constraints(item.get("constraints")),
            line=item.line,
        )
    return tuple(found.values())


def constraints(value: Any) -> tuple[Constraint, ...]:
    """Contract constraints of a model or column."""
    found = []
    for item in value if isinstance(value, list) else ():
        kind = mapping(item).get("type")
        if isinstance(kind, str):
            names = item.get("columns")
            listed = names if isinstance(names, list) else []
            found.append(Constraint(kind, tuple(name for name in listed if isinstance(name, str))))
    return tuple(found)


def foreign_keys(owners: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """What the foreign keys of a model and its columns point to: ``ref('x')`` or ``source('a', 'b')``."""
    for owner in owners:
        listed = owner.get("constraints")
        for item in listed if isinstance(listed, list) else ():
            constraint = mapping(item)
            if constraint.get("type") == "foreign_key" and isinstance(constraint.get("to"), str):
                yield constraint["to"]


def tests(
    entry: Mapping[str, Any],
    items: Iterable[Lined],
    defaults: Mapping[str, Any],
    generic: Mapping[str, Mapping[str, Any]],
    tags: Collection[str] = (),
) -> Iterator[DataTest]:
    """The generic tests of an entry and of its columns, disabled ones included.

    `defaults` is the config that dbt_project.yml gives to tests of that folder, `generic` the one
    that the macro of a test gives itself, by its name. `tags` are of what the entry belongs to, as a
    source's; tests of a column have the column's as well.
    """
    for definition in _definitions(entry):
        test = data_test(definition, None, defaults, generic, [*tags])
        if test is not None:
            yield test
    for item in items:
        of_column = tag_set(item.get("tags"), mapping(item.get("config")).get("tags"))
        for definition in _definitions(item):
            test = data_test(definition, item["name"], defaults, generic, [*tags, *of_column])
            if test is not None:
                yield test


def _definitions(entry: Mapping[str, Any]) -> Iterator[Any]:
    for key in ("tests", "data_tests"):
        listed = entry.get(key)
        if isinstance(listed, list):
            yield from listed


def data_test(
    definition: Any,
    column: str | None,
    defaults: Mapping[str, Any],
    generic: Mapping[str, Mapping[str, Any]],
    tags: Sequence[str] = (),
) -> DataTest | None:
    """One test: ``not_null``, ``{not_null: {…}}`` or ``{test_name: not_null, …}``; None if it is none."""
    if isinstance(definition, str):
        name, body = definition, {}
    elif not isinstance(definition, dict) or not definition:
        return None
    elif "test_name" in definition:
        name, body = definition["test_name"], dict(definition)
    else:
        name, inner = next(iter(definition.items()))
        # Beside the test there may stand its config, one level too high; dbt 1.10 takes it.
        body = {**{key: value for key, value in definition.items() if key != name}, **mapping(inner)}
    if not isinstance(name, str) or not name:
        return None
    config: dict[str, Any] = {"tags": tags} if tags else {}
    beside = {key: value for key, value in body.items() if key in _CONFIG}
    for level in (defaults, generic.get(name, {}), beside, mapping(body.get("config"))):
        merge_config(config, level)
    arguments = flat_arguments({key: value for key, value in body.items() if key not in _NOT_ARGUMENTS})
    named = arguments.pop("column_name", None)
    return DataTest(
        name=name,
        column=column or text_of(named),
        arguments=arguments,
        severity="warn" if str(config.get("severity", "")).lower() == "warn" else "error",
        enabled=config.get("enabled") is not False,
        idle=never_fails(config),
        lets_pass=lets_pass(config),
        title=text(body.get("name")) if "test_name" not in body or body.get("name") != name else "",
        where=text_of(config.get("where")) or "",
        meta=mapping(config.get("meta")),
        tags=tag_set(config.get("tags")),
    )


_ABSENT = object()


def freshness(*levels: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """``freshness`` of a source table from its levels, general to specific; None where it is off.

    Each level is a mapping that may have the key; its null turns freshness off, and a threshold
    completes the one above it.
    """
    current: dict[str, Any] | None = None
    for level in levels:
        own = level.get("freshness", _ABSENT)
        if own is _ABSENT:
            continue
        if not isinstance(own, dict):
            current = None
            continue
        base = current or {}
        current = {**base, **own}
        for key in ("warn_after", "error_after"):
            if isinstance(base.get(key), dict) and isinstance(own.get(key), dict):
                current[key] = {**base[key], **own[key]}
    return current
