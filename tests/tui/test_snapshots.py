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

SIZES = ((80, 24), (120, 36), (160, 45))


def looks(*chosen: tuple[tuple[int, int], str]) -> pytest.MarkDecorator:
    """A picture in each size and theme."""
    return pytest.mark.parametrize(
        ("size", "theme"),
        [pytest.param(size, f"floe-{theme}", id=f"{size[0]}x{size[1]}-{theme}") for size, theme in chosen],
    )


PLACE = looks(*((size, theme) for size in SIZES for theme in ("dark", "light")))
"""Every place at three sizes, in both themes."""

OVER = looks((SIZES[0], "dark"), (SIZES[1], "light"))
"""What opens over a place: small and dark, larger and light."""


@pytest.fixture(autouse=True)
def _no_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for the user to rest begins at once, so that nothing begins after the picture."""
    monkeypatch.setattr("floe_tui.places.manifest.live_check.SHORTEST", 0.01)
    monkeypatch.setattr("floe_tui.places.manifest.live_check.LONGEST", 0.01)
    monkeypatch.setattr("floe_tui.places.registry.screen.REST", 0.01)
    # How long something took is told, and is another each time.
    monkeypatch.setattr("floe_tui.places.publish.preflight.clock", lambda: 0.0)
    monkeypatch.setattr("floe_tui.jobs.clock", lambda: 0.0)


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


MANIFEST_PANELS = {
    "help": ("f1",),
    "palette": ("ctrl+p",),
    "find": ("ctrl+f", "t", "y", "p", "e", "enter"),
    "jump": ("ctrl+o",),
    "quit": ("x", "ctrl+q"),
    "complete": ("down", "down", "end", "enter", "o"),
    "explain": ("f8", "ctrl+n"),
}


def mistaken(platform: Path) -> Path:
    """A manifest with an error and a warning."""
    (platform / "manifest.yaml").write_text(MANIFEST.replace("duckdb", "duckbd") + "governence: {}\n")
    return platform


@PLACE
def test_the_manifest(
    snap_compare: Compare, workbench: Start, platform: Path, size: tuple[int, int], theme: str
) -> None:
    app = workbench(mistaken(platform), theme=theme)
    assert snap_compare(app, terminal_size=size, run_before=then("f8"))


@OVER
@pytest.mark.parametrize("name", MANIFEST_PANELS)
def test_what_opens_over_the_manifest(
    snap_compare: Compare, workbench: Start, platform: Path, size: tuple[int, int], theme: str, name: str
) -> None:
    app = workbench(mistaken(platform), theme=theme)
    assert snap_compare(app, terminal_size=size, run_before=then(*MANIFEST_PANELS[name]))


@PLACE
def test_start(
    snap_compare: Compare, workbench: Start, directory: Path, size: tuple[int, int], theme: str
) -> None:
    assert snap_compare(workbench(directory, theme=theme), terminal_size=size, run_before=then("down"))


PLATFORM = {"versions": "f3", "policy": "f4", "registry": "f6"}

PLATFORM_PANELS = {
    "side": ("f3", "o"),
    "mutants": ("f4", "m", "down"),
    "signer": ("f5", "s"),
    "confirm": ("f5", "p"),
    "details": ("f6", "enter"),
}

PROJECT_PANELS = {
    "upgrade": ("u", "enter"),
    "waive": ("down", "w"),
    "hits": ("f3", "p"),
    "text": ("f3", "ctrl+l"),
    "pin": ("f6", "i"),
}


@PLACE
@pytest.mark.parametrize("name", PLATFORM)
def test_the_platform_teams_places(
    snap_compare: Compare, workbench: Start, published: Path, size: tuple[int, int], theme: str, name: str
) -> None:
    app = workbench(published, theme=theme)
    assert snap_compare(app, terminal_size=size, run_before=then(PLATFORM[name]))


@PLACE
def test_the_preflight(
    snap_compare: Compare,
    workbench: Start,
    published: Path,
    size: tuple[int, int],
    theme: str,
) -> None:
    assert snap_compare(workbench(published, theme=theme), terminal_size=size, run_before=then("f5"))


@OVER
@pytest.mark.parametrize("name", PLATFORM_PANELS)
def test_what_opens_over_the_platform_teams_places(
    snap_compare: Compare,
    workbench: Start,
    published: Path,
    size: tuple[int, int],
    theme: str,
    name: str,
) -> None:
    before = then(*PLATFORM_PANELS[name], asks=name == "confirm")
    assert snap_compare(workbench(published, theme=theme), terminal_size=size, run_before=before)


@PLACE
def test_the_project(
    snap_compare: Compare, workbench: Start, project: Path, size: tuple[int, int], theme: str
) -> None:
    assert snap_compare(workbench(project, theme=theme), terminal_size=size, run_before=then("down"))


@OVER
@pytest.mark.parametrize("name", PROJECT_PANELS)
def test_what_opens_over_the_data_teams_places(
    snap_compare: Compare, workbench: Start, project: Path, size: tuple[int, int], theme: str, name: str
) -> None:
    app = workbench(project, theme=theme)
    assert snap_compare(app, terminal_size=size, run_before=then(*PROJECT_PANELS[name]))


@pytest.mark.parametrize("theme", ["floe-ansi", "floe-colour-blind"])
def test_the_other_themes(snap_compare: Compare, workbench: Start, platform: Path, theme: str) -> None:
    app = workbench(mistaken(platform), theme=theme)
    assert snap_compare(app, terminal_size=(80, 24), run_before=then("f8"))


def test_a_terminal_that_is_too_small(snap_compare: Compare, workbench: Start, platform: Path) -> None:
    assert snap_compare(workbench(platform), terminal_size=(58, 14), run_before=then())


@OVER
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
