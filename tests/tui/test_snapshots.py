"""How every place looks, small and large, light and dark. No clock, no spinner, no absolute path.

`pytest tests/tui/test_snapshots.py --snapshot-update` makes them anew; look at what changed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from floe_tui.app import Workbench
from floe_tui.panels.panel import Panel

from .conftest import MANIFEST, Start, idle, until

Compare = Callable[..., bool]
Before = Callable[[Pilot[None]], Awaitable[None]]

LOOKS = pytest.mark.parametrize(
    ("size", "theme"),
    [
        pytest.param(size, theme, id=f"{size[0]}x{size[1]}-{theme.removeprefix('floe-')}")
        for size in ((80, 24), (160, 45))
        for theme in ("floe-dark", "floe-light")
    ],
)


@pytest.fixture(autouse=True)
def _no_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for the user to rest begins at once, so that nothing begins after the picture."""
    monkeypatch.setattr("floe_tui.places.manifest.live_check.SHORTEST", 0.01)
    monkeypatch.setattr("floe_tui.places.manifest.live_check.LONGEST", 0.01)
    monkeypatch.setattr("floe_tui.places.registry.screen.REST", 0.01)


@pytest.fixture(autouse=True)
def _no_blinking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cursors stand still from the start: one stopped while it is out may stay out, for lines are cached."""
    for kind in (Input, TextArea):
        monkeypatch.setattr(kind.cursor_blink, "_default", False)


def then(*keys: str, asks: bool = False) -> Before:
    """Press keys, waiting for all work after each; where the last `asks`, for the panel that it brings."""

    async def before(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, Workbench)
        await idle(pilot, app)
        for key in keys:
            await pilot.press(key)
            if asks and key is keys[-1]:
                await until(pilot, lambda: isinstance(app.screen, Panel) and app.focused is not None)
                await pilot.pause()
            else:
                await idle(pilot, app)

    return before


@LOOKS
@pytest.mark.parametrize(
    "name", ["manifest", "help", "palette", "find", "jump", "quit", "complete", "explain"]
)
def test_the_manifest_and_what_opens_over_it(
    snap_compare: Compare, workbench: Start, platform: Path, size: tuple[int, int], theme: str, name: str
) -> None:
    (platform / "manifest.yaml").write_text(MANIFEST.replace("duckdb", "duckbd") + "governence: {}\n")
    keys = {
        "manifest": ("f8",),
        "help": ("f1",),
        "palette": ("ctrl+p",),
        "find": ("ctrl+f", "t", "y", "p", "e", "enter"),
        "jump": ("ctrl+o",),
        "quit": ("x", "ctrl+q"),
        "complete": ("down", "down", "end", "enter", "o"),
        "explain": ("f8", "ctrl+n"),
    }[name]
    assert snap_compare(workbench(platform, theme=theme), terminal_size=size, run_before=then(*keys))


PLATFORM = {
    "good-manifest": ("f2",),
    "versions": ("f3",),
    "side": ("f3", "o"),
    "policy": ("f4", "down"),
    "mutants": ("f4", "m", "down"),
    "publish": ("f5",),
    "signer": ("f5", "s"),
    "confirm": ("f5", "p"),
    "registry": ("f6",),
    "details": ("f6", "enter"),
}
PROJECT = {
    "project": ("down",),
    "upgrade": ("u", "enter"),
    "hits": ("f3", "p"),
    "text": ("f3", "ctrl+l"),
    "pinned": ("f6",),
    "pin": ("f6", "i"),
}


@LOOKS
@pytest.mark.parametrize("name", PLATFORM)
def test_the_platform_teams_places(
    snap_compare: Compare,
    workbench: Start,
    published: Path,
    size: tuple[int, int],
    theme: str,
    name: str,
) -> None:
    app = workbench(published, theme=theme)
    before = then(*PLATFORM[name], asks=name == "confirm")
    assert snap_compare(app, terminal_size=size, run_before=before)


@LOOKS
@pytest.mark.parametrize("name", PROJECT)
def test_the_data_teams_places(
    snap_compare: Compare,
    workbench: Start,
    project: Path,
    size: tuple[int, int],
    theme: str,
    name: str,
) -> None:
    app = workbench(project, theme=theme)
    assert snap_compare(app, terminal_size=size, run_before=then(*PROJECT[name]))


@pytest.mark.parametrize("theme", ["floe-ansi", "floe-colour-blind"])
def test_the_other_themes(snap_compare: Compare, workbench: Start, platform: Path, theme: str) -> None:
    (platform / "manifest.yaml").write_text(MANIFEST.replace("duckdb", "duckbd"))
    assert snap_compare(workbench(platform, theme=theme), terminal_size=(80, 24), run_before=then("f8"))


def test_a_terminal_that_is_too_small(snap_compare: Compare, workbench: Start, platform: Path) -> None:
    assert snap_compare(workbench(platform), terminal_size=(58, 14), run_before=then())


@LOOKS
def test_the_first_pin(
    snap_compare: Compare,
    workbench: Start,
    published: Path,
    data_team: Path,
    size: tuple[int, int],
    theme: str,
) -> None:
    app = workbench(data_team, theme=theme)
    assert snap_compare(app, terminal_size=size, run_before=then("f6", "i", "enter"))
