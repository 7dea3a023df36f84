"""Publishing in the name of an identity, on the screen, with a loopback Sigstore and a real registry."""

from __future__ import annotations

import asyncio
import json
import shlex
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from textual.pilot import Pilot

from floe_engine import SigningOptions, Workspace, publish
from floe_tui.app import Workbench
from floe_tui.panels.problem import ProblemPanel
from floe_tui.panels.sign_in import SignInPanel
from floe_tui.places.publish.screen import PublishScreen
from floe_tui.places.registry.screen import RegistryScreen
from floe_tui.widgets.steps import Steps
from tests.faults.sigstore_double import SUBJECT, SigstoreDouble
from tests.registries import DockerRegistry

from .conftest import Start, idle, rows, until
from .test_publish import aim, asked, plan_text, publishing, sign_with, tags


@pytest.fixture
def sigstore(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SigstoreDouble]:
    for name in ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "GITHUB_ACTIONS", "GITLAB_CI", "CIRCLECI", "BUILDKITE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("SIGSTORE_ID_TOKEN", raising=False)
    with SigstoreDouble() as running:
        (tmp_path / "root.json").write_text(json.dumps(running.trusted_root()))
        (tmp_path / "signing.json").write_text(json.dumps(running.signing_config()))
        monkeypatch.setenv("FLOE_TRUST_ROOT", str(tmp_path / "root.json"))
        monkeypatch.setenv("FLOE_SIGNING_CONFIG", str(tmp_path / "signing.json"))
        yield running


@pytest.fixture
def target(docker_registry: DockerRegistry) -> str:
    return f"oci://{docker_registry.host}/team/platform"


async def keyless(pilot: Pilot[None], app: Workbench, target: str) -> PublishScreen:
    """The publish place, ready to publish there without a key."""
    screen = await publishing(pilot, app)
    await aim(pilot, app, target)
    await sign_with(pilot, app, 2)
    return screen


async def invited(pilot: Pilot[None], app: Workbench) -> SignInPanel:
    await until(pilot, lambda: isinstance(app.screen, SignInPanel))
    assert isinstance(app.screen, SignInPanel)
    return app.screen


async def browse(link: str) -> int:
    answer = await asyncio.to_thread(requests.get, link, timeout=10)
    return answer.status_code


def result(screen: PublishScreen) -> str:
    return "\n".join(screen.query_one(Steps).lines)


async def test_the_token_of_the_environment_signs_and_cosign_verifies_whom_the_screen_names(
    workbench: Start,
    platform: Path,
    target: str,
    sigstore: SigstoreDouble,
    monkeypatch: pytest.MonkeyPatch,
    require_binary: Callable[[str], str],
) -> None:
    token = sigstore.token()
    monkeypatch.setenv("SIGSTORE_ID_TOKEN", token)
    app = workbench(platform)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await keyless(pilot, app, target)
        assert f"{SUBJECT} ({sigstore.url})" in plan_text(screen)
        assert "published" in screen.why_not("publish.verify"), "nothing to verify yet, and no placeholder"
        await pilot.press("p")
        assert SUBJECT in dict((await asked(pilot, app)).facts)["signed by"]
        await pilot.press("y")
        await idle(pilot, app)
        assert f"Signed by: {SUBJECT} ({sigstore.url})" in result(screen)
        assert token not in result(screen)
        await pilot.press("v")
        words = shlex.split(app.clipboard)
        assert words[words.index("--certificate-identity") + 1] == SUBJECT
        assert words[words.index("--certificate-oidc-issuer") + 1] == sigstore.url
        cosign = require_binary("cosign3")
        subprocess.run([cosign, *words[1:]], check=True, capture_output=True, timeout=60)
    assert tags(platform, target) == ["v1.2.3"]


async def test_without_a_token_a_browser_is_waited_for_and_the_screen_stays_alive(
    workbench: Start, platform: Path, target: str, sigstore: SigstoreDouble
) -> None:
    app = workbench(platform)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await keyless(pilot, app, target)
        assert "a browser asks who you are" in plan_text(screen)
        await pilot.press("p")
        await asked(pilot, app)
        await pilot.press("y")
        panel = await invited(pilot, app)
        assert tags(platform, target) == [], "nothing is pushed before somebody has signed in"
        await pilot.press("tab", "tab", "tab")
        await pilot.resize_terminal(100, 30)
        assert app.screen is panel
        assert await browse(panel.invitation.link) == 200
        await until(pilot, lambda: app.screen is screen)
        await idle(pilot, app)
        assert f"Signed by: {SUBJECT} ({sigstore.url})" in result(screen)
        await pilot.press("v")
        assert SUBJECT in app.clipboard
    assert tags(platform, target) == ["v1.2.3"]


async def test_a_code_from_a_browser_elsewhere_can_be_typed(
    workbench: Start, platform: Path, target: str, sigstore: SigstoreDouble
) -> None:
    app = workbench(platform)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await keyless(pilot, app, target)
        await pilot.press("p")
        await asked(pilot, app)
        await pilot.press("y")
        panel = await invited(pilot, app)
        page = await asyncio.to_thread(requests.get, panel.invitation.elsewhere, timeout=10)
        await until(pilot, lambda: app.focused is not None)
        await pilot.press("shift+tab", *page.text.removeprefix("<p>").removesuffix("</p>"), "enter")
        await until(pilot, lambda: app.screen is screen)
        await idle(pilot, app)
        assert f"Signed by: {SUBJECT}" in result(screen)


async def test_declining_to_sign_in_publishes_nothing_and_leaves_the_plan(
    workbench: Start, platform: Path, target: str, sigstore: SigstoreDouble
) -> None:
    app = workbench(platform)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await keyless(pilot, app, target)
        await pilot.press("p")
        await asked(pilot, app)
        await pilot.press("y")
        await invited(pilot, app)
        await pilot.press("escape")
        await idle(pilot, app)
        assert app.screen is screen
        assert "No tag was written" in result(screen)
        assert screen.why_not("publish.publish") == ""
    assert tags(platform, target) == []


async def test_whoever_the_issuer_turns_away_reads_why_and_how_to_see_it_without_the_workbench(
    workbench: Start, platform: Path, target: str, sigstore: SigstoreDouble
) -> None:
    sigstore.visitor = ""
    app = workbench(platform)
    async with app.run_test(size=(140, 40)) as pilot:
        await keyless(pilot, app, target)
        await pilot.press("p")
        await asked(pilot, app)
        await pilot.press("y")
        panel = await invited(pilot, app)
        await browse(panel.invitation.link)
        await until(pilot, lambda: isinstance(app.screen, ProblemPanel))
        assert isinstance(app.screen, ProblemPanel)
        assert "access_denied" in app.screen.error.message
        assert app.screen.command.endswith("--keyless")
    assert tags(platform, target) == []


async def test_a_token_that_has_expired_is_replaced_by_signing_in(
    workbench: Start,
    platform: Path,
    target: str,
    sigstore: SigstoreDouble,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SIGSTORE_ID_TOKEN", sigstore.token("https://floe.test/long-ago", ttl=-60))
    app = workbench(platform)
    async with app.run_test(size=(140, 40)) as pilot:
        screen = await keyless(pilot, app, target)
        assert "a browser asks who you are" in plan_text(screen)
        await pilot.press("p")
        await asked(pilot, app)
        await pilot.press("y")
        panel = await invited(pilot, app)
        await browse(panel.invitation.link)
        await idle(pilot, app)
        assert f"Signed by: {SUBJECT}" in result(screen)


async def test_a_sigstore_that_is_away_is_a_calm_panel(
    workbench: Start, platform: Path, target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with SigstoreDouble() as gone:
        (tmp_path / "root.json").write_text(json.dumps(gone.client_config()))
        monkeypatch.setenv("FLOE_TRUST_ROOT", str(tmp_path / "root.json"))
        monkeypatch.setenv("SIGSTORE_ID_TOKEN", gone.token())
    app = workbench(platform)
    async with app.run_test(size=(140, 40)) as pilot:
        await keyless(pilot, app, target)
        await pilot.press("p")
        await asked(pilot, app)
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, ProblemPanel), seconds=60)
        assert isinstance(app.screen, ProblemPanel)
        assert "Sigstore does not answer" in app.screen.error.title
        assert app.screen.error.hint
    assert tags(platform, target) == []


async def test_the_registry_place_names_the_identity_also_where_it_is_not_trusted_yet(
    workbench: Start,
    platform: Path,
    target: str,
    sigstore: SigstoreDouble,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SIGSTORE_ID_TOKEN", sigstore.token())
    publish(Workspace.open(platform, registry=target), "v1.2.3", options=SigningOptions(keyless=True))
    app = workbench(platform)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("f6")
        await idle(pilot, app)
        screen = app.screen
        assert isinstance(screen, RegistryScreen)
        screen._look_into(target)
        await until(pilot, lambda: bool(rows(app)) and rows(app)[-1].glyph == "!")
        view = screen.list.view

        def shown() -> str:
            return " ".join(view.render_line(number).text for number in range(view.size.height))

        await until(pilot, lambda: "floe.test/acm" in shown() and "heads/main" in shown())
