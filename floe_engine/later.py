"""Modules that a library imports for what a command seldom asks: each is executed when something asks it.

For floe's own programs alone: whoever imports the engine decides about the interpreter's modules.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import module_from_spec
from types import ModuleType
from typing import Any

_EXECUTING = threading.RLock()


class _Later(ModuleType):
    """Stands for a module, and becomes it. `importlib.util.LazyLoader` shows other threads half of one."""

    def __getattr__(self, name: str) -> Any:
        spec = self.__spec__
        with _EXECUTING:
            if vars(self).pop("_waits", False) and spec is not None and spec.loader is not None:
                spec.loader.exec_module(self)
                self.__class__ = ModuleType  # type: ignore[assignment]
        if name in vars(self):
            return vars(self)[name]
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")


def execute_when_asked(*names: str) -> None:
    """Let each of some modules wait until it is asked for anything; those that are there stay."""
    for name in names:
        if name not in sys.modules and (spec := _found(name)) is not None:
            module = module_from_spec(spec)
            module.__class__ = _Later
            vars(module)["_waits"] = True
            sys.modules[name] = module
            package, _, last = name.rpartition(".")
            if package in sys.modules:  # as `import` does: whoever asks the package for it executes neither
                vars(sys.modules[package])[last] = module


def _found(name: str) -> ModuleSpec | None:
    """Where a module is; a package that it is part of is not imported for that."""
    package, _, _ = name.rpartition(".")
    if not package:
        return PathFinder.find_spec(name)
    around = _found(package)
    inside = around.submodule_search_locations if around is not None else None
    return PathFinder.find_spec(name, inside) if inside is not None else None  # else it would look everywhere


@contextmanager
def not_installed(name: str) -> Iterator[None]:
    """What is imported in here does without a module; one that is there stays."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]  # as Python documents it
    try:
        yield
    finally:
        del sys.modules[name]
