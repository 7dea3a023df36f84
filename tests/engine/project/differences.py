"""What two readers disagree about in one project, as lines to read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec.structs import fields, replace

from floe_engine.project.facts import Argument, Column, DataTest, Model, Project, ProjectTest, folded

# Only dbt knows the target's schema and database, what a compiled query looks like and how it
# hashes a snapshot; only files know their own text.
_UNCOMPARED = {"schema", "database", "code", "compiled", "raw_code", "checksum", "relation"}
_UNCOMPARED |= {"used_by", "macros", "unread_configs"}  # which macro a node calls, and what only dbt reads
_UNCOMPARED |= {"unread"}  # a manifest misses nothing


def differences(static: Project, manifest: Project, *, lines: bool = True) -> list[str]:
    """Empty where both readers tell the same facts.

    Without `lines` it does not matter where they stand, for a manifest does not tell the lines of names that
    YAML has escaped or that stand behind an alias; nor how often a reference is written, and tests are
    compared as those of their models alone.
    """
    found: list[str] = []
    for kind in ("models", "sources", "exposures", "macros", "semantic_models", "unit_tests", "groups"):
        ours = {_identity(node): node for node in getattr(static, kind)}
        theirs = {_identity(node): node for node in getattr(manifest, kind)}
        found += [f"{kind}: only one reader has {name}" for name in sorted(set(ours) ^ set(theirs))]
        for name in sorted(set(ours) & set(theirs)):
            found += _differing(name, ours[name], theirs[name], static.name, lines)
    if not lines:
        mine, its = (
            {test.unique_id: test for test in project.tests if not test.test}
            for project in (static, manifest)
        )
        found += [f"tests: only one reader has {name}" for name in sorted(mine.keys() ^ its.keys())]
        for name in sorted(mine.keys() & its.keys()):
            found += _differing(name, mine[name], its[name], static.name, lines)
        return found
    ours, theirs = (sorted(map(_asked, project.tests)) for project in (static, manifest))
    found += [f"tests: only files have {each}" for each in ours if each not in theirs]
    return found + [f"tests: only the manifest has {each}" for each in theirs if each not in ours]


def _asked(test: ProjectTest) -> tuple[str, str, str, str, tuple[str, ...]]:
    """What a test asks: dbt makes the names of generic ones."""
    return (
        test.test or test.name,
        test.column or "",
        test.where,
        test.severity,
        (*sorted(test.tags), *sorted(map(repr, test.meta.items()))),
    )


def _identity(node: Any) -> str:
    return str(getattr(node, "unique_id", None) or node.name)


def _differing(name: str, static: Any, manifest: Any, project: str, lines: bool) -> Iterator[str]:
    for field in fields(Model if isinstance(static, Model) else type(static)):
        if field.name in _UNCOMPARED or (field.name == "line" and not lines):
            continue
        ours, theirs = (
            _plain(field.name, getattr(node, field.name), project, lines) for node in (static, manifest)
        )
        if ours != theirs:
            yield f"{name}.{field.name}: files say {ours}, manifest says {theirs}"


def _plain(field: str, value: Any, project: str, lines: bool) -> Any:
    if field in ("tests", "idle_tests"):
        return sorted(map(_test, value))
    if field == "parents":  # what an installed package has only dbt knows
        return sorted(parent for parent in value if parent.split(".")[1] == project)
    if field == "references" and not lines:
        return sorted(set(map(repr, value)))
    if field in ("columns", "arguments"):
        return [_documented(each, lines) for each in value]
    return bool(value) if field == "description" else value


def _test(test: DataTest) -> tuple[str, str, str, list[str]]:
    # A manifest has Jinja in arguments as it is written, files what it stands for.
    arguments = sorted(f"{key}={value!r}" for key, value in test.arguments.items() if key != "least")
    return test.name, folded(test.column or ""), test.severity, arguments


def _documented(column: Column | Argument, lines: bool) -> Column | Argument:
    """A ``doc()`` block is text in a manifest and a call in a file; both are a description."""
    column = replace(column, description="described" if column.description else "")
    return replace(column, line=0) if isinstance(column, Column) and not lines else column
