"""The engine's public surface: lazy at run time, and written once, where type checkers read it."""

from __future__ import annotations

import ast
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
