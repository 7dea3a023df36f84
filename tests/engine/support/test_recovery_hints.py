"""Every hint is one that works: its commands exist, and whoever follows one out of damage is out of it.

The hints are read from the code, so that a new one without a run fails here.
"""

from __future__ import annotations

import ast
import inspect
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import floe_engine
from floe_engine import errors
from floe_engine.artifact.pack import IMAGE_MANIFEST
from floe_engine.files import canonical_json
from tests.acts import texts
from tests.cli import Ran
from tests.engine.distribution.test_interrupted import MOVE, killed_at
from tests.engine.trust.here import data_team, floe
from tests.teams import PlatformTeam, manifest, new_key

ROOT = Path(floe_engine.__file__).parent
CODES = {
    name: kind.exit_code
    for name, kind in inspect.getmembers(errors, inspect.isclass)
    if hasattr(kind, "exit_code")
}


def said(node: ast.AST) -> str:
    """The texts of an expression, with … for what is put in."""
    return " ".join(text.text for text in texts(node))


def trees() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(ROOT.rglob("*.py")):
        yield path.relative_to(ROOT), ast.parse(path.read_text())


def recovery_hints() -> dict[str, str]:
    """Hint to the file that gives it, of every error about what was damaged or does not fit (exit code 5)."""
    found = {}
    for path, tree in trees():
        for scope in ast.walk(tree):
            if not isinstance(scope, ast.FunctionDef):
                continue
            named = {
                target.id: said(statement.value)
                for statement in ast.walk(scope)
                if isinstance(statement, ast.Assign)
                for target in statement.targets
                if isinstance(target, ast.Name)
            }
            for call in ast.walk(scope):
                if not isinstance(call, ast.Call) or CODES.get(getattr(call.func, "id", "")) != 5:
                    continue
                for keyword in call.keywords:
                    if keyword.arg == "hint":
                        value = keyword.value
                        text = named.get(value.id, "") if isinstance(value, ast.Name) else said(value)
                        found[text] = str(path)
    return found


# --- two teams, and what befalls them --------------------------------------------------------------


@dataclass
class World:
    folder: Path
    platform: PlatformTeam
    key: Path
    product: Path

    def run(self, *words: str) -> Ran:
        return floe(self.product, *words)

    def pin(self, version: str, registry: str = "") -> None:
        anchor = f"trusted_keys: [{self.key.with_suffix('.pub')}]"
        data_team(self.product, registry or self.platform.registry, version, anchor)

    @property
    def lock(self) -> Path:
        return self.product / ".floe/cache/artifacts.lock"

    @property
    def layout(self) -> Path:
        return Path(self.platform.registry.removeprefix("oci-layout:"))

    def blob(self, holds: bytes) -> Path:
        return next(path for path in (self.layout / "blobs/sha256").iterdir() if holds in path.read_bytes())


@pytest.fixture
def world(tmp_path: Path) -> World:
    key = new_key(tmp_path / "keys" / "team.key")
    platform = PlatformTeam(tmp_path / "platform", f"oci-layout:{tmp_path / 'registry' / 'platform'}")
    for version in ("1.0.0", "1.1.0"):
        platform.publish(version, key=key, text=manifest(version, coverage=50))
    made = World(tmp_path, platform, key, tmp_path / "product")
    made.pin("v1.0.0")
    assert made.run("platform", "pull").code == 0
    return made


Story = Callable[[World], tuple[Ran, Callable[[], Any]]]
"""Does the damage; returns how a command met it, and what the hint says to do."""
STORIES: dict[str, Story] = {}


def story(*hints: str) -> Callable[[Story], Story]:
    def note(tell: Story) -> Story:
        STORIES.update(dict.fromkeys(hints, tell))
        return tell

    return note


def runs(world: World, *words: str) -> Callable[[], Any]:
    def follow() -> None:
        ran = world.run(*words)
        assert ran.code == 0, ran.err

    return follow


@story("run `floe platform pull --force` to fetch it again")
def a_cached_file_was_altered(world: World) -> tuple[Ran, Callable[[], Any]]:
    (world.product / ".floe/platform/v1.0.0/manifest.json").write_text("{}")
    return world.run("platform", "verify", "--offline"), runs(world, "platform", "pull", "--force")


@story("run `floe platform pull` to fetch it")
def the_cache_is_gone(world: World) -> tuple[Ran, Callable[[], Any]]:
    shutil.rmtree(world.product / ".floe/platform")
    return world.run("platform", "verify", "--offline"), runs(world, "platform", "pull")


@story("run `floe platform pull` with network")
def the_signatures_are_gone(world: World) -> tuple[Ran, Callable[[], Any]]:
    shutil.rmtree(world.product / ".floe/cache/signatures")
    return world.run("platform", "verify", "--offline"), runs(world, "platform", "pull")


@story("restore it from git, or delete it and run `floe platform pull --force`")
def the_lock_is_torn(world: World) -> tuple[Ran, Callable[[], Any]]:
    world.lock.write_text("{")

    def follow() -> None:
        world.lock.unlink()
        runs(world, "platform", "pull", "--force")()

    return world.run("platform", "verify", "--offline"), follow


@story("somebody edited it: restore it from git, or delete it and pull … anew")
def the_lock_was_edited(world: World) -> tuple[Ran, Callable[[], Any]]:
    document = json.loads(world.lock.read_text())
    document["platform"]["version"] = "1.0.1"
    world.lock.write_bytes(canonical_json(document))

    def follow() -> None:
        world.lock.unlink()
        runs(world, "platform", "pull", "v1.0.0")()

    return world.run("platform", "verify", "--offline"), follow


@story("a version tag never moves by itself: ask the platform team, then run `floe platform pull --force`")
def a_tag_has_moved(world: World) -> tuple[Ran, Callable[[], Any]]:
    world.platform.repository.delete_tag("v1.0.0")
    world.platform.repository.delete_tag("v1.1.0")
    world.platform.publish("1.0.0", key=world.key, text=manifest("1.0.0", coverage=40))
    return world.run("platform", "pull"), runs(world, "platform", "pull", "--force")


@story("remove .floe/cache/artifacts.lock if the project really moves to another platform")
def the_pin_is_of_another_platform(world: World) -> tuple[Ran, Callable[[], Any]]:
    other = PlatformTeam(world.folder / "other", f"oci-layout:{world.folder / 'registry' / 'other'}")
    other.publish("1.0.0", key=world.key, text=manifest("1.0.0", name="other", coverage=50))
    world.pin("v1.0.0", other.registry)

    def follow() -> None:
        world.lock.unlink()
        runs(world, "platform", "pull")()

    return world.run("platform", "pull"), follow


@story("`floe platform pull` locks what floe.yaml pins, with --allow-downgrade where that is a lower version")
def the_lock_is_of_another_version(world: World) -> tuple[Ran, Callable[[], Any]]:
    world.pin("v1.1.0")
    runs(world, "platform", "pull")()
    world.pin("v1.0.0")
    return world.run("platform", "doctor"), runs(world, "platform", "pull", "--allow-downgrade")


@story("run `floe platform pull` first, so that there is something to compare with")
def nothing_is_locked_yet(world: World) -> tuple[Ran, Callable[[], Any]]:
    shutil.rmtree(world.product / ".floe")

    def follow() -> None:
        runs(world, "platform", "pull")()
        runs(world, "upgrade", "--accept-breaking")()

    return world.run("upgrade"), follow


@story("take floe.yaml and the lock back with git")
def the_state_before_an_upgrade_is_torn(world: World) -> tuple[Ran, Callable[[], Any]]:
    def git(*words: str) -> None:
        who = ("-c", "user.name=me", "-c", "user.email=me@acme.example")
        subprocess.run(["git", *who, *words], cwd=world.product, check=True, capture_output=True)

    git("init", "-q")
    git("add", "-A")
    git("commit", "-q", "-m", "pinned")
    assert world.run("upgrade", "--accept-breaking").code == 0
    (state,) = (world.product / ".floe").rglob("previous.json")
    state.write_text("{")

    def follow() -> None:
        git("checkout", "-q", "--", "floe.yaml", ".floe/cache/artifacts.lock")
        runs(world, "platform", "pull", "--frozen")()

    return world.run("upgrade", "--undo"), follow


@story("run `floe platform pull` without --frozen and commit the lock")
def the_lock_does_not_cover_the_pin(world: World) -> tuple[Ran, Callable[[], Any]]:
    world.pin("v1.1.0")
    return world.run("platform", "pull", "--frozen"), runs(world, "platform", "pull")


@story("pin a published version with platform.ref")
def floe_yaml_names_a_manifest_that_no_lock_covers(world: World) -> tuple[Ran, Callable[[], Any]]:
    spec = world.product / "floe.yaml"
    pinned = spec.read_text()
    ref = next(line for line in pinned.splitlines() if line.lstrip().startswith("ref:"))
    spec.write_text(pinned.replace(ref, f"  manifest: {world.platform.directory}/manifest.yaml"))

    def follow() -> None:
        spec.write_text(pinned)
        assert world.run("compile", "--frozen").code in (0, 1)

    return world.run("compile", "--frozen"), follow


@story("ask the platform team to remove one; until then pin a digest")
def one_version_has_two_contents(world: World) -> tuple[Ran, Callable[[], Any]]:
    repository = world.platform.repository
    raw = repository.manifest("v1.0.0").raw
    repository.push_manifest(raw, IMAGE_MANIFEST, tag="1.1.0")
    world.pin("v1.*.*")
    digest = repository.manifest("v1.1.0").digest

    def follow() -> None:
        world.pin(digest)
        runs(world, "platform", "pull")()

    shutil.rmtree(world.product / ".floe")
    return world.run("platform", "pull"), follow


@story("`floe platform doctor --repair --registry oci-layout:…` rebuilds it")
def a_folder_lost_its_index(world: World) -> tuple[Ran, Callable[[], Any]]:
    (world.layout / "index.json").write_text("")
    (world.layout / ".index.json").unlink()

    def follow() -> None:
        runs(world, "platform", "doctor", "--repair", "--registry", world.platform.registry)()
        for version in ("1.0.0", "1.1.0"):  # as that says: it lists them without their tags
            world.platform.publish(version, key=world.key, text=manifest(version, coverage=50))
        runs(world, "platform", "pull", "--force")()

    return world.run("platform", "pull", "--force"), follow


@story(
    "publish the version again to restore it; `floe platform doctor --registry oci-layout:…` tells what else "
    "is missing"
)
def a_folder_lost_a_blob(world: World) -> tuple[Ran, Callable[[], Any]]:
    files = json.loads(world.lock.read_text())["platform"]["files"]
    digest = files["manifest.json"]["digest"].removeprefix("sha256:")
    (world.layout / "blobs/sha256" / digest).unlink()

    def follow() -> None:
        told = world.run("platform", "doctor", "--registry", world.platform.registry)
        assert told.code == 5 and "1 blob" in told.out, told.out
        world.platform.publish("1.0.0", key=world.key, text=manifest("1.0.0", coverage=50))
        runs(world, "platform", "pull", "--force")()

    return world.run("platform", "pull", "--force"), follow


@story("publish those versions again from the manifest.yaml that made them")
def a_folder_lost_a_part_of_a_version(world: World) -> tuple[Ran, Callable[[], Any]]:
    files = json.loads(world.lock.read_text())["platform"]["files"]
    (world.layout / "blobs/sha256" / files["manifest.json"]["digest"].removeprefix("sha256:")).unlink()
    look = ("platform", "doctor", "--registry", world.platform.registry)

    def follow() -> None:
        for version in ("1.0.0", "1.1.0"):
            world.platform.publish(version, key=world.key, text=manifest(version, coverage=50))
        runs(world, *look)()

    return world.run(*look), follow


@story(
    "`floe platform doctor --repair --registry oci-layout:…` takes out what nobody can read: signatures and "
    "attestations"
)
def a_folder_lost_a_signature(world: World) -> tuple[Ran, Callable[[], Any]]:
    world.blob(b"cosign container image signature").unlink()
    look = ("platform", "doctor", "--registry", world.platform.registry)

    def follow() -> None:
        told = world.run(*look, "--repair")
        assert told.code == 0 and "taken out" in told.out, told.out
        for version in ("1.0.0", "1.1.0"):  # as that says, where each was made
            world.platform.publish(version, key=world.key, text=manifest(version, coverage=50))
            ran = floe(
                world.platform.directory,
                *("platform", "sign", f"v{version}", "--key", str(world.key)),
                *("--registry", world.platform.registry),
            )
            assert ran.code == 0, ran.err
        runs(world, *look)()

    return world.run(*look), follow


@story("delete that tag and sign again")
def the_sig_tag_holds_something_else(world: World) -> tuple[Ran, Callable[[], Any]]:
    repository = world.platform.repository
    tag = repository.manifest("v1.1.0").digest.replace(":", "-") + ".sig"
    index = "application/vnd.oci.image.index.v1+json"
    raw = json.dumps({"schemaVersion": 2, "mediaType": index, "manifests": []}).encode()
    repository.push_manifest(raw, index, tag=tag)
    sign = ("platform", "sign", "v1.1.0", "--key", str(world.key), "--registry", world.platform.registry)

    def follow() -> None:
        repository.delete_tag(tag)
        ran = floe(world.platform.directory, *sign)
        assert ran.code == 0, ran.err

    return floe(world.platform.directory, *sign), follow


TOLD_TO_OTHERS = {
    "it may come from a newer floe, or from another tool",
    "check the repository and the tag; was it pushed by another tool?",
    "the registry or something between holds altered content; do not use it",
    "the registry or something between holds damaged content; push it again",
    "do not use it, and tell the platform team",
    "do not use it, and tell the platform team: it has to publish a version with a good key",
    "somebody moved or copied a tag: tell the platform team",
    "make it with `floe platform export FILE` or `oras copy --to-oci-layout FILE.tar`",
}
"""What the reader cannot mend: somebody else's content."""


def test_every_way_out_of_damage_has_a_run() -> None:
    found = recovery_hints()
    assert len(found) > 20
    missing = {hint: path for hint, path in found.items() if hint not in STORIES.keys() | TOLD_TO_OTHERS}
    assert not missing
    assert not (STORIES.keys() | TOLD_TO_OTHERS) - found.keys(), "nobody says these any more"


@pytest.mark.parametrize("hint", STORIES)
def test_a_way_out_of_damage_is_told_and_leads_out(world: World, hint: str) -> None:
    met, follow = STORIES[hint](world)
    assert met.code == 5, met
    said = " ".join((met.out + met.err).split())
    for part in hint.split("…"):
        assert " ".join(part.split()) in said, said
    follow()


def test_whoever_edited_during_an_interrupted_move_pulls_what_they_pin(world: World) -> None:
    journal = world.product / ".floe" / "cache" / "journal.json"
    number = 0
    while not journal.exists() and number < 12:
        number += 1
        killed_at(world.product, MOVE["upgrade"], number)
    spec = world.product / "floe.yaml"
    spec.write_text(f"{spec.read_text()}# mine\n")
    ran = world.run("platform", "list", "--registry", world.platform.registry)
    assert "left as it is" in ran.err and "`floe platform pull` fetches what it pins" in ran.err, ran.err
    runs(world, "platform", "pull")()
