"""Repositories of a real docker-registry, each with a whole platform, for somebody to spoil."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from floe_engine.artifact.pack import IMAGE_MANIFEST
from floe_engine.registry.client import Repository
from floe_engine.signing import bundle, simple_signing
from floe_engine.signing.keys import PrivateKey, load_private
from floe_engine.signing.trust import sign
from tests.cli import Ran
from tests.engine.signing.test_trust import (
    attach_raw,
    base64_of,
    sig_layer,
)
from tests.engine.trust.here import data_team, floe
from tests.registries import DockerRegistry


@dataclass(frozen=True)
class Place:
    """A repository with a platform as v1.0.0 that nobody has signed yet."""

    repository: Repository
    digest: str
    team: PrivateKey
    """Whom the reader trusts."""
    mallory: PrivateKey

    @property
    def name(self) -> str:
        return self.repository.reference.docker_reference

    @property
    def other(self) -> str:
        """The digest of v1.1.0 beside it."""
        return self.repository.manifest("v1.1.0").digest

    def sign(self, key: PrivateKey, digest: str = "", place: str = "", **more: Any) -> None:
        named = place or self.name
        sign(self.repository, digest or self.digest, key, docker_reference=named, annotations={}, **more)

    def bundle(self, bend: Callable[[dict[str, Any]], object] = lambda good: None) -> None:
        """Attach a bundle by the team, bent."""
        made = json.loads(bundle.sign_with_key(bundle.statement_for(self.digest, {}), self.team))
        bend(made)
        attach_raw(self.repository, self.digest, json.dumps(made).encode())

    def payload(self, annotations: dict[str, str] | None = None) -> bytes:
        return simple_signing.payload_for(self.digest, self.name, annotations or {})

    def layer(self, payload: bytes, signature: object = None) -> dict[str, Any]:
        """A layer of a ``.sig`` tag, signed by the team where no other signature is given."""
        given = base64_of(self.team.sign(payload)) if signature is None else signature
        return sig_layer(self.repository, payload, given)

    def put(self, *layers: dict[str, Any]) -> None:
        """Make them the whole of the ``.sig`` tag."""
        config = simple_signing.image_config(layers)
        held = self.repository.push_blob(config, simple_signing.CONFIG_MEDIA_TYPE)
        document = {"schemaVersion": 2, "mediaType": IMAGE_MANIFEST, "config": held.document()}
        raw = json.dumps({**document, "layers": layers}).encode()
        self.repository.push_manifest(raw, tag=simple_signing.tag_of(self.digest))


@dataclass(frozen=True)
class Scene:
    """A registry with a source to copy from, and everybody's keys."""

    server: DockerRegistry
    digest: str
    team: Path
    mallory: Path

    @property
    def anchor(self) -> str:
        return f"trusted_keys: [{self.team.with_suffix('.pub')}]"

    def stored(self, name: str) -> Path:
        """Where the registry keeps a repository."""
        return self.server.data / "docker/registry/v2/repositories" / name

    def place(self) -> Place:
        """A repository of its own for one test, copied below the registry, which is quick."""
        name = uuid.uuid4().hex
        shutil.copytree(self.stored("source"), self.stored(name))
        keys = [load_private(path.read_bytes()) for path in (self.team, self.mallory)]
        return Place(Repository(self.server.reference(name), push=True), self.digest, *keys)


def ask(folder: Path, at: Place, anchors: str) -> dict[str, Ran]:
    """What the commands say that could take v1.0.0 of a place, in a project that trusts `anchors`."""
    registry = f"oci://{at.name}"
    project = data_team(folder / "product", registry, "v1.0.0", anchors)
    return {
        " ".join(words): floe(project, *words)
        for words in (
            ("platform", "verify", f"{registry}:v1.0.0"),
            ("init", "--platform", f"{registry}:v1.0.0"),
            ("platform", "pull"),
        )
    }


def refused(folder: Path, at: Place, anchors: str, says: str = "") -> None:
    for words, ran in ask(folder, at, anchors).items():
        assert ran.code == 6, (words, ran)
        told = ran.out + ran.err
        assert says in told, (words, told)
        assert "\x1b" not in told
    assert not (folder / "product/.floe/platform").exists()
    assert not (folder / "product/.floe/cache/artifacts.lock").exists()
