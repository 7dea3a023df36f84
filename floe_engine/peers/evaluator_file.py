"""What a ``dbt_project.yml`` asks of dbt-project-evaluator: its variables, and which rules it turns off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from floe_engine.acts import Act
from floe_engine.document.nodes import Node
from floe_engine.manifest.nested import get
from floe_engine.peers.carrying import Check, ConfiguredCheck, NotCarried, texts
from floe_engine.peers.evaluator import FOLDERS, TYPED, VARIABLES, types_of

_PACKAGE = "dbt_project_evaluator"
_SECTIONS = ("vars", "models", "seeds", "tests", "data_tests")


def is_one(values: Mapping[str, Any]) -> bool:
    """Whether a file says anything to the package."""
    return any(_of(values, section) is not None for section in _SECTIONS)


def _of(values: Mapping[str, Any], section: str) -> Mapping[str, Any] | None:
    inner = get(values, (section, _PACKAGE))
    return inner if isinstance(inner, dict) else None


def wanted(values: Mapping[str, Any], root: Node | None) -> Iterator[ConfiguredCheck]:
    """The rules that are on, with what they are given."""
    line = _line(values, root)
    top = values.get("vars")
    known = {key: value for key, value in top.items() if key in VARIABLES} if isinstance(top, dict) else {}
    variables = {**VARIABLES, **known, **(_of(values, "vars") or {})}
    severity = _severity(values)
    turned = _of(values, "models") or {}
    try:
        patterns = variables.get("exclude_paths_from_project")
        exclude = tuple(texts([] if patterns is None else patterns, "it is no list of regular expressions"))
    except NotCarried as error:
        exclude = ()
        yield ConfiguredCheck("exclude_paths_from_project", line=line, why=str(error))
    for folder, checks in FOLDERS.items():
        for check in checks:
            if not _on(turned, ("marts", folder, check.name)):
                continue
            narrowed = () if check.subject == "project" else exclude
            try:
                given = _given(check, variables)
            except NotCarried as error:
                yield ConfiguredCheck(check.name, line=line, why=str(error))
            else:
                yield ConfiguredCheck(
                    check.name, given, exclude=narrowed, severity=severity, searched=True, line=line
                )
    if _of(values, "seeds") is not None:
        yield ConfiguredCheck(
            "exceptions",
            line=line,
            why=f"exceptions stand in a seed; {Act.WAIVE} writes a waiver with a reason, an owner and an end",
        )


def _line(values: Mapping[str, Any], root: Node | None) -> int:
    section = next(section for section in _SECTIONS if _of(values, section) is not None)
    if root is None or section not in root.children or _PACKAGE not in root.children[section].children:
        return 0
    return root.children[section].children[_PACKAGE].line + 1


def _given(check: Check, variables: Mapping[str, Any]) -> dict[str, Any]:
    return {
        each.name: types_of(variables) if each is TYPED else variables.get(each.name) for each in check.takes
    }


def _severity(values: Mapping[str, Any]) -> Any:
    """The package's tests only warn, unless somebody says else."""
    for section in ("data_tests", "tests"):
        said = _of(values, section) or {}
        if str(said.get("+severity", said.get("severity", ""))).lower() == "error":
            return "error"
    return "warning"


def _on(tree: Mapping[str, Any], path: tuple[str, ...]) -> bool:
    """Whether a model of the package is enabled: what is nearest to it counts."""
    on, level = True, tree
    for key in (None, *path):
        if key is not None:
            inner = level.get(key)
            if not isinstance(inner, dict):
                continue  # a folder that is not named
            level = inner
        said = level.get("+enabled", level.get("enabled", on))
        on = said if isinstance(said, bool) else str(said).strip().lower() != "false"
    return on
