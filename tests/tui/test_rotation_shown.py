"""The Registry shows by which versions a platform's keys became others since the locked one."""

from __future__ import annotations

from pathlib import Path

from floe_tui.places.registry.screen import RegistryScreen
from floe_tui.widgets.text_view import TextView
from tests.engine.trust.test_rotation import Life
from tests.teams import PlatformTeam

from .conftest import Start, idle, until


async def test_verifying_a_version_names_those_that_handed_the_keys_on(
    workbench: Start, tmp_path: Path
) -> None:
    life = Life(tmp_path, PlatformTeam(tmp_path / "platform", f"oci-layout:{tmp_path / 'registry'}"))
    life.release("1.0.0", "old", "old")
    life.lock("1.0.0")
    life.release("1.1.0", "old new", "old new")
    life.release("2.0.0", "new", "new")
    app = workbench(life.product)
    async with app.run_test(size=(140, 40)) as pilot:
        await pilot.press("f6")
        await idle(pilot, app)
        screen = app.screen
        assert isinstance(screen, RegistryScreen)
        screen.list.view.move_to("v2.0.0")
        await idle(pilot, app)
        await screen.run_action("verify")
        facts = screen.query_one("#facts", TextView)
        await until(pilot, lambda: "keys changed on the way: v1.1.0@sha256:" in facts.text)
        assert "✓ verified" in facts.text
