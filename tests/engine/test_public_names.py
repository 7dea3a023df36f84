"""The engine's public surface: lazy at run time, and the same names for type checkers."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import floe_engine


def test_every_public_name_can_be_imported() -> None:
    for name in floe_engine.__all__:
        assert getattr(floe_engine, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = floe_engine.nonsense


def test_type_checkers_see_the_same_names_from_the_same_rooms() -> None:
    source = Path(floe_engine.__file__).read_text()
    seen = {
        alias.asname: node.module
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("floe_engine.")
        for alias in node.names
    }
    assert seen == {name: f"floe_engine.{home}" for name, home in floe_engine._HOME.items()}
