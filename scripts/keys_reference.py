"""Write docs/keys.md from the workbench's table of actions."""

from __future__ import annotations

from pathlib import Path

from floe_tui.keys_page import markdown

if __name__ == "__main__":
    page = Path(__file__).parents[1] / "docs" / "keys.md"
    page.write_text(markdown(), encoding="utf-8")
    print(page)
