"""What both teams do with the workbench, each written once and walked twice: here, and in Chromium."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path

import pytest

from floe_engine import Workspace, init_project, keygen, list_versions, publish
from tests.registries import DockerRegistry

from .browser import chromium
from .conftest import MANIFEST, left_behind
from .faces import Face, in_browser, in_process
from .test_mending import PERMISSIVE, SCHEMA
from .test_policy import CASES

PASSWORD = "correct-horse"

Open = Callable[..., AbstractAsyncContextManager[Face]]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """One browser for all journeys."""
    from tests.binaries import require_binary

    with chromium(require_binary("chromium"), tmp_path_factory.mktemp("chromium")) as port:
        yield port


@pytest.fixture(params=["here", pytest.param("chromium", marks=pytest.mark.interop)])
def opened(request: pytest.FixtureRequest) -> Open:
    """Open the workbench of a directory: under a pilot, or by ``floe-tui --web`` in a browser."""
    if request.param == "here":
        return in_process
    return partial(in_browser, request.getfixturevalue("browser"))


async def test_a_mistake_is_mended_and_the_version_published_signed_to_a_registry(
    opened: Open, platform: Path, docker_registry: DockerRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = platform / "manifest.yaml"
    manifest.write_text(MANIFEST.replace("duckdb", "duckbd"))
    keygen(Workspace.open(platform), ask=lambda prompt: PASSWORD)
    target = f"oci://{docker_registry.host}/team/platform"
    monkeypatch.setenv("FLOE_REGISTRY", target)
    async with opened(platform) as face:
        await face.shows("1 error", "duckbd")
        await face.press("f8", "shift+f9")  # a browser keeps Ctrl+T for itself
        await face.shows("no problems", "●")
        await face.press("ctrl+s")
        await face.until(lambda: manifest.read_text() == MANIFEST)
        await face.press("f4")
        await face.shows("Naming convention enforcement", "cases")
        await face.press("f6")
        await face.shows("The registry has no such repository yet.", "F5  publishes a version")
        await face.press("f5")
        await face.shows("Preflight of v1.2.3", "✓ ready", "no such repository yet")
        await face.press("p")
        await face.shows("Password")
        await face.press(*"wrong", "enter")
        await face.shows("the password does not open the private key", "type it again")
        await face.press("escape", "p")
        await face.shows("Password")
        await face.press(*PASSWORD, "enter")
        await face.shows("Publish", "sha256:", "Cancel", docker_registry.host)
        assert PASSWORD not in face.text
        await face.press("y")
        await face.shows("Digest: sha256:")
        await face.press("f6")
        await face.shows("✓ v1.2.3", docker_registry.host)
    found = list_versions(Workspace.open(platform, registry=target))
    assert [str(version) for version in found.versions] == ["1.2.3"]


async def test_a_bigger_change_is_seen_line_by_line_and_kept_from_a_small_number(
    opened: Open, published: Path
) -> None:
    async with opened(published) as face:
        await face.shows("no problems")
        await face.press("f3")
        await face.shows("v2.0.0 → ", "PLG001", "duckdb", "snowflake")
        await face.press("b")
        await face.shows("breaking")
        await face.press("b", "ctrl+f")
        await face.press(*"snowflake", "enter")
        await face.shows("snowflake")
        await face.press("escape", "o")
        await face.shows("v1.2.3", "v1.3.0")


async def test_a_team_case_fails_first_and_passes_once_it_says_what_is_meant(
    opened: Open, platform: Path
) -> None:
    cases = platform / "tests/policies/names.yaml"
    cases.parent.mkdir(parents=True)
    cases.write_text(CASES.replace("RESULT", "pass"))
    async with opened(platform) as face:
        await face.press("f4")
        await face.shows("✗ 1 of", "staging is not our word", "expected pass, found fail", "names.yaml")
        await face.press("x")
        await face.hides("✓ pii data may be private")
        await face.press("x")
        await face.shows("✓ pii data may be private")
        cases.write_text(CASES.replace("RESULT", "fail"))
        await face.shows("expected fail, found fail")
        await face.press("m")
        await face.shows("0 of", "mutants survived")


async def test_a_version_is_browsed_and_pinned_and_the_project_mended_and_excused(
    opened: Open, published: Path, data_team: Path
) -> None:
    (published / "manifest.yaml").write_text(PERMISSIVE)
    publish(Workspace.open(published), "v3.0.0")
    (data_team / "models/schema.yml").write_text(SCHEMA)
    init_project(Workspace.open(data_team), "v1.2.3")
    spec = data_team / "floe.yaml"
    async with opened(data_team) as face:
        await face.shows("pin v1.2.3")
        await face.press("f6")
        await face.shows("v3.0.0", "locked", "patch", "pin v1.2.3 ↑ major")
        await face.press("c", *"v1.*.*")
        await face.shows("→ v1.3.0, 2 allowed, newer v3.0.0")
        await face.hides("v2.0.0")
        await face.press("escape")
        await face.shows("v2.0.0")
        await face.press("g", "j", "i")
        await face.shows("exactly this version")
        await face.press("enter")
        await face.shows("v1.2.3 → v3.0.0 (a major step)", "6 findings would stop the build")
        await face.press("a")
        await face.until(lambda: "v3.0.0" in spec.read_text())
        await face.shows("acme-data-platform 3.0.0 │ pin v3.0.0")
        await face.press("f7")
        await face.shows("E230 The primary key is tested not to be null")
        await face.press("/", *"not_null_pk", "enter", "down")
        await face.shows("1 of 1")
        await face.press("f")
        await face.shows("4 findings mended in 1 file", "+          - not_null")
        await face.press("y")
        await face.shows("No row has these words")
        assert "not_null" in (data_team / "models/schema.yml").read_text()
        await face.press("escape", "/", *"belongs", "enter")
        await face.shows("2 of 6")
        await face.press("w")
        await face.shows("A reason is needed.")
        await face.press(*"renamed in May", "enter", *"ada", "enter", "enter")
        await face.shows("renamed in May", "+++")
        await face.press("y")
        await face.until(lambda: "renamed in May" in spec.read_text())
        await face.shows("waived")


async def test_an_empty_directory_becomes_a_platform(opened: Open, directory: Path) -> None:
    async with opened(directory) as face:
        await face.shows("Begin a platform", "Join", "demo")
        await face.press("b")
        await face.shows("medallion", "minimal")
        await face.press("down", "enter")
        await face.shows("no problems", "apiVersion")
        assert (directory / "manifest.yaml").is_file()
        await face.press("f7", "0")
        await face.shows("Open another directory")


async def test_the_palette_and_the_command_line_do_what_they_say(opened: Open, published: Path) -> None:
    async with opened(published) as face:
        await face.shows("no problems")
        await face.press("ctrl+p", *"verify")
        await face.shows("Look at every signature")
        await face.press("enter")
        await face.shows("$ floe platform verify v2.0.0", "unsigned")
        await face.press(":", *"platform list", "enter")
        await face.shows("exit 0", "v1.3.0")
        await face.press("escape", "@")
        await face.shows("floe platform list", "floe platform verify v2.0.0")
        await face.press("escape")
        await face.hides("floe platform verify v2.0.0")
        await face.press("ctrl+p", *"next theme")
        await face.shows("colour-blind")
        await face.press("enter")
        await face.hides("colour-blind")
        await face.press("ctrl+q")
    assert any('"floe-light"' in file.read_text() for file in (Path.home() / "state").rglob("*.json"))


async def test_replace_all_asks_with_a_count_and_is_one_undo(opened: Open, platform: Path) -> None:
    manifest = platform / "manifest.yaml"
    async with opened(platform) as face:
        await face.shows("no problems")
        await face.press("ctrl+f", *"dagster")
        await face.shows("1 found")
        await face.press("tab", *"airflow", "ctrl+e")
        await face.shows("Replace 1 match?", "becomes  airflow")
        await face.press("y")
        await face.shows("type: airflow", "●")
        await face.press("escape", "ctrl+z")
        await face.shows("type: dagster")
        await face.press("ctrl+y", "ctrl+s")
        await face.until(lambda: manifest.read_text() == MANIFEST.replace("dagster", "airflow"))


async def test_text_that_a_crash_left_is_offered_with_its_difference(opened: Open, platform: Path) -> None:
    manifest = platform / "manifest.yaml"
    left_behind(manifest, "# mine\n" + MANIFEST)
    async with opened(platform) as face:
        await face.shows("# mine", "Recover")
        await face.press("r")
        await face.shows("●", "# mine")
        await face.press("ctrl+s")
        await face.until(lambda: manifest.read_text() == "# mine\n" + MANIFEST)


async def test_two_thousand_lines_are_pasted_and_the_window_made_small_and_large_again(
    opened: Open, platform: Path
) -> None:
    async with opened(platform) as face:
        await face.shows("no problems")
        await face.paste("".join(f"# line {number}\n" for number in range(2000)))
        await face.shows("# line 1999", "2001:1", "●")
        await face.resize(80, 24)
        await face.shows("apiVersion", "2001:1")
        await face.resize(30, 8)
        await face.hides("apiVersion")
        await face.resize(124, 40)
        await face.click("5 Registry")
        await face.shows("No versions here yet")
        await face.click("1 Manifest")
        await face.shows("# line 1999")
