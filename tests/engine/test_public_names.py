"""The engine's public surface: lazy at run time, and written once, where type checkers read it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import floe_engine

STUB = Path(floe_engine.__file__).with_name("__init__.pyi")


def test_every_public_name_can_be_imported() -> None:
    for name in floe_engine.__all__:
        assert getattr(floe_engine, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = floe_engine.nonsense


def test_every_line_of_the_stub_is_one_that_is_read() -> None:
    imports = [node for node in ast.parse(STUB.read_text()).body if isinstance(node, ast.ImportFrom)]
    seen = {alias.asname for node in imports for alias in node.names}
    assert {"__version__", *seen} == set(floe_engine.__all__)
    assert all(alias.name == alias.asname for node in imports for alias in node.names)
    assert len(seen) == len(imports), "a name has one home, and a line of its own"


def test_all_names_can_be_taken_at_once() -> None:
    taken: dict[str, object] = {}
    exec("from floe_engine import *", taken)
    assert {*floe_engine.__all__} <= taken.keys()


def test_what_a_public_function_gives_and_what_that_holds_is_public_too() -> None:
    """Whoever gets a result can say its type, and that of its fields, without a private import."""
    homes = {name: module for module, name in _imports(ast.parse(STUB.read_text()))}
    given = {
        found
        for name, module in homes.items()
        for node in _tree(module).body
        if isinstance(node, ast.FunctionDef) and node.name == name and node.returns
        for found in _classes(module, node.returns)
    }
    held = {
        found
        for module, name in given
        for field in _class(module, name).body
        if isinstance(field, ast.AnnAssign) and not ast.unparse(field.target).startswith("_")
        for found in _classes(module, field.annotation)
    }
    assert len(given) > 40 and len(held) > 40
    assert sorted(f"{module}.{name}" for module, name in given | held if homes.get(name) != module) == []


@cache
def _tree(module: str) -> ast.Module:
    path = STUB.parents[1].joinpath(*module.split("."))
    return ast.parse((path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_text())


def _imports(tree: ast.AST) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("floe_engine."):
            yield from ((node.module or "", alias.name) for alias in node.names)


def _class(module: str, name: str) -> ast.ClassDef:
    return next(node for node in _tree(module).body if isinstance(node, ast.ClassDef) and node.name == name)


def _classes(module: str, annotation: ast.expr) -> Iterator[tuple[str, str]]:
    """The engine's own classes that an annotation of a module names: home and name. Aliases are none."""
    tree = _tree(module)
    homes = {name: home for home, name in _imports(tree)}
    for node in ast.walk(annotation):
        if isinstance(node, ast.Name):
            home = homes.get(node.id, module)
            if any(isinstance(one, ast.ClassDef) and one.name == node.id for one in _tree(home).body):
                yield home, node.id
