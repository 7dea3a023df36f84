"""The registry place: repositories, changes by content, pinning with a preview, offline."""

from __future__ import annotations

import json
import shutil
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Button, Input

from floe_engine import NotFound, Workspace, inspect_version, keygen, publish
from floe_tui.app import Workbench
from floe_tui.panels.choose import ChoosePanel
from floe_tui.panels.confirm import ConfirmPanel
from floe_tui.panels.moving import MovePanel
from floe_tui.panels.problem import ProblemPanel
from floe_tui.places.registry.facts import age, ranges
from floe_tui.places.registry.screen import RegistryScreen
from floe_tui.widgets.filter_list import FilterList
from floe_tui.widgets.row_view import Row
from floe_tui.widgets.status_bar import StatusBar
from floe_tui.widgets.text_view import TextView
from tests.registries import DockerRegistry, docker_registry

from .conftest import MANIFEST, Start, idle, rows, until


async def registry(pilot: Pilot[None], app: Workbench) -> RegistryScreen:
    await pilot.press("f6")
    await idle(pilot, app)
    assert isinstance(app.screen, RegistryScreen)
    return app.screen


def changes(app: Workbench) -> dict[str, str]:
    return {row.key: "locked" if is_locked(row) else row.cells[2] for row in versions(app)}


def versions(app: Workbench) -> list[Row]:
    return [row for row in rows(app) if not row.heading]


def is_locked(row: Row) -> bool:
    return any("locked" in words for words, _ in row.tail)


def where(screen: RegistryScreen) -> str:
    return f"{screen.frame._border_title} {screen.query_one(StatusBar).text}"


def pin_of(folder: Path) -> str:
    return next(line for line in (folder / "floe.yaml").read_text().splitlines() if "ref:" in line)


# --- what is shown ---------------------------------------------------------------------------


async def test_the_change_of_a_version_is_what_it_holds_not_what_its_number_says(
    workbench: Start, project: Path
) -> None:
    app = workbench(project)
    async with app.run_test(size=(140, 40)) as pilot:
        await registry(pilot, app)
        await until(pilot, lambda: all(changes(app).values()))
        # 1.3.0 is a minor number for a change that no project can see.
        assert changes(app) == {"v2.0.0": "major", "v1.3.0": "patch", "v1.2.3": "locked"}


async def test_a_version_is_shown_with_its_eight_files_and_its_signatures(
    workbench: Start, project: Path
) -> None:
    app = workbench(project)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await registry(pilot, app)
        await until(pilot, lambda: all(changes(app).values()))
        await pilot.press("g", "j", "enter")
        await idle(pilot, app)
        text = screen.query_one("#facts", TextView).text
        assert text.count(".json") >= 8
        assert "# Signatures" in text
        assert "breaking: a major change" in text


async def test_the_constraint_box_says_what_a_range_takes_and_goes_there(
    workbench: Start, project: Path
) -> None:
    app = workbench(project)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await registry(pilot, app)
        await pilot.press("c", *"v1.*.*")
        await idle(pilot, app)
        assert "v1.3.0" in str(screen.query_one("#resolved").render())
        await pilot.press("enter")
        assert screen.tag == "v1.3.0"


async def test_the_list_is_not_called_empty_while_the_registry_is_asked(
    workbench: Start, platform: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from floe_tui.places.registry import facts as registry_facts

    answer = threading.Event()

    def slow(*arguments: Any) -> registry_facts.Versions:
        assert answer.wait(20)
        return registry_facts.list_all(*arguments)

    monkeypatch.setattr("floe_tui.places.registry.screen.list_all", slow)
    app = workbench(platform)
    async with app.run_test(size=(140, 40)) as pilot:
        await pilot.press("f6")
        await until(pilot, lambda: isinstance(app.screen, RegistryScreen) and bool(app.jobs.running))
        screen = app.screen
        assert isinstance(screen, RegistryScreen)
        await pilot.pause()
        assert "being asked" in screen.list.view.empty
        assert not screen.list.view.rows
        answer.set()
        await idle(pilot, app)
        assert "No versions here yet." in screen.list.view.empty


async def test_a_registry_that_fails_is_not_called_empty(
    workbench: Start, platform: Path, tmp_path: Path
) -> None:
    with docker_registry(tmp_path / "registry") as running:
        host = running.host
    app = workbench(platform)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await registry(pilot, app)
        screen._look_into(f"oci://{host}/team/platform")
        await until(pilot, lambda: isinstance(app.screen, ProblemPanel), seconds=60)
        assert "did not answer" in screen.list.view.empty


@pytest.mark.parametrize("size", [(80, 24), (110, 30), (120, 36), (160, 45)])
async def test_whoever_signed_is_recognised_at_every_width(
    workbench: Start, platform: Path, size: tuple[int, int]
) -> None:
    key = keygen(Workspace.open(platform), ask=lambda prompt: "").fingerprint
    publish(Workspace.open(platform), "v1.2.3", ask=lambda prompt: "")
    app = workbench(platform)
    async with app.run_test(size=size) as pilot:
        screen = await registry(pilot, app)
        await until(pilot, lambda: rows(app)[-1].glyph in "✓!")
        assert rows(app)[-1].glyph == "✓"
        assert screen.list.view.render_line(2).text.split()[-1] == "cosign.pub"
        screen.list.view.move_to("v1.2.3")
        await until(pilot, lambda: key in screen.query_one("#facts", TextView).text)


# --- which repository ------------------------------------------------------------------------


async def test_another_repository_is_chosen_from_the_catalog_or_typed(
    workbench: Start, platform: Path, docker_registry: DockerRegistry
) -> None:
    here = f"oci://{docker_registry.host}/team/one"
    publish(Workspace.open(platform, registry=here), "v1.2.3")
    publish(Workspace.open(platform, registry=f"oci://{docker_registry.host}/team/two"), "v1.2.3")
    app = workbench(platform)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await registry(pilot, app)
        assert rows(app) == []
        await pilot.press("b")
        await idle(pilot, app)
        await pilot.press("G", "enter")
        await pilot.pause()
        app.screen.query_one(Input).value = here
        await pilot.press("enter")
        await idle(pilot, app)
        assert [row.key for row in versions(app)] == ["v1.2.3"]
        assert "chosen here" in where(screen)
        await pilot.press("b")
        await idle(pilot, app)
        panel = app.screen
        assert isinstance(panel, ChoosePanel)
        assert [row.key.rpartition("/")[2] for row in panel.rows[:2]] == ["one", "two"]
        await pilot.press("j", "enter")
        await idle(pilot, app)
        assert "team/two" in where(screen)


# --- promoting -------------------------------------------------------------------------------


async def test_a_version_is_promoted_to_another_registry_with_its_signatures_once_that_is_confirmed(
    workbench: Start, platform: Path, docker_registry: DockerRegistry
) -> None:
    key = keygen(Workspace.open(platform), ask=lambda prompt: "").fingerprint
    publish(Workspace.open(platform), "v1.2.3", ask=lambda prompt: "")
    target = f"oci://{docker_registry.host}/promoted/platform"
    production = Workspace.open(platform, registry=target)
    app = workbench(platform)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await registry(pilot, app)
        screen.list.view.move_to("v1.2.3")
        await until(pilot, lambda: rows(app)[-1].glyph == "✓")

        async def choose() -> ConfirmPanel:
            await pilot.press("m")
            await idle(pilot, app)
            panel = app.screen
            assert isinstance(panel, ChoosePanel)
            assert not any(row.glyph == "▸" for row in panel.rows)  # not to where it is
            await pilot.press("G", "enter")
            await pilot.pause()
            app.screen.query_one(Input).value = target
            await pilot.press("enter")
            await pilot.pause()
            asked = app.screen
            assert isinstance(asked, ConfirmPanel)
            return asked

        facts = dict((await choose()).facts)
        assert facts["to"] == f"{target}:v1.2.3"
        assert facts["signed by"] == key
        await pilot.press("enter")  # Cancel is the default
        await idle(pilot, app)
        with pytest.raises(NotFound):
            inspect_version(production, "v1.2.3")
        await choose()
        await pilot.press("y")
        await idle(pilot, app)
        assert app.screen is screen
        assert app.ran[-1].command.startswith(
            f"floe platform copy {facts['digest']} {target}"
        )  # not the tag, which may move
    copied = inspect_version(production, "v1.2.3")
    assert copied.digest == facts["digest"]
    assert {signer.fingerprint for signer in copied.verdict.signers} == {key}


async def test_a_version_that_the_other_registry_has_otherwise_is_not_promoted(
    workbench: Start, project: Path, platform: Path, docker_registry: DockerRegistry
) -> None:
    target = f"oci://{docker_registry.host}/promoted/other"
    manifest = platform / "manifest.yaml"
    manifest.write_text(
        MANIFEST.replace("1.2.3", "1.3.0").replace("enforcement: strict", "enforcement: warn")
    )
    publish(Workspace.open(platform, registry=target), "v1.3.0")
    app = workbench(project)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await registry(pilot, app)
        screen.list.view.move_to("v1.3.0")
        await pilot.press("m")
        await idle(pilot, app)
        await pilot.press("G", "enter")
        await pilot.pause()
        app.screen.query_one(Input).value = target
        await pilot.press("enter")
        await pilot.pause()
        await pilot.press("y")
        await idle(pilot, app)
        panel = app.screen
        assert isinstance(panel, ProblemPanel)
        assert "exists in the target already, with other content" in panel.error.title
        assert screen.tag == "v1.3.0"


# --- pinning ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("downs", "written"), [(0, "v1.3.0"), (1, "v1.3.*"), (2, "v1.*.*")], ids=["exact", "patch", "minor"]
)
async def test_a_harmless_version_is_pinned_after_its_preview(
    workbench: Start, project: Path, downs: int, written: str
) -> None:
    app = workbench(project)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await registry(pilot, app)
        screen.list.view.move_to("v1.3.0")
        await pilot.press("i", *["down"] * downs, "enter")
        await idle(pilot, app)
        panel = app.screen
        assert isinstance(panel, MovePanel)
        assert "every finding stays as it is" in panel.move.text
        assert isinstance(app.focused, Button)
        assert app.focused.id == "cancel"
        await pilot.press("y")
        await idle(pilot, app)
        assert pin_of(project).endswith(f":{written}")
        assert changes(app)["v1.3.0"] == "locked"


async def test_a_breaking_version_is_refused_until_it_is_accepted_and_can_be_taken_back(
    workbench: Start, project: Path
) -> None:
    app = workbench(project)
    before = pin_of(project)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await registry(pilot, app)
        screen.list.view.move_to("v2.0.0")
        await pilot.press("i", "enter")
        await idle(pilot, app)
        panel = app.screen
        assert isinstance(panel, MovePanel)
        assert "would stop the build" in panel.move.text
        await pilot.press("y", "i")  # neither a plain yes nor the key that led here
        assert app.screen is panel
        await pilot.press("enter")  # Cancel is the default
        await idle(pilot, app)
        assert pin_of(project) == before
        await pilot.press("i", "enter")
        await idle(pilot, app)
        await pilot.press("a")
        await idle(pilot, app)
        assert pin_of(project).endswith(":v2.0.0")
        screen.action_undo()
        await idle(pilot, app)
        assert pin_of(project) == before


async def test_a_version_of_another_repository_is_not_pinned_by_its_number(
    workbench: Start, project: Path, platform: Path, tmp_path: Path
) -> None:
    other = f"oci-layout:{tmp_path / 'elsewhere' / 'platform'}"
    (platform / "manifest.yaml").write_text(MANIFEST)
    publish(Workspace.open(platform, registry=other), "v1.2.3")
    before = pin_of(project)
    app = workbench(project)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await registry(pilot, app)
        screen._look_into(other)
        await idle(pilot, app)
        await pilot.press("i", "enter")
        await idle(pilot, app)
        assert app.screen is not screen
        await pilot.press("escape")
    assert pin_of(project) == before


async def test_read_only_previews_a_pin_says_why_it_is_not_made_and_writes_nothing(
    workbench: Start, published: Path, data_team: Path
) -> None:
    before = sorted(data_team.rglob("*"))
    app = workbench(data_team, read_only=True)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await registry(pilot, app)
        screen.list.view.move_to("v2.0.0")
        await pilot.press("i", "enter")
        await idle(pilot, app)
        panel = app.screen
        assert isinstance(panel, MovePanel)
        assert "in 3 models" in panel.move.text
        assert [button.id for button in panel.query(Button)] == ["cancel"]
        assert any("--read-only" in str(text.render()) for text in panel.query(".hint"))
        await pilot.press("y", "a", "enter")
        await idle(pilot, app)
        assert app.screen is screen
        await pilot.press("p")
        await idle(pilot, app)
    assert sorted(data_team.rglob("*")) == before


# --- what must not be overlooked --------------------------------------------------------------


def badges(row: Row) -> list[str]:
    return [words.strip() for words, tone in row.tail if words.strip()]


async def test_a_moved_tag_is_never_shown_as_good(workbench: Start, project: Path) -> None:
    lock = Workspace.open(project).store.read_lock()
    assert lock is not None
    index = Path(lock.reference.removeprefix("oci-layout:")) / "index.json"
    document = json.loads(index.read_text())
    name = "org.opencontainers.image.ref.name"
    by_tag = {entry.get("annotations", {}).get(name): entry for entry in document["manifests"]}
    by_tag["v1.2.3"].update({key: by_tag["v1.3.0"][key] for key in ("digest", "size")})
    index.write_text(json.dumps(document))
    app = workbench(project)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await registry(pilot, app)
        await until(pilot, lambda: versions(app)[-1].glyph == "✗")
        row = versions(app)[-1]
        assert (row.key, row.tone) == ("v1.2.3", "error")
        assert "the tag" in row.cells[-1], "the engine's verdict says why"
        await until(pilot, lambda: "✗ the tag" in screen.query_one("#facts", TextView).text)
        assert "verified" not in screen.query_one("#facts", TextView).text


async def test_who_is_not_trusted_or_did_not_sign_stands_out(workbench: Start, platform: Path) -> None:
    keygen(Workspace.open(platform), ask=lambda prompt: "")
    publish(Workspace.open(platform), "v1.2.3", ask=lambda prompt: "")
    manifest = platform / "manifest.yaml"
    manifest.write_text(MANIFEST.replace("1.2.3", "1.2.4"))
    (platform / "cosign.key").rename(platform / "away.key")
    publish(Workspace.open(platform), "v1.2.4")
    (platform / "cosign.pub").unlink()
    app = workbench(platform)
    async with app.run_test(size=(140, 40)) as pilot:
        await registry(pilot, app)
        await until(pilot, lambda: all(row.glyph == "!" for row in versions(app)))
        assert [badges(row) for row in versions(app)] == [["! unsigned"], ["! foreign"]]


async def test_what_was_seen_of_a_registry_is_shown_with_its_age_while_it_does_not_answer(
    workbench: Start, platform: Path, tmp_path: Path
) -> None:
    with docker_registry(tmp_path / "registry") as running:
        name = f"oci://{running.host}/team/platform"
        keygen(Workspace.open(platform), ask=lambda prompt: "")
        publish(Workspace.open(platform, registry=name), "v1.2.3", ask=lambda prompt: "")
        app = workbench(platform)
        async with app.run_test(size=(140, 40)) as pilot:
            screen = await registry(pilot, app)
            screen._look_into(name)
            await idle(pilot, app)
            await until(pilot, lambda: bool(versions(app)) and versions(app)[0].glyph == "✓")
            await idle(pilot, app)
    again = workbench(platform)
    async with again.run_test(size=(140, 40)) as pilot:
        screen = await registry(pilot, again)
        screen._look_into(name)
        await until(pilot, lambda: bool(versions(again)))
        assert versions(again)[0].glyph == "✓"
        assert versions(again)[0].cells[1], "the date is known by the digest"
        await until(pilot, lambda: "seen       a moment ago" in screen.query_one("#facts", TextView).text)
        await until(pilot, lambda: "offline" in where(screen), seconds=60)
        assert "as seen a moment ago" in where(screen)
        assert versions(again)[0].glyph == "✓"


@pytest.mark.parametrize("locked", [True, False])
async def test_a_folder_that_is_not_there_any_more_is_not_called_empty(
    workbench: Start, project: Path, platform: Path, locked: bool
) -> None:
    app = workbench(project if locked else platform)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await registry(pilot, app)
        await until(pilot, lambda: bool(versions(app)))
        seen = len(versions(app))
        folder = Workspace.open(project).registry.reference.root
        assert folder is not None
        folder.rename(folder.with_name("elsewhere"))
        await pilot.press("r")
        await idle(pilot, app)
        if locked:  # it has held what is locked
            assert "offline, as seen a moment ago" in where(screen)
            assert len(versions(app)) == seen
        else:
            assert screen.list.empty.startswith("The versions that were seen here are gone")
            assert not versions(app)
            assert not screen.query_one("#facts", TextView).text
        folder.with_name("elsewhere").rename(folder)
        await pilot.press("r")
        await until(pilot, lambda: len(versions(app)) == seen and "offline" not in where(screen))


async def test_the_constraint_narrows_the_list(workbench: Start, project: Path) -> None:
    app = workbench(project)
    async with app.run_test(size=(140, 40)) as pilot:
        await registry(pilot, app)
        await pilot.press("c", *"v1.*.*")
        await idle(pilot, app)
        assert [row.key for row in versions(app)] == ["v1.3.0", "v1.2.3"]
        await pilot.press("ctrl+a", "delete")
        await idle(pilot, app)
        assert len(versions(app)) == 3


# --- without network, and with many ----------------------------------------------------------


async def test_without_network_the_cached_versions_stand_there_with_their_age(
    workbench: Start, platform: Path, data_team: Path, tmp_path: Path
) -> None:
    from floe_engine import init_project

    with docker_registry(tmp_path / "registry") as running:
        name = f"oci://{running.host}/team/platform"
        publish(Workspace.open(platform, registry=name), "v1.2.3")
        init_project(Workspace.open(data_team), f"{name}:v1.2.3")
        app = workbench(data_team)
        async with app.run_test(size=(140, 40)) as pilot:
            await registry(pilot, app)
            assert [row.key for row in versions(app)] == ["v1.2.3"]
    app = workbench(data_team)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await registry(pilot, app)
        await until(pilot, lambda: bool(rows(app)), seconds=60)
        await until(pilot, lambda: is_locked(versions(app)[0]), seconds=60)
        assert "offline, as seen a moment ago" in where(screen)


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        ("2026-01-10T11:59:50Z", "a moment ago"),
        ("2026-01-10T11:58:00Z", "2 minutes ago"),
        ("2026-01-10T11:00:00Z", "1 hour ago"),
        ("2026-01-07T12:00:00Z", "3 days ago"),
        ("some time", "some time"),
    ],
)
def test_an_age_is_said_roughly(seen: str, said: str) -> None:
    assert age(seen, datetime(2026, 1, 10, 12, tzinfo=UTC)) == said


def test_a_prerelease_is_only_pinned_exactly() -> None:
    assert [text for _, text, _ in ranges("v2.0.0-rc.1")] == ["v2.0.0-rc.1"]
    assert [text for _, text, _ in ranges("v1.2.3")] == ["v1.2.3", "v1.2.*", "v1.*.*"]


async def test_ten_thousand_tags_are_listed_walked_and_filtered(workbench: Start, platform: Path) -> None:
    publish(Workspace.open(platform), "v1.2.3")
    index = Workspace.open(platform).embedded_registry.root
    assert index is not None
    document = json.loads((index / "index.json").read_text())
    [entry] = document["manifests"]
    name = "org.opencontainers.image.ref.name"
    document["manifests"] = [
        {**entry, "annotations": {name: f"v1.{number // 100}.{number % 100}"}} for number in range(10_000)
    ]
    (index / "index.json").write_text(json.dumps(document))
    app = workbench(platform)
    async with app.run_test(size=(140, 40)) as pilot:
        await registry(pilot, app)
        assert len(versions(app)) == 10_000
        await pilot.press("G", "k", "k", "pageup", "g", *["pagedown"] * 20, *["j"] * 50)
        assert len(versions(app)) == 10_000
        # A burst, as a fast hand or a paste of the terminal sends it: not one key goes to the list.
        for key in ("slash", *"v1", "full_stop", *"99", "full_stop", "enter"):
            letter = {"slash": "/", "full_stop": ".", "enter": "\r"}.get(key, key)
            app.post_message(events.Key(key, letter))
        await until(pilot, lambda: len(versions(app)) == 100)
        await idle(pilot, app)
        assert app.screen.query_one("#list", FilterList).filter == "v1.99."
        assert "trust  " not in app.screen.query_one("#facts", TextView).text, "v verified nothing"


# --- the first pin ---------------------------------------------------------------------------


async def test_the_first_pin_shows_what_the_platform_would_find_and_writes_only_when_confirmed(
    workbench: Start, published: Path, data_team: Path
) -> None:
    app = workbench(data_team)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await registry(pilot, app)
        screen.list.view.move_to("v1.2.3")
        await pilot.press("i", "down", "enter")
        await idle(pilot, app)
        panel = app.screen
        assert isinstance(panel, MovePanel)
        text = panel.move.text
        assert "there is none yet" in text
        assert "in 3 models" in text
        assert "models/customers.sql:1" in text
        assert "FLOE-" in text
        await pilot.press("enter")  # Cancel is the default
        await idle(pilot, app)
        assert not (data_team / "floe.yaml").exists()
        assert not (data_team / ".floe" / "cache" / "artifacts.lock").exists()
        await pilot.press("i", "down", "enter")
        await idle(pilot, app)
        await pilot.press("y")
        await idle(pilot, app)
        assert "v1.2.*" in pin_of(data_team)
        await until(pilot, lambda: is_locked(versions(app)[-1]), seconds=60)
        assert versions(app)[-1].key == "v1.2.3", "the version chosen is locked, not the newest in the range"


async def test_a_floe_yaml_with_nothing_locked_is_previewed_as_a_first_pin(
    workbench: Start, project: Path
) -> None:
    app = workbench(project)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await registry(pilot, app)
        shutil.rmtree(project / ".floe")  # as in a fresh clone; here, because the Project place locks at once
        screen.list.view.move_to("v2.0.0")
        await pilot.press("i", "enter")
        await idle(pilot, app)
        panel = app.screen
        assert isinstance(panel, MovePanel)
        assert "with nothing locked" in panel.move.text
        assert "a build would stop" in panel.move.text
        await pilot.press("y")
        await idle(pilot, app)
        assert pin_of(project).endswith(":v2.0.0")
        assert changes(app)["v2.0.0"] == "locked"


async def test_whoever_was_trusted_with_the_first_pin_is_shown_as_trusted(
    workbench: Start, platform: Path, data_team: Path
) -> None:
    keygen(Workspace.open(platform), ask=lambda prompt: "")
    publish(Workspace.open(platform), "v1.2.3", ask=lambda prompt: "")
    app = workbench(data_team)
    async with app.run_test(size=(140, 40)) as pilot:
        await registry(pilot, app)
        await until(pilot, lambda: rows(app)[-1].glyph == "!")
        await pilot.press("i", "enter")
        await until(pilot, lambda: isinstance(app.screen, ConfirmPanel))
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, MovePanel))
        await pilot.press("y")
        await idle(pilot, app)
        await until(pilot, lambda: rows(app)[-1].glyph == "✓")


async def test_coming_back_from_another_place_asks_the_registry_again_and_closing_a_panel_does_not(
    workbench: Start, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from floe_tui.places.registry import facts as registry_facts

    asked = []

    def counted(*arguments: Any) -> registry_facts.Versions:
        asked.append(arguments)
        return registry_facts.list_all(*arguments)

    monkeypatch.setattr("floe_tui.places.registry.screen.list_all", counted)
    app = workbench(project)
    async with app.run_test(size=(140, 40)) as pilot:
        await registry(pilot, app)
        assert len(asked) == 1
        await pilot.press("i")
        await pilot.pause()
        await pilot.press("escape")
        await idle(pilot, app)
        assert len(asked) == 1
        await pilot.press("f7")
        await idle(pilot, app)
        await registry(pilot, app)
        assert len(asked) == 2


def test_a_key_that_lies_here_or_in_the_settings_has_a_name(directory: Path, tmp_path: Path) -> None:
    from floe_engine import Workspace, keygen
    from floe_tui.places.registry.facts import key_names, short_signer

    keygen(Workspace.open(directory), ask=lambda question: "x")
    settings = tmp_path / "home/config/floe"
    settings.mkdir(parents=True)
    (settings / "release.pub").write_bytes((directory / "cosign.pub").read_bytes())
    (directory / "broken.pub").write_text("no key")
    names = key_names(directory)
    (signer,) = names
    assert short_signer(signer, names) == "release.pub", "whose settings they are decides how it is called"
    assert short_signer(signer) == f"key {signer.removeprefix('sha256:')[:12]}"
    assert short_signer("no key", names) == "no key", "what is no key has no name"
