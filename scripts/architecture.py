"""Draw the house in docs/architecture.md from the contracts of pyproject.toml and the rooms' docstrings.

    python scripts/architecture.py [--check]

With --check nothing is written; the exit code is 1 where the picture is not what it should be.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- house: written by scripts/architecture.py", "<!-- /house -->"


def picture() -> str:
    """The layers from the top down, a line a room: its name, its size, and what it says of itself."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    (layers,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    rooms = [[room.strip() for room in layer.split("|")] for layer in layers]
    width = max(len(room) for layer in rooms for room in layer)
    lines = []
    for layer in rooms:
        for place, room in enumerate(layer):
            sign = "│" if len(layer) == 1 else "├" if place else "┌"
            lines.append(f"{sign} {room:<{width}}  {_said(room)}")
    return "\n".join(lines)


def _said(room: str) -> str:
    """The first sentence of a room's docstring."""
    path = ROOT.joinpath(*room.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return text.split("\n\n")[0].replace("\n", " ").replace("``", "").rstrip(".")


def page() -> str:
    """The page with the picture as it is now."""
    text = PAGE.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    first, _, rest = rest.partition("\n")
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}{first}\n\n```text\n{picture()}\n```\n\n{END}{tail}"


def main() -> int:
    """Write or check the page."""
    text = page()
    if "--check" in sys.argv[1:]:
        current = PAGE.read_text(encoding="utf-8") == text
        if not current:
            print("docs/architecture.md is not current; run scripts/architecture.py", file=sys.stderr)
        return 0 if current else 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
