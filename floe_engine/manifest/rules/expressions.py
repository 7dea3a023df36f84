"""Regular expressions: valid, and unable to run for years on a short name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from floe_engine.document.diagnostics import Diagnostic
from floe_engine.manifest.draft import Draft, KeyPath

LONGEST = 500
"""Characters; a longer expression is not for names."""


def expressions_compile(draft: Draft) -> Iterator[Diagnostic]:
    """Every expression compiles, is short, and has no repetition inside a repetition."""
    for path, text in _expressions(draft):
        if len(text) > LONGEST:
            yield draft.report(
                "FLOE-M037",
                path,
                f"the expression is {len(text)} characters long; at most {LONGEST} are allowed",
            )
            continue
        try:
            re.compile(text)
        except (re.error, OverflowError, RecursionError) as error:
            where = f" at character {error.pos + 1}" if isinstance(error, re.error) and error.pos else ""
            reason = error.msg if isinstance(error, re.error) else "too large"
            yield draft.report(
                "FLOE-M036",
                path,
                f"not a regular expression: {reason}{where}",
                hint="Python's syntax; in YAML, single quotes keep backslashes as they are",
            )
            continue
        nested = nested_repetition(text)
        if nested is not None:
            yield draft.report(
                "FLOE-M037",
                path,
                f"`{nested}` repeats a repetition, which can take for ever on a name that does not match",
                hint="repeat once: `[a-z_]+` instead of `([a-z]+_?)*`",
            )


def _expressions(draft: Draft) -> Iterator[tuple[KeyPath, str]]:
    naming = ("data_architecture", "naming")
    pattern = draft.text(*naming, "name_pattern")
    if pattern is not None:
        yield (*naming, "name_pattern"), pattern
    yield from draft.texts(*naming, "custom_patterns")
    for parent in (
        ("governance", "classification", "name_patterns"),
        ("catalog", "schema_registry", "type_rules"),
    ):
        for path, entry in draft.mappings(*parent):
            if isinstance(entry.get("pattern"), str):
                yield (*path, "pattern"), entry["pattern"]


def nested_repetition(expression: str) -> str | None:
    """The first group with an unbounded repetition inside that is itself repeated, None if there is none."""
    groups: list[tuple[int, bool]] = []
    index, inside_class = 0, False
    while index < len(expression):
        character = expression[index]
        if character == "\\":
            index += 2
            continue
        if inside_class:
            inside_class = character != "]"
        elif character == "[":
            inside_class = True
            if expression[index + 1 : index + 2] == "^":
                index += 1
            if expression[index + 1 : index + 2] == "]":
                index += 1
        elif character == "(":
            groups.append((index, False))
        elif character == ")" and groups:
            start, repeats = groups.pop()
            length = _unbounded(expression, index + 1)
            if repeats and length:
                return expression[start : index + 1 + length]
            if groups and (repeats or length):
                groups[-1] = (groups[-1][0], True)
        elif groups and _unbounded(expression, index):
            groups[-1] = (groups[-1][0], True)
        index += 1
    return None


_UNBOUNDED = re.compile(r"[*+]|\{\d*,\}|\{\d*,\d{3,}\}")


def _unbounded(expression: str, index: int) -> int:
    """Length of an unbounded quantifier at a place, 0 where there is none."""
    found = _UNBOUNDED.match(expression, index)
    return len(found.group()) if found else 0
