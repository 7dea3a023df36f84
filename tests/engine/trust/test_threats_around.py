"""What is wrong around a signature (registry, text, programs, own files), told by the public commands."""

from __future__ import annotations

import contextlib
import json
import time
import uuid
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from floe_engine.artifact.content import Artifact
from floe_engine.artifact.pack import IMAGE_MANIFEST, SIGNING_KEY, pack
from floe_engine.errors import NotFound
from floe_engine.files import sha256_digest
from floe_engine.registry.client import Repository
from floe_engine.registry.reference import Reference
from floe_engine.signing.keys import load_private
from floe_engine.signing.trust import verify
from floe_engine.signing.verdict import Format, Verdict
from floe_engine.workspace import Workspace
from tests.engine.artifact.test_reading import BAD as UNUSABLE
from tests.engine.artifact.test_reading import NAMING, spoiled
from tests.engine.signing.test_trust import (
    BUNDLE,
    SIMPLE,
)
from tests.engine.trust.here import data_team, floe
from tests.engine.trust.places import Place, Scene, ask, refused
from tests.engine.upgrade.artifacts import artifact
from tests.faults.wire import for_ever, server
from tests.teams import manifest

# --- the registry ---------------------------------------------------------------------------------


def test_what_was_judged_is_what_is_taken_though_the_tag_moves_meanwhile(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Right after the signature was found good the tag names something unsigned."""
    at = scene.place()
    at.sign(at.team)
    other = at.other

    def judged(*given: Any, **more: Any) -> Verdict:
        found = verify(*given, **more)
        at.repository.push_manifest(at.repository.manifest(other).raw, IMAGE_MANIFEST, tag="v1.0.0")
        return found

    monkeypatch.setattr("floe_engine.signing.trust.verify", judged)
    project = data_team(tmp_path / "product", f"oci://{at.name}", "v1.0.0", scene.anchor)
    assert floe(project, "platform", "pull").code == 0
    assert at.repository.manifest("v1.0.0").digest == other, "it has moved"
    lock = json.loads((project / ".floe/cache/artifacts.lock").read_text())["platform"]
    assert lock["digest"] == at.digest
    written = json.loads((project / ".floe/platform/v1.0.0/manifest.json").read_text())
    assert written["metadata"]["version"] == "1.0.0"


@pytest.mark.parametrize(("formats", "ends"), [(BUNDLE, "[0-9a-f]"), (SIMPLE, ".sig")])
def test_a_registry_that_fails_while_signatures_are_looked_for_is_an_error(
    scene: Scene, tmp_path: Path, formats: tuple[Format, ...], ends: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real 500: the registry's own storage is damaged. Neither "unsigned" nor a first use comes of it."""
    monkeypatch.setattr("floe_engine.registry.retry.pause_for", lambda seconds, cancels: None)
    at = scene.place()
    at.sign(at.mallory, formats=formats)
    stored = scene.stored(at.repository.reference.repository)
    (link,) = stored.glob(f"_manifests/tags/sha256-*{ends}/current/link")
    link.write_text("nonsense")
    for anchors in (scene.anchor, "first_use: accept"):
        for words, ran in ask(tmp_path, at, anchors).items():
            assert ran.code == 3, (words, ran)
    assert not (tmp_path / "product/.floe/platform").exists()


# --- what a trusted key has signed ------------------------------------------------------------------


def signed_by_the_team(scene: Scene, place: str, spoilt: Artifact, **annotations: str) -> Place:
    """A platform that the team's own key has signed: it is believed for policy, and for no text."""
    repository = Repository(scene.server.reference(place), push=True)
    document = json.loads(pack(artifact(), annotations=annotations).manifest)
    repository.push_blobs([(data, "application/octet-stream") for data in spoilt.files.values()])
    for layer, data in zip(document["layers"], spoilt.files.values(), strict=True):
        layer |= {"digest": sha256_digest(data), "size": len(data)}
    document["config"] |= {name: document["layers"][0][name] for name in ("digest", "size")}
    digest = repository.push_manifest(json.dumps(document).encode(), IMAGE_MANIFEST, tag="v1.0.0").digest
    keys = [load_private(path.read_bytes()) for path in (scene.team, scene.mallory)]
    at = Place(repository, digest, *keys)
    at.sign(at.team)
    return at


@pytest.mark.parametrize(("where", "value"), UNUSABLE)
def test_what_nobody_could_use_is_refused_whoever_signed_it(
    scene: Scene, tmp_path: Path, where: str, value: Any
) -> None:
    at = signed_by_the_team(scene, f"text/{uuid.uuid4().hex}", spoiled(where, value))
    for words, ran in ask(tmp_path, at, scene.anchor).items():
        assert ran.code == 5 and where.partition("|")[0] in ran.err, (words, ran)
        assert "\x1b" not in ran.out + ran.err and "\u202e" not in ran.out + ran.err
    assert not (tmp_path / "product/.floe/platform").exists()


def test_an_expression_that_would_take_re_for_ever_ends_a_compile_in_time(
    scene: Scene, tmp_path: Path
) -> None:
    patterns = f"{NAMING}|namePattern"
    at = signed_by_the_team(scene, "expression", spoiled(patterns, r"(?:\w|\w|\w|\w|\w|\w|\w|\w|\w)*!"))
    project = data_team(tmp_path / "product", f"oci://{at.name}", "v1.0.0", scene.anchor)
    (project / "models" / f"bronze_{'a' * 200}.sql").write_text("select 1 as id")
    began = time.monotonic()
    assert floe(project, "compile").code in (0, 1)
    assert time.monotonic() - began < 20


def test_a_thousand_beginnings_of_a_key_are_read_in_time(scene: Scene, tmp_path: Path) -> None:
    at = signed_by_the_team(scene, "pem", artifact(), **{SIGNING_KEY: "-----BEGIN A-----" * 8000})
    began = time.monotonic()
    ran = ask(tmp_path, at, scene.anchor)
    assert {words: each.code for words, each in ran.items()} == dict.fromkeys(ran, 0), ran
    assert time.monotonic() - began < 5


# --- who signs --------------------------------------------------------------------------------------

PROGRAMS: dict[str, tuple[str, str]] = {
    "another key's signature": ("cat {team}", "openssl dgst -sha256 -sign {mallory_key}"),
    "garbage": ("cat {team}", "echo garbage"),
    "nothing": ("cat {team}", ":"),
    "a failure": ("cat {team}", "exit 3"),
    "a flood": ("cat {team}", "head -c 100000 /dev/zero"),
    "a private key in place of the public one": ("cat {team_key}", ":"),
}
"""What a program does that is asked for its public key, and that is asked to sign."""


@pytest.mark.parametrize("what", PROGRAMS)
def test_nothing_is_published_by_a_program_that_does_not_sign(
    scene: Scene, tmp_path: Path, what: str
) -> None:
    place = f"oci://{scene.server.host}/program/{list(PROGRAMS).index(what)}"
    facts = {"team": scene.team.with_suffix(".pub"), "team_key": scene.team, "mallory_key": scene.mallory}
    public, signs = (line.format(**facts) for line in PROGRAMS[what])
    program = tmp_path / "signer"
    program.write_text(f'#!/bin/sh\ncase "$1" in public-key) {public};; *) {signs};; esac\n')
    program.chmod(0o755)
    directory = tmp_path / "platform"
    directory.mkdir()
    (directory / "manifest.yaml").write_text(manifest())
    ran = floe(directory, "platform", "publish", "v1.0.0", "--key", f"exec:{program}", "--registry", place)
    assert ran.code in (2, 6) and "PRIVATE" not in ran.out + ran.err, ran
    with contextlib.suppress(NotFound):
        tags = Repository(Reference.parse(place)).tags()
        assert not [tag for tag in tags if tag.startswith("v")], tags


# --- time -------------------------------------------------------------------------------------------


def test_an_answer_that_trickles_in_for_ever_ends_every_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient = Workspace.transport.fget(Workspace.open(tmp_path))
    monkeypatch.setattr(Workspace, "transport", property(lambda _: replace(patient, budget=0.5, listing=0.5)))
    with server(for_ever(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b" ")) as reference:
        for words in (
            ("platform", "list", "--registry", reference.name),
            ("platform", "verify", f"{reference.name}:v1.0.0"),
            ("init", "--platform", f"{reference.name}:v1.0.0"),
        ):
            began = time.monotonic()
            ran = floe(tmp_path, *words)
            assert ran.code == 3 and time.monotonic() - began < 10, (words, ran)


# --- the reader's own files -----------------------------------------------------------------------


def test_a_key_of_floe_yaml_is_the_one_beside_it_wherever_one_stands(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = scene.place()
    at.sign(at.mallory)
    for folder, key in (("product", scene.team), ("elsewhere", scene.mallory)):
        (tmp_path / folder / "keys").mkdir(parents=True)
        (tmp_path / folder / "keys/team.pub").write_bytes(key.with_suffix(".pub").read_bytes())
    monkeypatch.chdir(tmp_path / "elsewhere")
    refused(tmp_path, at, "trusted_keys: [keys/team.pub]")
    at.sign(at.team)
    assert {ran.code for ran in ask(tmp_path, at, "trusted_keys: [keys/team.pub]").values()} == {0}


@pytest.mark.parametrize("key", ["absent.pub", "a-folder.pub", "huge.pub", "/dev/zero"])
def test_a_key_of_floe_yaml_that_is_none_stops_every_command(scene: Scene, tmp_path: Path, key: str) -> None:
    at = scene.place()
    (tmp_path / "product/a-folder.pub").mkdir(parents=True)
    (tmp_path / "product/huge.pub").write_bytes(
        scene.team.with_suffix(".pub").read_bytes() + b"\n" * (1 << 17)
    )
    for words, ran in ask(tmp_path, at, f"trusted_keys: [{key}]").items():
        assert ran.code == 2 and key in ran.err, (words, ran)


def test_a_password_that_is_not_the_key_s_publishes_nothing(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = f"oci://{scene.server.host}/password"
    (tmp_path / "manifest.yaml").write_text(manifest())
    monkeypatch.setenv("COSIGN_PASSWORD", "right")
    assert floe(tmp_path, "platform", "keygen").code == 0
    for password in ("wrong", "", "right\n"):
        monkeypatch.setenv("COSIGN_PASSWORD", password)
        ran = floe(tmp_path, "platform", "publish", "v1.0.0", "--key", "cosign.key", "--registry", place)
        assert ran.code == 6 and "password" in ran.err, ran
    with pytest.raises(NotFound, match="NAME_UNKNOWN"):
        Repository(Reference.parse(place)).tags()
