"""Both teams' whole way through the workbench, against the real engine and a real OCI layout."""

from __future__ import annotations

from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input

from floe_tui.actions import Place
from floe_tui.app import Workbench
from floe_tui.panels.ask import PasswordPanel
from floe_tui.panels.choose import ChoosePanel
from floe_tui.panels.confirm import ConfirmPanel
from floe_tui.panels.moving import MovePanel
from floe_tui.widgets.manifest_editor import ManifestEditor
from floe_tui.widgets.split_diff import SplitDiff
from floe_tui.widgets.steps import Steps
from floe_tui.widgets.text_view import TextView

from .conftest import MANIFEST, Start, idle, place, rows, until

PASSWORD = "correct-horse"


def make_key(folder: Path) -> None:
    from floe_engine import Workspace, keygen

    keygen(Workspace.open(folder), ask=lambda prompt: PASSWORD)


async def publish(pilot: Pilot[None], app: Workbench, tag: str) -> str:
    await pilot.press("f5")
    await idle(pilot, app)
    assert tag in place(app).query_one("#plan-text", TextView).text
    await pilot.press("p")
    await until(pilot, lambda: isinstance(app.screen, PasswordPanel))
    await pilot.press(*PASSWORD, "enter")
    await until(pilot, lambda: isinstance(app.screen, ConfirmPanel))
    assert isinstance(app.screen, ConfirmPanel)
    assert any(tag in value for _, value in app.screen.facts)
    assert any(value.startswith("sha256:") for _, value in app.screen.facts)
    await pilot.press("y")
    steps = place(app).query_one(Steps)
    await until(pilot, lambda: any(line.startswith("Digest: sha256:") for line in steps.lines))
    await idle(pilot, app)
    return next(line for line in steps.lines if line.startswith("Digest: ")).removeprefix("Digest: ")


async def test_from_a_mistake_to_a_signed_version_to_a_judged_project(
    workbench: Start, platform: Path, data_team: Path
) -> None:
    (platform / "manifest.yaml").write_text(MANIFEST.replace("duckdb", "duckbd"))
    make_key(platform)
    app = workbench(platform)
    async with app.run_test(size=(120, 40)) as pilot:
        await idle(pilot, app)
        # Manifest: see, mend, save.
        await until(pilot, lambda: bool(app.screen.query_one(ManifestEditor).diagnostics))
        await pilot.press("f8", "ctrl+t", "ctrl+s")
        await until(pilot, lambda: (platform / "manifest.yaml").read_text() == MANIFEST)
        # Policy: the seed's four suites pass.
        await pilot.press("f4")
        await idle(pilot, app)
        suites = [row for row in rows(app) if row.heading]
        assert [row.glyph for row in suites] == ["✓"] * 4
        # Publish: confirmed by another key, signed with a masked password.
        digest = await publish(pilot, app, "v1.2.3")
        await pilot.press("p")
        assert app.screen is place(app), "the same content cannot be published twice"
        # Registry: there it is, signed by our key.
        await pilot.press("f6")
        await idle(pilot, app)
        await until(pilot, lambda: rows(app)[-1].glyph == "✓")
        assert rows(app)[-1].key == "v1.2.3"
        assert digest in rows(app)[-1].search
        await pilot.press("enter")
        await until(
            pilot, lambda: "policies/quality-gates.json" in place(app).query_one("#facts", TextView).text
        )
        # Versions: a bigger change needs a bigger number.
        await pilot.press("f2")
        editor = app.screen.query_one(ManifestEditor)
        editor.set_text(MANIFEST.replace("duckdb", "snowflake").replace("1.2.3", "1.3.0"))
        await pilot.press("ctrl+s")
        await idle(pilot, app)
        await pilot.press("f3")
        await until(pilot, lambda: bool(rows(app)) and rows(app)[0].cells[0] == "PLG001")
        assert rows(app)[0].glyph == "✗"
        assert place(app).query_one(SplitDiff).changes > 0
        await pilot.press("f5")
        await idle(pilot, app)
        assert "2.0.0" in place(app).query_one("#plan-text", TextView).text
        await pilot.press("p")
        assert app.screen is place(app), "the version guard keeps it from being published"

    app = workbench(data_team)
    async with app.run_test(size=(120, 40)) as pilot:
        await idle(pilot, app)
        assert place(app).place == Place.PROJECT
        # Registry: what a range would take, then pin it.
        await pilot.press("f6")
        await idle(pilot, app)
        await pilot.press("c", *"v1.*.*")
        await idle(pilot, app)
        assert "v1.2.3" in str(place(app).query_one("#resolved").render())
        await pilot.press("enter", "i")
        assert isinstance(app.screen, ChoosePanel)
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(app.screen, ConfirmPanel))
        await pilot.press("t")  # first use: the signer is shown and accepted
        await until(pilot, lambda: isinstance(app.screen, MovePanel))
        assert isinstance(app.screen, MovePanel)
        assert "from now on" in app.screen.move.text
        assert "a build would stop" in app.screen.move.text
        await pilot.press("y")
        await until(pilot, lambda: (data_team / "floe.yaml").exists())
        assert "v1.2.*" in (data_team / "floe.yaml").read_text()
        await idle(pilot, app)
        assert "locked" in rows(app)[-1].tail[0][0]
        # Project: what the platform says of it.
        await pilot.press("f7", "r")
        await idle(pilot, app)
        assert any(row.cells[:1] == ("customers",) and row.glyph == "✗" for row in rows(app))


async def test_a_wrong_password_is_a_calm_panel_and_publishes_nothing(
    workbench: Start, platform: Path
) -> None:
    from floe_tui.panels.problem import ProblemPanel

    make_key(platform)
    app = workbench(platform)
    async with app.run_test() as pilot:
        await pilot.press("f5")
        await idle(pilot, app)
        await pilot.press("p")
        await until(pilot, lambda: isinstance(app.screen, PasswordPanel) and bool(app.screen.query(Input)))
        assert app.screen.query_one(Input).password
        await pilot.press(*"wrong", "enter")
        await until(pilot, lambda: isinstance(app.screen, ProblemPanel))
        assert app.screen.command == "floe platform publish v1.2.3"
        await pilot.press("escape", "f6")
        await idle(pilot, app)
        assert rows(app) == []


async def test_cancelling_the_question_publishes_nothing(workbench: Start, platform: Path) -> None:
    app = workbench(platform)
    async with app.run_test() as pilot:
        await pilot.press("f5")
        await idle(pilot, app)
        await pilot.press("p")
        await until(pilot, lambda: isinstance(app.screen, ConfirmPanel))
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is place(app))
        await pilot.press("f6")
        await idle(pilot, app)
        assert rows(app) == []


async def test_read_only_neither_publishes_nor_pins(workbench: Start, platform: Path) -> None:
    app = workbench(platform, read_only=True)
    async with app.run_test() as pilot:
        await pilot.press("f5")
        await idle(pilot, app)
        await pilot.press("p")
        assert app.screen is place(app)
