"""floe's engine: platform policies as signed OCI artifacts, and dbt projects judged by them.

The public names are those of ``__init__.pyi``, with their types. `floe_engine.cli` and `floe_tui` are
the two faces; other programs may use the same names (docs/python.md). They are imported on first use
(PEP 562), so that importing the package costs nothing.
"""

from __future__ import annotations

from floe_engine import starting

if starting.is_program():
    starting.begin()

from functools import cache
from typing import Any

__version__ = "0.1.0"


@cache
def _homes() -> dict[str, str]:
    """Public name to the module that it lives in."""
    import re
    from pathlib import Path

    stub = Path(__file__).with_name("__init__.pyi").read_text(encoding="utf-8")
    return {name: home for home, name in re.findall(r"^from (\S+) import (\w+) as", stub, re.MULTILINE)}


def __getattr__(name: str) -> Any:
    if name == "__all__":
        return ["__version__", *sorted(_homes())]
    if name.startswith("_") or name not in _homes():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_homes()[name]), name)


def __dir__() -> list[str]:
    return list(__getattr__("__all__"))
