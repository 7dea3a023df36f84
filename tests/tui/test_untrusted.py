"""The workbench against every bad artifact of the matrix: never weaker than `floe init`."""

from __future__ import annotations

from pathlib import Path

import pytest

from floe_engine.store import Store
from floe_tui.panels.moving import MovePanel
from floe_tui.places.registry.screen import RegistryScreen
from floe_tui.widgets.text_view import TextView
from tests.engine.trust.test_matrix import BAD, Scene, _fill, product
from tests.teams import fingerprint, new_key

from .conftest import Start, idle, rows, until


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """A layout with one repository for each bad artifact, filled from another machine."""
    folder = tmp_path_factory.mktemp("scene")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
            patch.setenv(name, str(folder / "elsewhere"))
        keys = [new_key(folder / "keys" / f"{name}.key") for name in ("team", "mallory", "old")]
        made = Scene(folder, f"oci-layout:{folder / 'registry'}", *keys)
        _fill(made)
    return made


@pytest.mark.parametrize("kind", BAD)
async def test_no_bad_version_is_shown_as_good_or_taken(
    workbench: Start, scene: Scene, tmp_path: Path, kind: str
) -> None:
    settings = tmp_path / "home" / "config" / "floe" / "config.toml"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(f'revoked_keys = ["{fingerprint(scene.old)}"]')
    directory = product(scene, tmp_path, kind, "v1.0.0")
    before = {path: (directory / path).read_bytes() for path in (".floe/cache/artifacts.lock", "floe.yaml")}
    app = workbench(directory)
    async with app.run_test(size=(140, 40)) as pilot:
        await pilot.press("f6")
        await idle(pilot, app)
        screen = app.screen
        assert isinstance(screen, RegistryScreen)
        await until(pilot, lambda: {row.key for row in rows(app)} >= {"v1.0.0", "v1.1.0"})
        row = {row.key: row for row in rows(app)}
        assert row["v1.0.0"].glyph == "✓", "the good one is known as such"
        assert row["v1.1.0"].glyph in ("✗", "!") and row["v1.1.0"].tone in ("error", "warning")
        screen.list.view.move_to("v1.1.0")
        await idle(pilot, app)
        assert "verified" not in screen.query_one("#facts", TextView).text.replace("not verified", "")
        for down in range(3):  # exactly, for patches, for minors
            await pilot.press("i", *["down"] * down, "enter")
            await idle(pilot, app)
            assert not isinstance(app.screen, MovePanel), "nothing is previewed that could not be taken"
            await pilot.press("y", "a", "enter", "escape")
            await idle(pilot, app)
            while app.screen is not screen:
                await pilot.press("escape")
                await idle(pilot, app)
    assert {path: (directory / path).read_bytes() for path in before} == before
    assert Store(directory / ".floe").cached_tags() == ("v1.0.0",)
