"""Text that is longer than its place: every character of it can be read."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult

from floe_tui.themes import FALLBACK
from floe_tui.widgets.text_view import TextView

DIGEST = "sha256:" + "0123456789abcdef" * 4


class Alone(App[None]):
    def get_theme_variable_defaults(self) -> dict[str, str]:
        return FALLBACK

    def compose(self) -> ComposeResult:
        yield TextView(wrap=True)


def shown(view: TextView) -> str:
    """What is drawn of the whole text, without the breaks."""
    drawn = []
    for y in range(view.virtual_size.height):
        view.scroll_to(0, y, animate=False)
        drawn.append(view.render_line(y - view.scroll_offset.y).text.strip())
    return "".join(drawn)


@pytest.mark.parametrize("lines", [1, 6, 7, 8, 40])
@pytest.mark.parametrize("width", [30, 40, 41])
async def test_both_ends_of_a_digest_are_seen_beside_the_scroll_bar(lines: int, width: int) -> None:
    app = Alone()
    async with app.run_test(size=(width, 12)) as pilot:
        view = app.query_one(TextView)
        view.show("\n".join([DIGEST] * lines))
        await pilot.pause()
        for room in (width, width - 7):
            await pilot.resize_terminal(room, 12)
            await pilot.pause()
            seen = shown(view)
            assert seen.count(DIGEST[:9]) == lines
            assert seen.count(DIGEST[-8:]) == lines


async def test_a_command_is_broken_and_never_cut() -> None:
    app = Alone()
    async with app.run_test(size=(40, 12)) as pilot:
        view = app.query_one(TextView)
        view.show(f"$ cosign verify {DIGEST}")
        await pilot.pause()
        assert DIGEST in shown(view)


async def test_a_shorter_text_uses_the_place_of_the_scroll_bar_again() -> None:
    app = Alone()
    async with app.run_test(size=(40, 12)) as pilot:
        view = app.query_one(TextView)
        view.show("\n".join(["short"] * 40))
        await pilot.pause()
        assert view.show_vertical_scrollbar
        view.show("x" * 38)
        await pilot.pause()
        assert view.virtual_size.height == 1
