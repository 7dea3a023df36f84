"""Where a command works: which directory, which files, which registry, which settings.

The order in which settings are asked is written here and nowhere else. Reads the environment and
the user's settings file; talks to no registry.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct, ValidationError, convert, field
from msgspec.structs import replace

from floe_engine.acts import Act, Option
from floe_engine.errors import ConfigurationError, UnsafePath, UsageError
from floe_engine.files import Directory, read_bounded, stands, strict_toml
from floe_engine.fingerprint import parse_fingerprint
from floe_engine.folders import user_config, user_data
from floe_engine.manifest.nested import get
from floe_engine.registry.reference import Reference, is_host
from floe_engine.store import Store
from floe_engine.text import did_you_mean
from floe_engine.typed import built
from floe_engine.walk import NOTE

if TYPE_CHECKING:
    from floe_engine.events import CancelToken
    from floe_engine.registry.client import Repository
    from floe_engine.registry.transport import Transport

MANIFEST_FILE = "manifest.yaml"
SPEC_FILE = "floe.yaml"
JOURNAL = "cache/journal.json"
"""Below ``.floe/``: what a command that changes several files would have to put back."""
DEFAULT_REPOSITORY = "floe-platform"
"""Name of the repository where a reference names only a registry, and of the embedded one."""


class UserSettings(Struct, frozen=True):
    """The user's own settings: `config.toml` in the user's config directory for floe."""

    path: Path
    registry: str | None = None
    trusted_keys: tuple[str, ...] = ()
    """Public keys: paths relative to the settings file, PEM texts or fingerprints."""
    trusted_identities: tuple[Mapping[str, str], ...] = ()
    """`{identity, issuer}` of keyless signers, or `identity_regexp` in the place of `identity`."""
    revoked_keys: tuple[str, ...] = ()
    """Fingerprints that are never accepted, whoever lists them: in any usual spelling in the file,
    `sha256:…` here."""
    first_use: Literal["accept", "refuse"] | None = None
    """`accept` or `refuse` a signer whom nothing vouches for yet; None: ask, or accept in a script."""
    ca_file: str | None = None
    plain_http: bool | tuple[str, ...] | None = None
    """Hosts that are spoken to without TLS; true: the one of `registry`, false: none, nor this machine."""
    trust_root: str | None = None
    """A Sigstore trust root (JSON) instead of the public one."""

    @classmethod
    def load(cls, path: Path) -> UserSettings:
        """Read the file; an absent one means the defaults. Raises `ConfigurationError`."""
        if not stands(path):
            return cls(path)
        try:
            values = strict_toml(read_bounded(path, 1024 * 1024, what="settings file"))
        except ValueError as error:
            raise ConfigurationError(
                "the settings file is not valid TOML", str(error), where=str(path)
            ) from None
        known = cls.__struct_fields__[1:]
        if unknown := next((key for key in values if key not in known), None):
            near = did_you_mean(unknown, known)
            hint = f"did you mean {near!r}?" if near else f"known: {', '.join(known)}"
            raise ConfigurationError(f"unknown setting {unknown!r}", hint=hint, where=str(path))
        try:
            found = convert({**values, "path": path}, built(cls))
        except ValidationError as error:
            from floe_engine.manifest.reference import meanings

            wrong, _, place = str(error).partition(" - at `$.")
            key = place.rstrip("`").partition("[")[0]
            raise ConfigurationError(
                f"setting {key!r} cannot be that", wrong, hint=meanings(cls).get(key, ""), where=str(path)
            ) from None
        revoked = (parse_fingerprint(key, where=f"{path}: revoked_keys") for key in found.revoked_keys)
        return replace(found, revoked_keys=tuple(revoked))


class RegistryChoice(Struct, frozen=True):
    """The repository to work with and who chose it (for messages)."""

    reference: Reference
    source: str


class Workspace(Struct, frozen=True, dict=True):
    """One directory to work in and everything that decides how."""

    directory: Path
    registry_option: str | None = None
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    offline: bool = False

    def __repr__(self) -> str:
        """Without the environment, where secrets are."""
        return f"Workspace({self.directory})"

    @classmethod
    def open(
        cls, directory: Path, *, registry: str | None = None, environ: Mapping[str, str] | None = None
    ) -> Workspace:
        """The workspace of a directory; `registry` is the ``--registry`` of the command line."""
        return cls(Path(directory), registry, dict(os.environ if environ is None else environ))

    def nearest(self) -> Workspace:
        """The workspace of the closest directory above that has a floe.yaml; this one where none has.

        Looked for no further up than the repository reaches.
        """
        for directory in (start := self.directory.resolve(), *start.parents):
            if stands(directory / SPEC_FILE):
                return self if directory == start else replace(self, directory=directory)
            if stands(directory / ".git"):
                break
        return self

    def without_network(self) -> Workspace:
        """The same workspace, refusing to talk to any registry."""
        return replace(self, offline=True)

    # --- files ---------------------------------------------------------------------------------

    @property
    def files(self) -> Directory:
        """What may be touched in here: nothing that a link of the directory leads out to."""
        return Directory(self.directory)

    @property
    def manifest_path(self) -> Path:
        """The platform team's manifest.yaml."""
        return self.directory / MANIFEST_FILE

    @property
    def spec_path(self) -> Path:
        """The data team's floe.yaml."""
        return self.directory / SPEC_FILE

    @property
    def store(self) -> Store:
        """``.floe/`` of this directory."""
        return Store(self.directory / ".floe")

    @property
    def unsettled(self) -> bool:
        """Whether a killed command may have left something to settle (`distribution.interrupted.settle`)."""
        try:
            notes = any(map(NOTE.fullmatch, os.listdir(self.directory)))  # noqa: PTH208  # names alone
        except OSError:
            notes = False
        return notes or stands(self.store.root / JOURNAL)

    # --- settings ------------------------------------------------------------------------------

    @cached_property
    def settings(self) -> UserSettings:
        """The user's settings (``FLOE_CONFIG`` names another file)."""
        named = self.environ.get("FLOE_CONFIG")
        if named:
            path = Path(named)
            if not stands(path):
                raise ConfigurationError("the file that FLOE_CONFIG names does not exist", where=named)
            return UserSettings.load(path)
        return UserSettings.load(user_config() / "config.toml")

    @cached_property
    def registry(self) -> RegistryChoice:
        """The repository: the first that answers of option, environment, files, user, embedded."""
        if self.registry_option is not None:
            return RegistryChoice(_repository(self.registry_option, self.directory), Option.REGISTRY)
        if value := self.environ.get("FLOE_REGISTRY"):
            return RegistryChoice(_repository(value, Path.cwd()), "FLOE_REGISTRY")
        if stands(self.manifest_path) and (value := _manifest_registry(self.manifest_path)):
            return RegistryChoice(_repository(value, self.directory), MANIFEST_FILE)
        if stands(self.spec_path) and (value := _spec_registry(self.spec_path)):
            reference, _ = Reference.parse_constrained(value, base=self.directory)
            return RegistryChoice(reference.without_target(), SPEC_FILE)
        if value := self.settings.registry:
            source = str(self.settings.path)
            return RegistryChoice(_repository(value, self.settings.path.parent), source)
        return RegistryChoice(self.embedded_registry, "the embedded default")

    @property
    def embedded_registry(self) -> Reference:
        """The OCI image layout in the user's data directory; needs no server."""
        layout = user_data() / "registry" / DEFAULT_REPOSITORY
        return Reference.parse(f"oci-layout:{layout}")

    @property
    def transport(self) -> Transport:
        """How to reach a registry: CA file, plain HTTP, credentials."""
        from floe_engine.registry.credentials import Anonymous, Credentials
        from floe_engine.registry.transport import Transport

        ca_file = self.environ.get("FLOE_CA_FILE") or self.settings.ca_file
        path = self.manifest_path
        # Read when a registry first asks who we are, and once: it asks for every token.
        anonymous = cache(lambda: _anonymous_registry(path) if stands(path) else None)
        return Transport(
            ca_file=Path(ca_file) if ca_file else None,
            plain_http=self._plain_http(),
            credentials=Anonymous(anonymous, Credentials(self.environ)),
        )

    def _plain_http(self) -> frozenset[str] | Literal[False]:
        """The hosts that are spoken to without TLS: the environment's, else those of the settings."""
        if named := self.environ.get("FLOE_PLAIN_HTTP", "").strip():
            return _plain_hosts(
                named.replace(",", " ").split(), "FLOE_PLAIN_HTTP", self.environ.get("FLOE_REGISTRY")
            )
        chosen = self.settings.plain_http
        if chosen is None:
            return frozenset()
        words = chosen if isinstance(chosen, tuple) else (str(chosen).lower(),)
        return _plain_hosts(words, f"plain_http in {self.settings.path}", self.settings.registry)

    def repository(
        self, reference: Reference, *, cancel: CancelToken | None = None, push: bool = False
    ) -> Repository:
        """Open a repository. Raises `UsageError` in a workspace without network."""
        if self.offline and reference.scheme == "oci":
            raise UsageError(
                f"this needs the registry, and {Option.OFFLINE} forbids it", where=reference.name
            )
        from floe_engine.registry.client import Repository

        if push and reference.root is not None:
            self._demand_ours(reference.root)
        return Repository(reference, settings=self.transport, cancel=cancel, push=push)

    def _demand_ours(self, root: Path) -> None:
        """Refuse a layout that a file of this directory, or a link in it, puts outside of it."""
        # To resolve would follow the very links that are not to be followed.
        base, there = (Path(os.path.abspath(one)) for one in (self.directory, root))  # noqa: PTH100
        if there.is_relative_to(base):
            self.files.names(there.relative_to(base))
        elif self.registry.source == MANIFEST_FILE and self.registry.reference.root == root:
            raise UnsafePath(
                "artifacts.registry leads outside the manifest's directory",
                f"it is a folder, and floe would write to {there}",
                hint=f"`{Option.REGISTRY} oci-layout:{there}` says that you mean it",
                where=str(self.manifest_path),
            )


def _repository(text: str, base: Path) -> Reference:
    """A repository reference; a bare registry gets the default repository name."""
    scheme, separator, rest = text.partition("://")
    if separator and scheme == "oci" and rest.strip("/") and "/" not in rest.rstrip("/"):
        text = f"{text.rstrip('/')}/{DEFAULT_REPOSITORY}"
    reference = Reference.parse(text, base=base)
    if reference.tag or reference.digest:
        raise UsageError(
            "a registry setting names a repository, without tag or digest",
            hint=f"use {reference.name}",
            where=text,
        )
    return reference


def _manifest_registry(path: Path) -> str | None:
    """`artifacts.registry` of manifest.yaml; the check of the whole file comes later.

    A mistake there is not taken for absence: a command would then work with another registry.
    """
    artifacts = _peek(path).get("artifacts")
    if not artifacts:
        return None
    registry = artifacts.get("registry") if isinstance(artifacts, dict) else None
    if isinstance(registry, dict):
        registry = registry.get("uri")
    if not isinstance(registry, str):
        raise _no_registry(path, "artifacts.registry", f"{Act.CHECK} shows what is wrong")
    return registry


def _anonymous_registry(path: Path) -> str | None:
    """The host at which manifest.yaml wants no credentials (`artifacts.registry.auth.type`)."""
    found = get(_peek(path), ("artifacts", "registry"))
    uri = get(found, ("uri",))
    if get(found, ("auth", "type")) != "anonymous" or not isinstance(uri, str):
        return None
    return _repository(uri, path.parent).registry


def _spec_registry(path: Path) -> str | None:
    """`platform.ref` of floe.yaml; None where it names a manifest.yaml instead."""
    platform = _peek(path).get("platform")
    if isinstance(get(platform, ("manifest",)), str):
        return None
    ref = get(platform, ("ref",))
    if not isinstance(ref, str):
        raise _no_registry(path, "platform.ref", "write `platform: {ref: oci://host/repository:v1.2.3}`")
    return ref


def _no_registry(path: Path, key: str, hint: str) -> ConfigurationError:
    return ConfigurationError(
        f"{path.name} does not say which registry to use",
        f"{key} names none that can be read",
        hint=f"{hint}; or name the registry with {Option.REGISTRY}",
        where=str(path),
    )


def _peek(path: Path) -> dict[str, Any]:
    from floe_engine.document.document import parse
    from floe_engine.document.text import read_text

    value = parse(read_text(path)).value
    return value if isinstance(value, dict) else {}


def _plain_hosts(words: Sequence[str], source: str, registry: str | None) -> frozenset[str] | Literal[False]:
    """What a list of hosts means; a bare yes is for the host of `registry` alone, which stands beside it."""
    switch = words[0].lower() if len(words) == 1 else ""
    if switch in ("0", "false", "no", "off"):
        return False
    if switch in ("1", "true", "yes", "on"):
        host = (registry or "").removeprefix("oci://").partition("/")[0]
        if not is_host(host):
            raise ConfigurationError(
                f"{source} does not say which registry is spoken to by plain HTTP",
                "a yes is for the registry that is named beside it, and there is none",
                hint="name the hosts instead, such as registry.example.com:5000",
            )
        words = [host]
    for word in words:
        if not is_host(word):
            raise ConfigurationError(
                f"{source} must be hosts, 1 or 0, and not {word!r}",
                hint="write hosts as registry.example.com or host:port, with commas between them",
            )
    return frozenset(word.lower() for word in words)
