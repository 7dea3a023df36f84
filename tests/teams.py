"""The two teams of every story: one publishes a platform, the other pins it. Both work in-process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from floe_engine.artifact.pack import IMAGE_MANIFEST
from floe_engine.distribution.pull import Pulled, PullOptions, pinned, pull
from floe_engine.distribution.request import VersionRequest
from floe_engine.events import Event, Notice
from floe_engine.platform.publish import Published, publish
from floe_engine.platform.signing_key import SigningOptions
from floe_engine.product.init_project import Initialised, init_project
from floe_engine.registry.client import Repository
from floe_engine.registry.reference import Reference
from floe_engine.signing.keys import load_private
from floe_engine.trust.verdict import AskFirstUse
from floe_engine.workspace import Workspace


def new_key(path: Path) -> Path:
    """A P-256 key without a password (scrypt takes a third of a second) and its ``.pub`` beside it."""
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(pem)
    path.with_suffix(".pub").write_bytes(load_private(pem).public.pem)
    return path


def fingerprint(key: Path) -> str:
    """The fingerprint of a private key file."""
    return load_private(key.read_bytes()).public.fingerprint


def manifest(
    version: str = "1.0.0", *, name: str = "acme", coverage: int = 80, more: str = "", scope: str = ""
) -> str:
    """A small valid manifest."""
    return (
        "apiVersion: floe.dev/v1\nkind: Manifest\n"
        f'metadata:\n  name: {name}\n  version: "{version}"\n'
        + (f"  scope: {scope}\n" if scope else "")
        + "plugins:\n  compute: {type: duckdb}\n  orchestrator: {type: dagster}\n"
        f"governance:\n  quality_gates: {{minimum_test_coverage: {coverage}}}\n{more}"
    )


@dataclass
class Heard:
    """A `Report` that remembers."""

    events: list[Event] = field(default_factory=list)

    def __call__(self, event: Event) -> None:
        self.events.append(event)

    @property
    def warnings(self) -> str:
        """Every warning, a line each."""
        return "\n".join(event.message for event in self.events if isinstance(event, Notice))


@dataclass
class PlatformTeam:
    """A directory with a manifest.yaml, and where it publishes to."""

    directory: Path
    registry: str
    environ: Mapping[str, str] = field(default_factory=dict)
    scope: str = ""

    @property
    def workspace(self) -> Workspace:
        return Workspace.open(self.directory, registry=self.registry, environ=self.environ)

    @property
    def repository(self) -> Repository:
        return self.workspace.repository(Reference.parse(self.registry), push=True)

    def requiring(self, *keys: Path) -> str:
        """The security section that demands a signature by one of `keys`; puts their public halves here."""
        self.directory.mkdir(parents=True, exist_ok=True)
        names = [key.with_suffix(".pub").name for key in keys]
        for key, name in zip(keys, names, strict=True):
            (self.directory / name).write_bytes(key.with_suffix(".pub").read_bytes())
        return f"security: {{require_signed_artifacts: true, trusted_keys: [{', '.join(names)}]}}\n"

    def publish(
        self, version: str = "1.0.0", *, key: Path | None = None, text: str = "", heard: Heard | None = None
    ) -> Published:
        """Write the manifest (`text`, or a small one) and publish it, signed by `key` if there is one."""
        self.directory.mkdir(parents=True, exist_ok=True)
        (self.directory / "manifest.yaml").write_text(text or manifest(version, scope=self.scope))
        options = SigningOptions(keys=(str(key),) if key else (), sign=key is not None)
        return publish(self.workspace, f"v{version}", options=options, report=heard or Heard())

    def retag(self, source: str, target: str) -> str:
        """Put what `source` names under `target` too, as somebody with push rights could."""
        raw = self.repository.manifest(source).raw
        return self.repository.push_manifest(raw, IMAGE_MANIFEST, tag=target).digest


@dataclass
class DataTeam:
    """A project directory, and the settings of the person who works there."""

    directory: Path
    registry: str
    environ: dict[str, str] = field(default_factory=dict)
    heard: Heard = field(default_factory=Heard)

    @property
    def workspace(self) -> Workspace:
        self.directory.mkdir(parents=True, exist_ok=True)
        return Workspace.open(self.directory, registry=self.registry, environ=self.environ)

    @property
    def lock(self) -> str:
        return self.workspace.store.lock_path.read_text()

    def settings(self, text: str) -> None:
        """The user's settings file of whoever works here."""
        path = self.directory.parent / f"{self.directory.name}-settings" / "config.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        self.environ["FLOE_CONFIG"] = str(path)

    def init(self, platform: str, *, ask: AskFirstUse | None = None) -> Initialised:
        return init_project(self.workspace, platform, ask=ask, report=self.heard)

    def pull(self, version: str, *, ask: AskFirstUse | None = None, **options: bool) -> Pulled:
        """Pull a version by hand, with the anchors of settings and lock."""
        wanted = VersionRequest.parse(version, self.workspace)
        return pull(self.workspace, wanted, options=PullOptions(**options), ask=ask, report=self.heard)

    def pull_pinned(self, *, offline: bool = False, **options: bool) -> Pulled:
        """Pull what floe.yaml pins, with its anchors, as `floe platform pull` does."""
        workspace = self.workspace.without_network() if offline else self.workspace
        wanted, chosen = pinned(workspace, PullOptions(**options))
        return pull(workspace, wanted, options=chosen, report=self.heard)

    def pin(self, version: str, *trust: str) -> None:
        """Write floe.yaml with `version` and further lines of its platform section."""
        self.directory.mkdir(parents=True, exist_ok=True)
        lines = "".join(f"  {line}\n" for line in trust)
        (self.directory / "floe.yaml").write_text(
            f"apiVersion: floe.dev/v1\nkind: DataProduct\n"
            f"platform:\n  ref: {self.registry}:{version}\n{lines}transforms: [{{type: dbt}}]\n"
        )
