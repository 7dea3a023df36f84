"""What a test's config lets pass: some rows, or everything.

``where``, ``limit`` and ``error_if`` decide on which rows dbt looks and how many of them fail a test
(docs.getdbt.com, reference/resource-configs). From them alone it can be told when a test can never
fail, and what a test that can fail does not see.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from floe_engine.patterns import pattern
from floe_engine.project.spelling import text_of

_DEFAULTS = frozenset({"", "!=0", "!= 0", "<>0", "<> 0", ">0", "> 0", ">=1", ">= 1"})
_LITERAL = r"-?\d+(?:\.\d+)?|'[^']*'"
_CONSTANT = pattern(rf"({_LITERAL})\s*(=|==|<>|!=|<=|>=|<|>)\s*({_LITERAL})")
_CONDITION = pattern(r"(=|==|<>|!=|<=|>=|<|>)\s*(-?\d+)")
_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "==": operator.eq,
    "<>": operator.ne,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_SHOWN = 60


def never_fails(config: Mapping[str, Any]) -> str:
    """Why a test of this config can find nothing wrong ever; empty where it can."""
    if not config:
        return ""
    where, limit = text_of(config.get("where")) or "", config.get("limit")
    if where and _is_false(where):
        return f"where: {_shown(where)} is true of no row"
    rows = limit if isinstance(limit, int) and not isinstance(limit, bool) else None
    if rows is not None and rows <= 0:
        return f"limit: {rows} lets it look at no row"
    condition = _condition(config)
    if condition is not None and not _can_hold(*condition, rows):
        counted = f" with limit: {rows}" if rows is not None else ""
        return f"error_if: {condition[0]}{condition[1]} cannot come true{counted}"
    return ""


def lets_pass(config: Mapping[str, Any]) -> str:
    """What a test of this config does not see, as the end of a sentence; empty where it sees all."""
    if not config:
        return ""
    said = []
    if str(config.get("severity", "")).lower() == "warn":
        said.append("only warns")
    if where := text_of(config.get("where")):
        said.append(f"looks only at rows where {_shown(where)}")
    if (error_if := text_of(config.get("error_if")) or "").strip() not in _DEFAULTS:
        condition = _condition(config)
        tolerated = {">": 0, ">=": -1}.get(condition[0]) if condition is not None else None
        if condition is not None and tolerated is not None:
            said.append(f"lets {condition[1] + tolerated} failing rows pass")
        else:
            said.append(f"fails only if their count is {_shown(error_if)}")
    return " and ".join(said)


def _condition(config: Mapping[str, Any]) -> tuple[str, int] | None:
    match = _CONDITION.fullmatch((text_of(config.get("error_if")) or "").strip())
    return (match[1], int(match[2])) if match else None


def _can_hold(sign: str, number: int, most: int | None) -> bool:
    """Whether some count of failing rows that is not none satisfies a condition: 1 … `most`."""
    tried = {1, number - 1, number, number + 1, most if most is not None else number + 1}
    counts = {count for count in tried if count >= 1 and (most is None or count <= most)}
    return any(_OPERATORS[sign](count, number) for count in counts)


@lru_cache(maxsize=1024)  # many tests of a project have the same one
def _is_false(condition: str) -> bool:
    """Whether no row can satisfy a SQL condition, as far as its constants tell."""
    plain = condition.strip().rstrip(";").strip()
    while plain.startswith("(") and plain.endswith(")") and "(" not in plain[1:]:
        plain = plain[1:-1].strip()
    if re.search(r"\bor\b|\bcase\b|--|/\*", plain, re.I):
        return False
    parts = [part.strip(" ()") for part in re.split(r"\band\b", plain, flags=re.I)]
    return any(_false_part(part) for part in parts)


def _false_part(part: str) -> bool:
    if re.fullmatch(r"false|null|not\s+true|0", part, re.I):
        return True
    match = _CONSTANT.fullmatch(part)
    if match is None:
        return False
    left, sign, right = match.groups()
    if left.startswith("'") != right.startswith("'"):
        return False
    if left.startswith("'"):
        return not _OPERATORS[sign](left, right)
    return not _OPERATORS[sign](float(left), float(right))


def _shown(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"
