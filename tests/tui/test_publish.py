"""The publish place against a real registry: target, signer, confirmation, progress, cancel, result."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from floe_engine import CancelToken, SigningOptions, Transfer, Workspace, keygen, list_versions, publish
from floe_tui.app import Workbench
from floe_tui.panels.ask import PasswordPanel
from floe_tui.panels.choose import ChoosePanel
from floe_tui.panels.confirm import ConfirmPanel
from floe_tui.panels.leave import LeavePanel
from floe_tui.places.publish.screen import PublishScreen
from floe_tui.widgets.row_view import RowView
from floe_tui.widgets.steps import Steps
from floe_tui.widgets.text_view import TextView
from tests.registries import DockerRegistry

from .conftest import Start, idle, until

PASSWORD = "correct-horse"


@pytest.fixture
def target(docker_registry: DockerRegistry) -> str:
    return f"oci://{docker_registry.host}/team/platform"


@pytest.fixture
def key(platform: Path) -> Path:
    """A signing key somewhere else than beside the manifest."""
    folder = platform / "my keys"
    folder.mkdir()
    return keygen(Workspace.open(platform), directory=folder, ask=lambda prompt: PASSWORD).private


async def publishing(pilot: Pilot[None], app: Workbench) -> PublishScreen:
    await pilot.press("f5")
    await idle(pilot, app)
    assert isinstance(app.screen, PublishScreen)
    return app.screen


async def aim(pilot: Pilot[None], app: Workbench, target: str) -> None:
    """Type the target, as somebody does who has not published there yet."""
    await pilot.press("t")
    await idle(pilot, app)
    assert isinstance(app.screen, ChoosePanel)
    await pilot.press("G", "k" if app.screen.rows[-1].key == "" else "G", "enter")
    await pilot.pause()
    app.screen.query_one(Input).value = target
    await pilot.press("enter")
    await idle(pilot, app)


async def sign_with(pilot: Pilot[None], app: Workbench, downs: int, key: str = "") -> None:
    await pilot.press("s")
    await until(pilot, lambda: isinstance(app.screen, ChoosePanel) and isinstance(app.focused, RowView))
    await pilot.press(*["j"] * downs, "enter")
    await pilot.pause()
    if key:
        app.screen.query_one(Input).value = key
        await pilot.press("enter")
    await idle(pilot, app)


async def asked(pilot: Pilot[None], app: Workbench) -> ConfirmPanel:
    """The question that names what is about to be published."""
    await until(pilot, lambda: isinstance(app.screen, ConfirmPanel))
    assert isinstance(app.screen, ConfirmPanel)
    return app.screen


async def type_password(pilot: Pilot[None], app: Workbench, password: str = PASSWORD) -> None:
    await until(pilot, lambda: isinstance(app.screen, PasswordPanel) and bool(app.screen.query(Input)))
    assert app.screen.query_one(Input).password
    await pilot.press(*password, "enter")


def plan_text(screen: PublishScreen) -> str:
    return screen.query_one("#plan-text", TextView).text


def tags(folder: Path, target: str) -> list[str]:
    from floe_engine import NotFound

    try:
        return list(list_versions(Workspace.open(folder, registry=target)).tags.values())
    except NotFound:
        return []


@pytest.mark.parametrize("cosign", ["cosign2", "cosign3"])
async def test_a_version_goes_to_the_chosen_registry_signed_by_the_chosen_key_and_cosign_agrees(
    workbench: Start,
    platform: Path,
    target: str,
    key: Path,
    cosign: str,
    require_binary: Callable[[str], str],
) -> None:
    program = require_binary(cosign)
    app = workbench(platform)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await publishing(pilot, app)
        await aim(pilot, app, target)
        await sign_with(pilot, app, 1, "my keys/cosign.key")
        text = plan_text(screen)
        assert f"reference  {target}:v1.2.3" in text
        assert "chosen by  you, here (t)" in text
        assert "cosign.key" in text
        assert tags(platform, target) == [], "a plan pushes nothing"
        await pilot.press("p")
        await type_password(pilot, app)
        panel = await asked(pilot, app)
        facts = dict(panel.facts)
        assert facts["target"] == f"{target}:v1.2.3"
        assert tags(platform, target) == [], "nothing is pushed before it is confirmed"
        await until(pilot, lambda: app.focused is not None)
        assert app.focused is not None
        assert app.focused.id == "cancel"
        await pilot.press("p")  # the key that led here does not confirm
        assert app.screen is panel
        await pilot.press("y")
        await idle(pilot, app)
        await pilot.press("y")
        digest = app.clipboard
        assert f"Digest: {digest}" in screen.query_one(Steps).lines
        assert digest == facts["digest"]
        assert PASSWORD not in "\n".join(screen.query_one(Steps).lines)
        await pilot.press("v")
        words = shlex.split(app.clipboard)
        assert words[:2] == ["cosign", "verify"]
        assert words[-1] == f"{target.removeprefix('oci://')}@{digest}"
        assert str(key.with_suffix(".pub")) in words
        subprocess.run([program, *words[1:]], check=True, capture_output=True, timeout=60)
    assert tags(platform, target) == ["v1.2.3"]


@pytest.mark.parametrize("beside", [True, False], ids=["pub beside the key", "no pub"])
async def test_the_question_names_the_digest_that_is_published_wherever_the_public_key_is(
    workbench: Start, platform: Path, target: str, key: Path, beside: bool
) -> None:
    if not beside:
        key.with_suffix(".pub").unlink()
    app = workbench(platform)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await publishing(pilot, app)
        await aim(pilot, app, target)
        await sign_with(pilot, app, 1, "my keys/cosign.key")
        assert ("told before you confirm" in plan_text(screen)) is not beside
        await pilot.press("p")
        await type_password(pilot, app)
        named = dict((await asked(pilot, app)).facts)["digest"]
        await pilot.press("y")
        await idle(pilot, app)
    reference = Workspace.open(platform, registry=target).registry.reference
    found = Workspace.open(platform).repository(reference).resolve("v1.2.3")
    assert found is not None
    assert found.digest == named


async def test_what_is_confirmed_is_what_is_pushed_even_where_the_manifest_changed_since_the_plan(
    workbench: Start, platform: Path, target: str
) -> None:
    app = workbench(platform)
    manifest = platform / "manifest.yaml"
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await publishing(pilot, app)
        await aim(pilot, app, target)
        await sign_with(pilot, app, 3)
        planned = plan_text(screen)
        manifest.write_text(manifest.read_text().replace("duckdb", "snowflake"))
        await pilot.press("p")
        panel = await asked(pilot, app)
        assert dict(panel.facts)["digest"] not in planned
        manifest.write_text(manifest.read_text().replace("snowflake", "bigquery"))
        await pilot.press("y")
        await idle(pilot, app)
        assert f"Digest: {dict(panel.facts)['digest']}" in screen.query_one(Steps).lines


async def test_without_a_signature_the_plan_and_the_question_say_so(
    workbench: Start, platform: Path, target: str
) -> None:
    app = workbench(platform)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await publishing(pilot, app)
        await aim(pilot, app, target)
        await sign_with(pilot, app, 3)
        assert "! nobody" in plan_text(screen)
        await pilot.press("p")
        panel = await asked(pilot, app)
        assert "nobody" in dict(panel.facts)["signed by"]
        await pilot.press("y")
        await idle(pilot, app)
        assert any("without a signature" in line for line in screen.query_one(Steps).lines)
        assert screen.why_not("publish.verify") == "it is not signed"


async def test_what_somebody_else_published_meanwhile_is_said_to_be_theirs(
    workbench: Start, platform: Path, target: str
) -> None:
    app = workbench(platform)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await publishing(pilot, app)
        await aim(pilot, app, target)
        await sign_with(pilot, app, 3)
        publish(Workspace.open(platform, registry=target), "v1.2.3")
        await pilot.press("p")
        await idle(pilot, app)
        assert app.screen is screen, "there is nothing to confirm"
        assert "Signed by: whoever published it before" in screen.query_one(Steps).lines


async def test_a_folder_has_no_cosign_command(workbench: Start, platform: Path) -> None:
    app = workbench(platform)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await publishing(pilot, app)
        await sign_with(pilot, app, 3)
        await pilot.press("p")
        await asked(pilot, app)
        await pilot.press("y")
        await idle(pilot, app)
        assert any(line.startswith("Digest: sha256:") for line in screen.query_one(Steps).lines)
        assert not any("cosign verify" in line for line in screen.query_one(Steps).lines)


def checks(screen: PublishScreen) -> dict[str, tuple[str, str]]:
    return {row.key: (row.glyph, row.cells[1]) for row in screen.list.rows}


async def test_all_six_checks_run_whatever_fails_and_say_how_to_mend(
    workbench: Start, published: Path
) -> None:
    manifest = published / "manifest.yaml"
    manifest.write_text(manifest.read_text().replace('"3.0.0"', '"2.0.1"'))
    app = workbench(published)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await publishing(pilot, app)
        found = checks(screen)
        assert [*found] == ["Manifest", "Policies", "Guard", "Key", "Registry", "Consumers"]
        assert found["Manifest"][0] == found["Policies"][0] == found["Registry"][0] == "✓"
        assert found["Guard"][0] == "✗"
        assert found["Key"] == ("!", "unsigned: nobody can tell who made it")
        assert all(row.cells[2].endswith(" s") for row in screen.list.rows if row.glyph in "✓✗!")
        screen.list.move_to("Guard")
        await pilot.pause()
        assert "→ e sets the version" in screen.query_one("#check-text", TextView).text
        assert screen.why_not("publish.publish"), "what does not hold is not published"


async def test_the_version_is_raised_in_manifest_yaml_as_the_changes_need(
    workbench: Start, published: Path
) -> None:
    manifest = published / "manifest.yaml"
    manifest.write_text(manifest.read_text().replace('"3.0.0"', '"2.0.1"'))
    app = workbench(published)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await publishing(pilot, app)
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, ChoosePanel) and isinstance(app.focused, RowView))
        panel = app.screen
        assert isinstance(panel, ChoosePanel)
        assert panel.rows[0].cells == ("3.0.0", "the least that the changes need")
        assert any(row.glyph == "✗" for row in panel.rows), "what promises too little is marked"
        await pilot.press("enter")
        await until(pilot, lambda: 'version: "3.0.0"' in manifest.read_text())
        await idle(pilot, app)
        assert checks(screen)["Guard"][0] == "✓"


async def test_unsigned_after_signed_is_loud(
    workbench: Start, platform: Path, target: str, key: Path
) -> None:
    publish(
        Workspace.open(platform, registry=target),
        "v1.2.3",
        options=SigningOptions(keys=(str(key),)),
        ask=lambda prompt: PASSWORD,
    )
    manifest = platform / "manifest.yaml"
    manifest.write_text(manifest.read_text().replace("1.2.3", "1.2.4"))
    app = workbench(platform)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await publishing(pilot, app)
        await aim(pilot, app, target)
        await sign_with(pilot, app, 3)
        assert checks(screen)["Key"] == ("!", "unsigned, though v1.2.3 is signed")
        await pilot.press("p")
        assert "unsigned, though v1.2.3 is signed" in dict((await asked(pilot, app)).facts)["! loud"]
        await until(pilot, lambda: app.focused is not None)
        await pilot.press("escape")
        await idle(pilot, app)


async def test_stopping_while_files_are_uploaded_leaves_no_tag(
    workbench: Start, platform: Path, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from floe_tui.places.publish import facts as workers

    reached = []

    def slow(
        outline: workers.Outline,
        directory: Path,
        asking: workers.Asking,
        report: Callable[[object], None],
        cancel: CancelToken,
    ) -> workers.Done | None:
        def hold(event: object) -> None:
            report(event)
            if isinstance(event, Transfer):
                reached.append(event)
                while True:  # until F12
                    cancel.sleep(0.01)

        return workers.push(outline, directory, asking, hold, cancel)

    monkeypatch.setattr("floe_tui.places.publish.screen.push", slow)
    app = workbench(platform)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await publishing(pilot, app)
        await aim(pilot, app, target)
        await pilot.press("p")
        await asked(pilot, app)
        await pilot.press("y")
        await until(pilot, lambda: bool(reached))
        assert "is being published" in screen.why_not("publish.publish")
        await pilot.press("ctrl+q")
        assert isinstance(app.screen, LeavePanel), "leaving now asks"
        await pilot.press("enter", "f12")
        await idle(pilot, app)
        assert any("No tag was written" in line for line in screen.query_one(Steps).lines)
        assert screen.why_not("publish.publish") == ""
    assert tags(platform, target) == []


async def test_the_target_is_found_again_and_the_signer_is_not(
    workbench: Start, platform: Path, target: str
) -> None:
    app = workbench(platform)
    async with app.run_test(size=(140, 40)) as pilot:
        await publishing(pilot, app)
        await aim(pilot, app, target)
        await sign_with(pilot, app, 3)
        await pilot.press("ctrl+q")
    app = workbench(platform)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await publishing(pilot, app)
        assert screen._wish.repository == target
        assert screen._wish.signing.how == "found"
