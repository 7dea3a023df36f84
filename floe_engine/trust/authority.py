"""Whose word counts for one repository: every source that has a say, and what they say together.

The consumer's sources decide, never the artifact's own words. The system's policy, the user's and
the project's (floe.yaml, flags) have to agree: each may narrow what the others trust. Only where
none of them names anybody does the lock's memory count, and else it is a first use.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from floe_engine.acts import Option
from floe_engine.errors import ConfigurationError, KeyUnusable, Untrusted
from floe_engine.files import stands
from floe_engine.fingerprint import looks_like_fingerprint, parse_fingerprint
from floe_engine.signing.verdict import Anchors, Identity, Signer
from floe_engine.store import unreadable
from floe_engine.text import plural
from floe_engine.trust.policy import FIRST_USES, FirstUse, TrustPolicy, demand_own, policies, read_identity
from floe_engine.trust.root import trust_root

if TYPE_CHECKING:
    from floe_engine.project.spec import Spec
    from floe_engine.registry.reference import Reference
    from floe_engine.signing.keyless import TrustRoot
    from floe_engine.signing.keys import PublicKey
    from floe_engine.store import Lock, LockedSigner
    from floe_engine.workspace import Workspace

LOCK = "artifacts.lock"


class TrustSource(Struct, frozen=True):
    """One source's list of whom it trusts; a signer has to be on the list of every layer."""

    source: str
    """The file or flag, for people."""
    keys: frozenset[str] = frozenset()
    """Fingerprints."""
    identities: tuple[Identity, ...] = ()
    scope: str = ""
    """Which part of the registry it speaks of, where it comes from a policy."""

    def trusts(self, signer: Signer) -> bool:
        """Whether `signer`, whose signature holds, is on the list."""
        return signer.is_among(self.keys, self.identities)

    def __str__(self) -> str:
        return f"{self.source} ({self.scope})" if self.scope else self.source


class Authority(Struct, frozen=True):
    """Whom a reader trusts for one repository, taken together."""

    layers: tuple[TrustSource, ...] = ()
    keys: tuple[PublicKey, ...] = ()
    """Every key of which more than the fingerprint is known."""
    revoked_keys: frozenset[str] = frozenset()
    revoked_identities: tuple[Identity, ...] = ()
    required: int = 1
    """How many different signers there have to be."""
    first_use: FirstUse | None = None
    """None: nobody has said."""
    trust_root: TrustRoot | None = None
    barred: str = ""
    """The policy that takes nothing from this repository, where one says so."""
    considered: tuple[tuple[str, str], ...] = ()
    """Every source that was asked, and what it says."""

    @property
    def configured(self) -> bool:
        """Whether anybody is trusted at all."""
        return bool(self.layers)

    @property
    def demanding(self) -> bool:
        """Whether nothing is taken but what somebody trusted has signed: somebody is, or nobody may be."""
        return self.configured or bool(self.barred) or self.first_use == "refuse"

    @property
    def remembered(self) -> bool:
        """Whether only the lock's memory of a first use speaks."""
        return any(layer.source == LOCK for layer in self.layers)

    @property
    def source(self) -> str:
        """Where it was written down, for people; empty where nobody is trusted."""
        return " and ".join(map(str, self.layers))

    @property
    def trusted(self) -> tuple[str, ...]:
        """Fingerprints and identities that every source accepts, for people."""
        if not self.layers:
            return ()
        keys = reduce(frozenset.intersection, (layer.keys for layer in self.layers))
        return (*sorted(keys), *(str(who) for layer in self.layers[:1] for who in layer.identities))

    def anchors(self, more: Iterable[PublicKey] = ()) -> Anchors:
        """What signatures are checked with.

        `more` are keys that the artifact itself or its lock carry: they only count where every
        layer lists their fingerprint.
        """
        known = {key.fingerprint: key for key in (*self.keys, *more)}
        trusted = [
            key for key in known.values() if all(key.fingerprint in layer.keys for layer in self.layers)
        ]
        identities = self.layers[0].identities if self.layers else ()
        return Anchors(tuple(trusted), identities, self.revoked_keys, self.trust_root)

    def revokes(self, signer: Signer | LockedSigner) -> bool:
        """Whether `signer` is never to be believed again, whoever lists them."""
        if signer.fingerprint in self.revoked_keys:
            return True
        people = self.revoked_identities if signer.identity else ()
        return any(who.matches(signer.identity, signer.issuer) for who in people)

    def objection(self, signer: Signer) -> str:
        """Why a signature that holds does not count for this reader; empty where it does."""
        if self.revokes(signer):
            return f"made by {'' if signer.identity else 'the revoked key '}{signer}" + (
                ", who is revoked" if signer.identity else ""
            )
        for layer in self.layers:
            if not layer.trusts(signer):
                return f"made by {signer}, whom {layer} does not list"
        return ""

    def joined_by(self, keys: Iterable[PublicKey]) -> Authority:
        """The same for signatures by `keys` too, for which those whom every layer trusts have vouched."""
        added = tuple(keys)
        found = frozenset(key.fingerprint for key in added)
        layers = tuple(replace(layer, keys=layer.keys | found) for layer in self.layers)
        return replace(self, layers=layers, keys=(*self.keys, *added))


def authority(
    workspace: Workspace,
    repository: Reference,
    *,
    keys: Sequence[str] = (),
    keys_from: str = Option.KEY,
    spec: Spec | None = None,
    lock: Lock | None = None,
    own: bool = False,
) -> Authority:
    """Everything that has a say about `repository` in this workspace, taken together.

    `keys` are files named on the command line, `spec` a floe.yaml that was read already. `own` says
    that the artifact is looked at for its own sake and not as another platform's parent: then, in a
    platform team's directory, the keys of its manifest.yaml count. Raises `ConfigurationError` for
    what cannot be read, and `Untrusted` where the sources contradict each other.
    """
    gathering = _Gathering(workspace, repository)
    gathering.policies()
    gathering.settings()
    team = is_team(workspace)
    if team and own:
        gathering.manifest()
    elif not team:
        gathering.project(spec)
    if keys:
        gathering.layer(keys_from, keys, base=workspace.directory)
    if not gathering.layers and lock is not None and not (team and own) and not gathering.refuses_outside:
        gathering.remember(lock)
    if lock is not None and lock.reference == repository.name and not (team and own):
        gathering.revoke(lock)
    return gathering.together()


def revoked_keys(workspace: Workspace) -> frozenset[str]:
    """Fingerprints that the person who works here believes no more, by settings and policies."""
    found = (policy.revoked_keys for policy in policies(workspace.directory))
    return frozenset(workspace.settings.revoked_keys).union(*found)


def is_team(workspace: Workspace) -> bool:
    """Whether this is a platform team's directory: a manifest.yaml, and no floe.yaml that pins one."""
    return stands(workspace.manifest_path) and not stands(workspace.spec_path)


class _Gathering:
    """Collects layer by layer; reads each source once."""

    def __init__(self, workspace: Workspace, repository: Reference) -> None:
        self._workspace = workspace
        self._repository = repository
        self._policies: tuple[TrustPolicy, ...] = ()
        self._material: dict[str, PublicKey] = {}
        self._first_uses: list[FirstUse] = []
        self._required = 1
        self._barred = ""
        self._settings_bind = True
        self._said: list[tuple[str, str]] = []
        self._revoked = set(workspace.settings.revoked_keys)
        self.layers: list[TrustSource] = []
        self.refuses_outside = False

    def policies(self) -> None:
        """The system's trust.toml and the user's."""
        self._policies = policies(self._workspace.directory)
        for policy in self._policies:
            scope = policy.scope_for(self._repository)
            where = str(policy.path)
            if scope is None:
                self._say(where, f"no scope holds this repository; by default {policy.default}")
                self._first_uses.append(policy.default)
                if policy.default == "refuse":
                    self._barred = where
                continue
            self._first_uses.append(scope.first_use or policy.default)
            self._required = max(self._required, scope.required)
            if not scope.names_signers:
                self._say(where, f"{scope.match} names no signers; first use: {self._first_uses[-1]}")
            if scope.names_signers:
                # The scope speaks of this very place; the settings speak of every place.
                self._settings_bind = False
                self.layer(where, scope.keys, scope.identities, policy.path.parent, scope.match, policy=True)

    def settings(self) -> None:
        """The user's config.toml: the scope that holds everything."""
        settings = self._workspace.settings
        if not self._settings_bind:
            self._say(str(settings.path), "a scope of the trust policy is more specific")
        elif not (settings.trusted_keys or settings.trusted_identities):
            self._say(str(settings.path), f"names nobody; first use: {settings.first_use or 'not said'}")
        if settings.first_use is not None:
            self._first_uses.append(settings.first_use)
        self.refuses_outside = "refuse" in self._first_uses
        if self._settings_bind and (settings.trusted_keys or settings.trusted_identities):
            identities = [
                read_identity(entry, "identity", str(settings.path)) for entry in settings.trusted_identities
            ]
            self.layer(str(settings.path), settings.trusted_keys, identities, settings.path.parent)

    def project(self, spec: Spec | None) -> None:
        """floe.yaml."""
        path = self._workspace.spec_path
        if spec is None and stands(path):
            from floe_engine.project.spec_file import load_spec

            spec = load_spec(path)
        if spec is None:
            return
        chosen = spec.platform
        if not (chosen.trusted_keys or chosen.trusted_identities):
            self._say("floe.yaml", f"names nobody; first use: {chosen.first_use or 'not said'}")
        if chosen.first_use is not None:
            self._first_uses.append(chosen.first_use)
        if chosen.trusted_keys or chosen.trusted_identities:
            identities = [Identity(entry.identity, entry.issuer) for entry in chosen.trusted_identities]
            self.layer("floe.yaml", chosen.trusted_keys, identities, path.parent)

    def manifest(self) -> None:
        """The platform team's own directory: what its manifest.yaml lists, else its own key pair."""
        from floe_engine.trust.team import own_signers

        own = own_signers(self._workspace)
        if own.keys or own.identities:
            self.layer(own.source, [key.pem.decode() for key in own.keys], own.identities)
        self._revoked |= own.revoked

    def remember(self, lock: Lock) -> None:
        """The lock: whom the locked version trusts, else whoever signed it."""
        signer = lock.signer
        if signer is None:
            return
        pems, who = lock.trusted_keys, tuple(Identity(e.identity, e.issuer) for e in lock.trusted_identities)
        if not (pems or who):
            pems = (signer.public_key,) if signer.public_key else ()
            who = (Identity(signer.identity, signer.issuer),) if signer.identity else ()
        try:
            self.layer(LOCK, pems, who, self._workspace.directory)
        except KeyUnusable as error:
            raise unreadable(error.title, str(self._workspace.store.lock_path)) from None

    def revoke(self, lock: Lock) -> None:
        """What the locked version says is never to be believed again: it narrows, whoever says it."""
        if lock.revoked_keys:
            self._revoked |= {parse_fingerprint(key, where=LOCK) for key in lock.revoked_keys}
            self._say(LOCK, f"the locked version revokes {plural(len(lock.revoked_keys), 'key')}")

    def layer(
        self,
        source: str,
        keys: Iterable[str],
        identities: Iterable[Identity] = (),
        base: Path | None = None,
        scope: str = "",
        *,
        policy: bool = False,
    ) -> None:
        """One more list that a signer has to be on."""
        found = frozenset(
            self._fingerprint(entry, base or self._workspace.directory, source, policy=policy)
            for entry in keys
        )
        layer = TrustSource(source, found, tuple(identities), scope)
        self.layers.append(layer)
        counted = plural(len(found), "key"), plural(len(layer.identities), "identity")
        self._say(source, f"{scope + ': ' if scope else ''}{counted[0]}, {counted[1]}")

    def _say(self, source: str, says: str) -> None:
        self._said.append((source, says))

    def together(self) -> Authority:
        """What all of it comes to."""
        self._demand_agreement()
        return Authority(
            layers=tuple(self.layers),
            keys=tuple(self._material.values()),
            revoked_keys=frozenset(self._revoked).union(*(p.revoked_keys for p in self._policies)),
            revoked_identities=tuple(who for policy in self._policies for who in policy.revoked_identities),
            required=self._required,
            first_use=max(self._first_uses, key=FIRST_USES.index) if self._first_uses else None,
            trust_root=trust_root(self._workspace),
            barred=self._barred,
            considered=tuple(self._said),
        )

    def _fingerprint(self, entry: str, base: Path, source: str, *, policy: bool) -> str:
        """An entry's fingerprint; its key is kept where there is more than that."""
        from floe_engine.signing.keys import load_public, read_key_file

        if entry.lstrip().startswith("-----BEGIN"):
            pem = entry.encode()
        elif looks_like_fingerprint(entry):
            return parse_fingerprint(entry, where=source)
        else:
            if policy:
                demand_own(base / entry, self._workspace.directory)
            pem = read_key_file(base / entry)
        try:
            key = load_public(pem)
        except KeyUnusable as error:
            if policy:  # a mistake in the policy, not in what it is to judge
                raise ConfigurationError(error.title, error.message, hint=error.hint, where=source) from None
            raise
        self._material.setdefault(key.fingerprint, key)
        return key.fingerprint

    def _demand_agreement(self) -> None:
        """Refuse sources that no signer could satisfy together, naming them."""
        if not self.layers:
            return
        keys = reduce(frozenset.intersection, (layer.keys for layer in self.layers))
        patterns = any(identity.pattern for layer in self.layers for identity in layer.identities)
        named = {
            (identity.subject, identity.issuer)
            for layer in self.layers
            for identity in layer.identities
            if all(other.trusts(_someone(identity)) for other in self.layers)
        }
        if patterns or len(keys) + len(named) >= self._required:
            return
        sources = " and ".join(map(str, self.layers))
        raise Untrusted(
            "the sources of trust have nobody in common"
            if not (keys or named)
            else "too few signers are trusted",
            f"{sources}: {len(keys) + len(named)} in common, and {self._required} must sign",
            hint="a project may only narrow what a trust policy names: list keys or identities that are in "
            "both, or ask whoever keeps the policy",
            where=self._repository.name,
        )


def _someone(identity: Identity) -> Signer:
    """A signer that an exact identity would accept."""
    return Signer("bundle", "", identity=identity.subject, issuer=identity.issuer)
