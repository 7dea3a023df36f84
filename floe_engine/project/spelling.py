"""What dbt's loose spellings mean, for both readers: tags, meta, grants, freshness, arguments.

Where dbt lets people write one thing in several ways, the ways meet here. No files, no nodes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Literal

from floe_engine.project.facts import NO_TAGS
from floe_engine.project.jinja.calls import HOOKS

Access = Literal["private", "protected", "public"]


def flat_arguments(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """A test's arguments with those under ``arguments:`` (dbt 1.10) lifted, and without ``model``."""
    nested = kwargs.get("arguments")
    flat = {str(key): value for key, value in kwargs.items() if key != "model"}
    if isinstance(nested, Mapping):
        del flat["arguments"]
        flat.update({str(key): value for key, value in nested.items() if key != "model"})
    return flat


def merged(outer: Mapping[str, Any] | None, config: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """``meta`` and ``config.meta`` as one; the latter wins."""
    if outer and config:
        return outer if outer == config else {**outer, **config}
    return outer or config or {}


def tag_set(*spellings: Any) -> frozenset[str]:
    """Tags, which dbt lets people write as one string or a list."""
    if not any(spellings):
        return NO_TAGS
    found: set[str] = set()
    for spelling in spellings:
        if isinstance(spelling, str):
            found.add(spelling)
        elif isinstance(spelling, list | tuple | frozenset):
            found.update(tag for tag in spelling if isinstance(tag, str))
    return frozenset(found) if found else NO_TAGS


def grants_of(grants: Mapping[str, Any] | None) -> dict[str, tuple[str, ...]]:
    """Privilege to grantees; one grantee may stand without a list, and ``+select`` means to add."""
    result: dict[str, tuple[str, ...]] = {}
    for privilege, grantees in (grants or {}).items():
        names = [grantees] if isinstance(grantees, str) else grantees
        if isinstance(names, list | tuple):
            result[str(privilege).lstrip("+")] = tuple(name for name in names if isinstance(name, str))
    return result


def access_of(value: Any) -> Access:
    """An access modifier; what is not one is dbt's default."""
    if value == "private":
        return "private"
    return "public" if value == "public" else "protected"


def text_of(value: Any) -> str | None:
    """A scalar as text; None and the empty string are absence."""
    return None if value is None or value == "" else str(value)


def first_text(value: Any) -> str:
    """A scalar as text, the first of a list; empty where there is none. Owners may have several addresses."""
    first = value[0] if isinstance(value, list) and value else value
    return "" if isinstance(first, list | dict) else text_of(first) or ""


def limits_of(freshness: Any) -> dict[str, Any]:
    """``warn_after`` and ``error_after``, each where it names a count; dbt writes empty objects.

    A model's ``build_after`` says when it is built anew, not when its data is too old.
    """
    found: dict[str, Any] = {}
    if not freshness or not isinstance(freshness, (dict, Mapping)):
        return found
    for key in ("warn_after", "error_after"):
        limit = freshness.get(key)
        # A dict is asked for first: it is one nearly always, and to ask an abstract class takes long.
        if limit and isinstance(limit, (dict, Mapping)) and limit.get("count") is not None:
            found[key] = {"count": limit["count"], "period": limit.get("period")}
    return found


def hooks_in(config: Mapping[str, Any]) -> Iterator[str]:
    """The SQL of a node's hooks: one or a list of texts, of ``{sql: …}``, or of such a mapping as JSON."""
    for key in HOOKS:
        value = config.get(key)
        for hook in value if isinstance(value, list) else (value,):
            if isinstance(hook, str) and hook.startswith("{") and not hook.startswith(("{{", "{%", "{#")):
                with suppress(ValueError):
                    hook = json.loads(hook)
            sql = hook.get("sql") if isinstance(hook, dict) else hook
            if isinstance(sql, str):
                yield sql


def holds_template(value: Any) -> bool:
    """Whether a config is, or has among its words, a template that could not be read."""
    if isinstance(value, str):
        return "{{" in value or "{%" in value
    if isinstance(value, Mapping):
        value = value.values()
    return isinstance(value, list | tuple | type({}.values())) and any(map(holds_template, value))


def names_in(value: Any) -> tuple[str, ...]:
    """One name, or a list of them: ``unique_key: id``, ``unique_key: [id, day]``."""
    listed = value if isinstance(value, list | tuple) else () if value is None else (value,)
    return tuple(text for item in listed if (text := text_of(item)))
