"""A trust policy outside every repository: ``trust.toml`` of the user and of the system.

What it says binds: a repository (floe.yaml, flags, the environment) may narrow it and never widen
it. A policy that cannot be read, or that somebody else could have written, is an error and not an
absent policy, for silence would look like protection.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, cast

from msgspec import Struct

from floe_engine.errors import ConfigurationError, UsageError
from floe_engine.files import read_bounded, stands, strict_toml
from floe_engine.fingerprint import parse_fingerprint
from floe_engine.folders import site_config, user_config
from floe_engine.registry.reference import Reference
from floe_engine.signing.verdict import Identity
from floe_engine.text import did_you_mean

FILE_NAME = "trust.toml"
POLICY_VERSION = 1
_LIMIT = 1024 * 1024

FirstUse = Literal["ask", "accept", "refuse"]
"""What becomes of a signer whom nothing vouches for yet; `ask` accepts with a warning in a script."""
FIRST_USES: tuple[FirstUse, ...] = ("accept", "ask", "refuse")
"""From the most lenient to the strictest."""


class Scope(Struct, frozen=True):
    """Who may sign in one part of a registry: `match` and everything below it.

    `match` is a registry, or a repository or the beginning of one, in whole components. `keys` are
    entries as written: PEM files beside the policy, PEM texts or fingerprints. Without keys and
    identities it says nothing of who signs, only how a first use and how many signers are judged.
    """

    match: str
    keys: tuple[str, ...] = ()
    identities: tuple[Identity, ...] = ()
    required: int = 1
    """How many different signers there have to be."""
    first_use: FirstUse | None = None

    @property
    def names_signers(self) -> bool:
        """Whether it lists anybody."""
        return bool(self.keys or self.identities)


class TrustPolicy(Struct, frozen=True):
    """What one trust.toml says."""

    path: Path
    default: FirstUse
    """What holds where no scope matches; `refuse` takes nothing from there, whoever lists whom."""
    scopes: tuple[Scope, ...] = ()
    revoked_keys: frozenset[str] = frozenset()
    revoked_identities: tuple[Identity, ...] = ()

    def scope_for(self, repository: Reference) -> Scope | None:
        """The most specific scope that holds `repository`; None where none does."""
        where = components(repository.name)
        matching = [
            scope for scope in self.scopes if where[: len(components(scope.match))] == components(scope.match)
        ]
        return max(matching, key=lambda scope: len(components(scope.match)), default=None)


def components(name: str) -> tuple[str, ...]:
    """A repository's name in the parts that scopes compare whole: the host with its port first."""
    return tuple(part for part in name.removeprefix("oci://").split("/") if part)


def policies(project: Path) -> tuple[TrustPolicy, ...]:
    """Every policy that holds for work in `project`: the system's, then the user's.

    Raises `ConfigurationError` where one of them cannot be read, is wrong, lies inside `project`,
    or can be written by others.
    """
    return tuple(read_policy(path, project) for path in dict.fromkeys(_places()) if stands(path))


def read_policy(path: Path, project: Path) -> TrustPolicy:
    """The policy of one file. Raises `ConfigurationError`, which names the line's place."""
    demand_own(path, project)
    try:
        values = strict_toml(read_bounded(path, _LIMIT, what="trust policy"))
    except ValueError as error:
        raise ConfigurationError("the trust policy is not valid TOML", str(error), where=str(path)) from None
    return _Reader(path).policy(values)


def demand_own(path: Path, project: Path) -> None:
    """Raise `ConfigurationError` unless `path` is out of reach of `project` and of other users."""
    real = path.resolve()
    for root in _roots(project):
        if real.is_relative_to(root):
            raise ConfigurationError(
                "a trust policy lies inside the project that it would judge",
                f"the project is {root}",
                hint="move it to your own configuration directory, and check HOME and XDG_CONFIG_HOME",
                where=str(path),
            )
    if sys.platform == "win32":  # pragma: no cover - its rights are not in the mode
        return
    for place in (real, real.parent):
        try:
            found = place.stat()
        except OSError as error:
            raise ConfigurationError(
                "the trust policy cannot be read", error.strerror or str(error), where=str(place)
            ) from None
        shared = found.st_mode & stat.S_IWOTH and not found.st_mode & stat.S_ISVTX
        if shared or found.st_uid not in (0, os.geteuid()):
            raise ConfigurationError(
                "others can write the trust policy",
                f"mode {stat.S_IMODE(found.st_mode):04o}, owner {found.st_uid}",
                hint=f"chmod o-w {place}, and let it belong to you or to root",
                where=str(place),
            )


def _places() -> Iterable[Path]:
    """Where policies are looked for. A variable of the environment adds places and hides none."""
    if sys.platform != "win32":
        yield Path("/etc/floe") / FILE_NAME
        yield Path("/etc/xdg/floe") / FILE_NAME
    for folder in (*site_config(), user_config()):
        yield folder / FILE_NAME


def _roots(project: Path) -> Iterable[Path]:
    """The project's directory and the checkout that it belongs to, unless that is the user's home."""
    directory = project.resolve()
    yield directory
    for folder in directory.parents:
        if (folder / ".git").exists():
            if folder != _home():
                yield folder
            return


def _home() -> Path | None:
    """The home that the system knows, whatever HOME says."""
    try:
        import pwd
    except ImportError:  # pragma: no cover - Windows
        return Path.home()
    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir).resolve()
    except KeyError:
        return None


class _Reader:
    """TOML values into a `TrustPolicy`; whatever it does not know is an error with its place."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def policy(self, values: Mapping[str, Any]) -> TrustPolicy:
        self._known(values, "", ("version", "default", "scope", "revoked"))
        if type(values.get("version")) is not int or values["version"] != POLICY_VERSION:
            raise self._wrong("version", f"must be {POLICY_VERSION}, and is {values.get('version')!r}")
        entries = self._list(values, "scope", "", dict)
        scopes = tuple(self._scope(entry, f"scope[{number}]") for number, entry in enumerate(entries))
        seen: set[tuple[str, ...]] = set()
        for number, scope in enumerate(scopes):
            if components(scope.match) in seen:
                raise self._wrong(f"scope[{number}].match", f"is there twice: {scope.match}")
            seen.add(components(scope.match))
        revoked = values.get("revoked", {})
        if not isinstance(revoked, dict):
            raise self._wrong("revoked", "must be a table")
        self._known(revoked, "revoked", ("keys", "identities"))
        keys = self._list(revoked, "keys", "revoked", str)
        return TrustPolicy(
            self._path,
            self._first_use(values, "default", "") or "ask",
            scopes,
            frozenset(parse_fingerprint(key, where=f"{self._path}: revoked.keys") for key in keys),
            self._identities(revoked, "revoked"),
        )

    def _scope(self, entry: Mapping[str, Any], place: str) -> Scope:
        self._known(entry, place, ("match", "keys", "identities", "required", "first_use"))
        required = entry.get("required", 1)
        if type(required) is not int or required < 1:
            raise self._wrong(f"{place}.required", "must be a whole number from 1")
        scope = Scope(
            self._match(entry.get("match"), f"{place}.match"),
            tuple(self._list(entry, "keys", place, str)),
            self._identities(entry, place),
            required,
            self._first_use(entry, "first_use", place),
        )
        distinct = len(set(scope.keys)) + len(set(scope.identities))
        if scope.names_signers and required > distinct and not any(who.pattern for who in scope.identities):
            raise self._wrong(f"{place}.required", f"is {required}, and only {distinct} could ever sign")
        return scope

    def _match(self, value: Any, place: str) -> str:
        """A prefix in the spelling of `Reference.name`; its host in lower case, its port kept."""
        if not isinstance(value, str) or not value.strip(" /"):
            raise self._wrong(place, "must name a registry, or a repository or the beginning of one")
        text = value.strip().rstrip("/")
        try:
            if text.startswith("oci-layout:"):
                return Reference.parse(text, base=self._path.parent).name
            bare = text.removeprefix("oci://")
            named = Reference.parse(f"oci://{bare if '/' in bare else f'{bare}/any'}")
        except UsageError as error:
            raise self._wrong(place, f"{value!r}: {error.title}") from None
        if named.target is not None:
            raise self._wrong(place, f"{value!r}: a scope is a place, without tag or digest")
        return named.registry if "/" not in bare else named.name.removeprefix("oci://")

    def _identities(self, table: Mapping[str, Any], place: str) -> tuple[Identity, ...]:
        found = []
        for number, entry in enumerate(self._list(table, "identities", place, dict)):
            here = f"{place}.identities[{number}]"
            found.append(read_identity(entry, "subject", f"{self._path}: {here}"))
        return tuple(found)

    def _first_use(self, table: Mapping[str, Any], key: str, place: str) -> FirstUse | None:
        value = table.get(key)
        if value is not None and value not in FIRST_USES:
            raise self._wrong(f"{place}.{key}".lstrip("."), "must be 'refuse', 'ask' or 'accept'")
        return cast("FirstUse | None", value)

    def _list(self, table: Mapping[str, Any], key: str, place: str, kind: type) -> list[Any]:
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(entry, kind) for entry in value):
            what = "texts" if kind is str else "tables"
            raise self._wrong(f"{place}.{key}".lstrip("."), f"must be a list of {what}")
        return value

    def _known(self, table: Mapping[str, Any], place: str, names: tuple[str, ...]) -> None:
        for key in table:
            if key not in names:
                near = did_you_mean(key, names)
                raise self._wrong(
                    f"{place}.{key}".lstrip("."),
                    "is not known",
                    f"did you mean {near!r}?" if near else f"known: {', '.join(names)}",
                )

    def _wrong(
        self, place: str, reason: str, hint: str = "docs/security.md shows the format"
    ) -> ConfigurationError:
        return ConfigurationError(f"the trust policy's {place} {reason}", hint=hint, where=str(self._path))


def read_identity(entry: Mapping[str, Any], subject: str, where: str) -> Identity:
    """An identity of a settings file; `subject` is what that file calls the name.

    ``{subject}_regexp`` gives an expression in its place. Raises `ConfigurationError` for anything
    else in it: an entry that is not understood must not look like protection.
    """
    known = (subject, f"{subject}_regexp", "issuer")
    for key, value in entry.items():
        if key not in known or not isinstance(value, str):
            near = did_you_mean(key, known) if key not in known else None
            raise ConfigurationError(
                f"a trusted identity has an unknown part {key!r}"
                if key not in known
                else f"a trusted identity's {key!r} must be a text",
                hint=f"did you mean {near!r}?" if near else f"known: {', '.join(known)}",
                where=where,
            )
    if subject in entry and f"{subject}_regexp" in entry:
        raise ConfigurationError(
            f"a trusted identity has both {subject!r} and '{subject}_regexp'", hint="keep one", where=where
        )
    try:
        return Identity(
            entry.get(subject) or entry.get(f"{subject}_regexp", ""),
            entry.get("issuer", ""),
            pattern=f"{subject}_regexp" in entry,
        )
    except ConfigurationError as error:
        raise ConfigurationError(error.title, error.message, hint=error.hint, where=where) from None
