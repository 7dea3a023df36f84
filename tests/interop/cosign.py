"""The real cosign, versions 2 and 3, run as a person would run it, without the internet."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from floe_engine.descriptor import OCI_MANIFEST
from floe_engine.registry.client import Repository
from tests.registries import DockerRegistry

PASSWORD = "correct horse"


@dataclass
class Cosign:
    """One cosign binary with a directory for its files. `version` is 2 or 3."""

    program: str
    version: int
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.program, *arguments],
            cwd=self.folder,
            env=os.environ | {"COSIGN_PASSWORD": PASSWORD} | self.environment,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def must(self, *arguments: str) -> str:
        """Run it and give its stdout; the test fails where cosign does."""
        result = self.run(*arguments)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def key_pair(self) -> tuple[Path, Path]:
        self.must("generate-key-pair")
        return self.folder / "cosign.key", self.folder / "cosign.pub"

    def sign(self, reference: str, key: Path, *more: str) -> None:
        self.must("sign", "--key", str(key), *self._no_log(), "--yes", *more, reference)

    def attest(self, reference: str, key: Path, predicate_type: str) -> None:
        (self.folder / "predicate.json").write_text("{}")
        self.must(
            *("attest", "--key", str(key), "--predicate", "predicate.json", "--type", predicate_type),
            *self._no_log(),
            "--yes",
            reference,
        )

    def verifies(self, reference: str, public_key: Path, *more: str) -> list[dict[str, object]]:
        """The payloads that cosign verified, or an empty list where it refused."""
        result = self.run("verify", "--key", str(public_key), "--insecure-ignore-tlog=true", *more, reference)
        return [] if result.returncode else json.loads(result.stdout)

    def _no_log(self) -> list[str]:
        """Sign without any transparency log: the tests have no internet."""
        if self.version == 2:
            return ["--tlog-upload=false"]
        config = self.folder / "nothing.json"
        config.write_text(self.must("signing-config", "create"))
        return ["--signing-config", str(config)]


@dataclass(frozen=True)
class Artifact:
    """A small artifact in a real registry, as our client and as cosign name it."""

    repository: Repository
    digest: str
    docker_reference: str

    @property
    def reference(self) -> str:
        return f"{self.docker_reference}@{self.digest}"

    @classmethod
    def push(
        cls, registry: DockerRegistry, content: str = "content", name: str = "acme/platform"
    ) -> Artifact:
        repository = Repository(registry.reference(name), push=True)
        config = repository.push_blob(b"{}", "application/vnd.oci.empty.v1+json")
        layer = repository.push_blob(content.encode(), "text/plain")
        raw = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": OCI_MANIFEST,
                "artifactType": "application/vnd.acme.platform.v1",
                "config": config.document(),
                "layers": [layer.document()],
            }
        ).encode()
        return cls(repository, repository.push_manifest(raw, tag="1.0.0").digest, f"{registry.host}/{name}")
