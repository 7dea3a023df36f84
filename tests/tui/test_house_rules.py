"""House rules in the workbench: read beside their results, and written with their examples asked live."""

from __future__ import annotations

from pathlib import Path

import pytest

from floe_tui.places.manifest.screen import ManifestScreen
from floe_tui.widgets.rule_pane import RulePane
from floe_tui.widgets.text_view import TextView

from .conftest import MANIFEST, Start, idle, place, rows, title, until

RULES = """\
governance:
  custom_rules:
    - id: gold-has-an-owner
      type: cel
      when: model.layer == 'gold'
      expr: model.owner != null
      message: "nobody answers for {model.name}"
      examples:
        pass: [{layer: gold, owner: core}]
        fail: [{layer: gold, name: orders}]
"""


@pytest.fixture
def ruled(platform: Path) -> Path:
    """A platform with a rule of its own."""
    (platform / "manifest.yaml").write_text(MANIFEST + RULES)
    return platform


async def test_a_house_rule_stands_beside_the_result_of_its_examples(workbench: Start, ruled: Path) -> None:
    app = workbench(ruled)
    async with app.run_test(size=(140, 40)) as pilot:
        await pilot.press("f4")
        await idle(pilot, app)
        await pilot.press("end")
        assert [row.cells[0] for row in rows(app)][-2:] == [
            "gold-has-an-owner: example 1 passes",
            "gold-has-an-owner: example 1 is refused",
        ]
        assert "House rules" in [row.cells[1].strip("▾ ") for row in rows(app) if row.heading]
        text = place(app).query_one("#case TextView", TextView).text
        assert "expr     model.owner != null" in text
        assert "nobody answers for orders" in text
        line = (MANIFEST + RULES).splitlines().index("      expr: model.owner != null") + 1
        assert f"manifest.yaml :{line}" in title(app, "#source")


@pytest.mark.parametrize("size", [(80, 24), (140, 40)], ids=["narrow", "wide"])
async def test_its_examples_are_asked_as_it_is_typed(
    workbench: Start, ruled: Path, size: tuple[int, int]
) -> None:
    app = workbench(ruled)
    async with app.run_test(size=size) as pilot:
        await pilot.press("f4")
        await idle(pilot, app)
        await pilot.press("end", "e")
        await until(pilot, lambda: isinstance(app.screen, ManifestScreen))
        screen = app.screen
        assert isinstance(screen, ManifestScreen)
        pane = screen.query_one(RulePane)
        await until(pilot, lambda: pane.region.area > 0 and "✓ 2 examples" in title(app, "#rule"))
        assert screen.editor.has_focus, "e leads to the text, at the expression"
        row, column = screen.editor.cursor_location
        assert screen.editor.document.get_line(row)[column:] == "model.owner != null"
        await until(pilot, lambda: 0 <= row - screen.editor.scroll_offset.y < screen.editor.size.height)
        assert not screen.query_one("#made-files").region.area, "the files make room"

        for key in ("t", "r", "u", "e", "space", "|", "|", "space"):
            await pilot.press(key)
        await until(pilot, lambda: "✗ 1 of 2 examples" in title(app, "#rule"))
        assert "the rule passes it" in pane.query_one(TextView).text
        await pilot.press("backspace", "backspace", "backspace", "x")
        await until(pilot, lambda: "mistake" in title(app, "#rule"))
        assert pane.region.area, "a line that means nothing yet takes nothing away"

        await pilot.press("ctrl+home")
        await until(pilot, lambda: not pane.region.area)
        await idle(pilot, app)
        assert bool(screen.query_one("#made-files").region.area) == (size[0] > 100)
