"""What goes wrong outside, on the screen: a calm panel with title, reason, hint and command; no harm is done.

The registries are real. Where one dies half-way, it is killed while bytes are moving.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

import floe_engine
from floe_engine import Event, FloeError, Heading, Report, Transfer, Workspace, publish
from floe_tui.app import Workbench
from floe_tui.panels.moving import MovePanel
from floe_tui.panels.problem import ProblemPanel
from floe_tui.places.registry.screen import RegistryScreen
from floe_tui.widgets.text_view import TextView
from tests.registries import DockerRegistry, docker_registry

from .conftest import Start, idle, rows, title, until
from .test_publish import aim, asked, publishing

Engine = Callable[..., Any]


class Mortal:
    """A real registry that can be killed."""

    def __init__(self, folder: Path) -> None:
        self._stack = ExitStack()
        self._folder = folder

    def __enter__(self) -> Mortal:
        running = self._stack.enter_context(docker_registry(self._folder))
        self.name = f"oci://{running.host}/team/platform"
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def kill(self) -> None:
        self._stack.close()


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Mortal]:
    with Mortal(tmp_path / "registry") as registry:
        yield registry


def dying(real: Engine, registry: Mortal) -> Engine:
    """A workflow during which the registry dies: as soon as it is said where it goes, or with the first
    transfer. Later all may have arrived.
    """

    def run(*arguments: Any, report: Report, **named: Any) -> Any:
        def hear(event: Event) -> None:
            report(event)
            if isinstance(event, Heading | Transfer):
                registry.kill()

        return real(*arguments, report=hear, **named)

    return run


async def look_at(pilot: Pilot[None], app: Workbench, name: str) -> RegistryScreen:
    await pilot.press("f6")
    await idle(pilot, app)
    assert isinstance(app.screen, RegistryScreen)
    app.screen._look_into(name)
    await pilot.pause()
    return app.screen


async def explained(pilot: Pilot[None], app: Workbench, seconds: float = 90) -> tuple[FloeError, str]:
    """The error on the panel, and the command below it. Every part of the panel has to be there."""
    await until(pilot, lambda: isinstance(app.screen, ProblemPanel), seconds=seconds)
    panel = app.screen
    assert isinstance(panel, ProblemPanel)
    error = panel.error
    assert error.title
    assert error.message or error.where
    assert error.hint
    assert panel.command.startswith("floe ")
    assert "Traceback" not in error.message
    await pilot.press("escape")
    await until(pilot, lambda: not app.jobs.running)
    return error, panel.command


async def test_a_registry_that_dies_while_a_version_is_pulled(
    workbench: Start, platform: Path, data_team: Path, mortal: Mortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(Workspace.open(platform, registry=mortal.name), "v1.2.3")
    monkeypatch.setattr(floe_engine, "pull", dying(floe_engine.pull, mortal), raising=False)
    app = workbench(data_team)
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await look_at(pilot, app, mortal.name)
        await until(pilot, lambda: bool(rows(app)))
        await idle(pilot, app)
        await pilot.press("p")
        _, command = await explained(pilot, app)
        assert command == f"floe platform pull v1.2.3 --registry {mortal.name}"
        assert app.screen is screen
        assert rows(app), "what was seen stays on the screen"
    assert not (data_team / ".floe" / "cache" / "artifacts.lock").exists()


async def test_a_registry_that_dies_while_a_version_is_published(
    workbench: Start, platform: Path, mortal: Mortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(floe_engine, "publish", dying(floe_engine.publish, mortal), raising=False)
    app = workbench(platform)
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await publishing(pilot, app)
        await aim(pilot, app, mortal.name)
        await pilot.press("p")
        await asked(pilot, app)
        await pilot.press("y")
        _, command = await explained(pilot, app)
        assert command == f"floe platform publish v1.2.3 --registry {mortal.name}"
        assert app.screen is screen
        assert screen.why_not("publish.publish") == "" or "plan" in screen.why_not("publish.publish")


async def test_a_registry_that_dies_while_it_is_listed_and_described(
    workbench: Start, platform: Path, mortal: Mortal
) -> None:
    publish(Workspace.open(platform, registry=mortal.name), "v1.2.3")
    app = workbench(platform)
    async with app.run_test(size=(120, 36)) as pilot:
        await look_at(pilot, app, mortal.name)
        await until(pilot, lambda: bool(rows(app)))
        mortal.kill()
        await pilot.press("r")
        await until(pilot, lambda: "offline" in title(app, "#versions"), seconds=60)
        assert [row.key for row in rows(app) if not row.heading] == ["v1.2.3"]
        await pilot.press("enter")
        _, command = await explained(pilot, app)
        assert command == f"floe platform inspect v1.2.3 --registry {mortal.name}"
        await pilot.press("v")
        _, command = await explained(pilot, app)
        assert command == f"floe platform verify v1.2.3 --registry {mortal.name}"


async def test_a_certificate_that_nobody_vouches_for(
    workbench: Start, platform: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOE_PLAIN_HTTP", "0")  # without it, loopback is asked by HTTP
    with docker_registry(tmp_path / "registry", tls=True) as running:
        app = workbench(platform)
        async with app.run_test(size=(120, 36)) as pilot:
            await look_at(pilot, app, f"oci://{running.host}/team/platform")
            error, _ = await explained(pilot, app)
            assert "certificate" in f"{error.title} {error.message}"


@pytest.mark.parametrize("auth", ["htpasswd", "token"])
async def test_a_registry_that_wants_credentials(
    workbench: Start, platform: Path, tmp_path: Path, auth: Any
) -> None:
    with docker_registry(tmp_path / "registry", auth=auth) as running:
        app = workbench(platform)
        async with app.run_test(size=(120, 36)) as pilot:
            name = f"oci://{running.host}/team/platform"
            await look_at(pilot, app, name)
            _, command = await explained(pilot, app)
            assert command == f"floe platform list --registry {name}"
            screen = await publishing(pilot, app)
            await aim(pilot, app, name)
            text = screen.query_one("#plan-text", TextView).text
            assert "floe login" in text
            assert f"$ floe platform publish v1.2.3 --dry-run --registry {name}" in text


async def test_a_disk_that_refuses(workbench: Start, published: Path, data_team: Path) -> None:
    (data_team / ".floe" / "cache" / ".lock").mkdir(parents=True)  # where floe's own lock belongs
    app = workbench(data_team)
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("f6")
        await idle(pilot, app)
        await pilot.press("p")
        await explained(pilot, app)
        await pilot.press("i", "enter")
        await until(pilot, lambda: isinstance(app.screen, MovePanel))
        await pilot.press("y")
        _, command = await explained(pilot, app)
        assert command.startswith("floe init --platform oci-layout:")
    assert not (data_team / "floe.yaml").exists()


async def test_tags_that_are_garbage_are_rows_with_a_reason_and_stop_nothing(
    workbench: Start, platform: Path, docker_registry: DockerRegistry
) -> None:
    from floe_engine.registry.reference import Reference

    name = f"oci://{docker_registry.host}/team/platform"
    publish(Workspace.open(platform, registry=name), "v1.2.3")
    repository = Workspace.open(platform).repository(Reference.parse(name), push=True)
    image = "application/vnd.oci.image.manifest.v1+json"
    config = repository.push_blob(b"{}", "application/vnd.oci.empty.v1+json")
    raw = (
        b'{"schemaVersion":2,"mediaType":"%s","config":{"mediaType":"%s","digest":"%s","size":2},"layers":[]}'
        % (image.encode(), config.media_type.encode(), config.digest.encode())
    )
    for tag in ("v9.9.9", "latest", "main-20260101", "v1.2"):
        repository.push_manifest(raw, image, tag=tag)
    app = workbench(platform)
    async with app.run_test(size=(120, 36)) as pilot:
        await look_at(pilot, app, name)
        await until(pilot, lambda: len(rows(app)) == 4 and rows(app)[1].glyph == "✗")
        await idle(pilot, app)
        found = [row for row in rows(app) if not row.heading]
        assert [row.key for row in found] == ["v9.9.9", "v1.2.3"]
        assert found[0].cells[-1]
        assert "sha256:" in found[1].search
        for key in ("enter", "v", "p"):
            await pilot.press(key)
            await explained(pilot, app)
