"""A domain platform on top of its enterprise platform: it may be stricter, never laxer.

`merge` lays a child's settings over its parent's and says where it would loosen them. It knows
neither files nor registries: a `ParentPlatform` is made from a manifest (a parent by path) or from
the settings that an artifact carries (a parent by ``oci://``). What a child may say of a setting is
the setting's law (`laws`), which stands at its declaration.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from floe_engine.document.nodes import KeyPath
from floe_engine.manifest.declarations import inherited
from floe_engine.manifest.effective import InEffect, effective_namespaces, effective_permissions
from floe_engine.manifest.laws import Unheld, say
from floe_engine.manifest.nested import get, overlay, put, take
from floe_engine.manifest.root import Manifest
from floe_engine.manifest.signers import signers_below
from floe_engine.manifest.terms import covers

INHERITED = ("plugins", "approved_plugins", "data_architecture", "governance", "catalog", "security")
"""Sections that come down; metadata, registry and policy tests are each platform's own."""


class ParentPlatform(Struct, frozen=True):
    """An enterprise platform as its children see it.

    `ref` is what the child wrote, `digest` the artifact's where it is one, `path` the file of a
    parent by path. `manifest` holds only what the parent set, with its keys inline.
    """

    manifest: Manifest
    ref: str
    digest: str | None = None
    path: Path | None = None

    @property
    def name(self) -> str:
        """``acme@1.2.3``."""
        return f"{self.manifest.metadata.name}@{self.manifest.metadata.version}"

    @property
    def origin(self) -> str:
        """``enterprise acme@1.2.3``."""
        return _origin(self.manifest)

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any], *, ref: str, digest: str | None) -> ParentPlatform:
        """From what `settings_for_children` wrote. Raises `WrongShape` if damaged."""
        return cls(Manifest.read(settings), ref=ref, digest=digest)


def settings_for_children(
    manifest: Manifest,
    trusted_pems: Sequence[str] = (),
    delegated_pems: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, Any]:
    """What an enterprise artifact has to carry for its children: plain JSON, only what was set.

    The PEM texts replace `security.trusted_keys` and `security.delegated_keys`, whose files a child
    cannot read.
    """
    document = manifest.written
    settings = {key: document[key] for key in INHERITED if key in document}
    governance = dict(settings.get("governance", {}))
    governance.pop("waivers", None)
    if governance:
        settings["governance"] = governance
    if trusted_pems:
        settings["security"] = {**settings.get("security", {}), "trusted_keys": list(trusted_pems)}
    if delegated_pems:
        delegated = {name: list(pems) for name, pems in delegated_pems.items()}
        settings["security"] = {**settings.get("security", {}), "delegated_keys": delegated}
    identity = {"name": manifest.metadata.name, "version": manifest.metadata.version}
    if manifest.scope:
        identity["scope"] = manifest.scope
    return {"apiVersion": manifest.api_version, "kind": manifest.kind, "metadata": identity, **settings}


class Violation(Struct, frozen=True):
    """A child's setting that would loosen its parent's.

    `path` stands in the child's file; `allowed` is the value that would do, None where no single
    value would.
    """

    path: KeyPath
    message: str
    hint: str
    allowed: Any = None
    kind: str = "looser"
    """``looser``, ``unapproved`` (a plugin), ``levels``, ``waiver`` or ``key``."""


class Effective(Struct, frozen=True):
    """A manifest with everything it inherits, and where each setting came from.

    `sources` maps the path of every setting that somebody wrote to its origins, such as
    ``("domain sales@2.1.0",)``; a list that both added to has both.
    """

    manifest: Manifest
    own: Manifest
    parent: ParentPlatform | None = None
    sources: Mapping[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict)
    violations: tuple[Violation, ...] = ()


def merge(
    child: Manifest, parent: ParentPlatform | None, *, key_text: Callable[[str], str] = str
) -> Effective:
    """The child's effective settings. Where it is laxer than its parent, the parent's value holds.

    `key_text` gives the PEM of an entry of the child's `trusted_keys`.
    """
    own = deepcopy(child.written)
    origin = _origin(child)
    if parent is None:
        return Effective(child, child, None, {path: (origin,) for path, _ in _leaves(own)})
    ruled = [
        (setting, path)
        for setting in inherited()
        if not isinstance(setting.law, Unheld)
        for path in list(_written(setting.path, own))
        if not _says_nothing(own, path)
    ]
    above = settings_for_children(parent.manifest)
    above = {key: above[key] for key in INHERITED if key in above}
    result = overlay(above, own, whole=(("plugins", "*"),))
    sources: dict[tuple[str, ...], tuple[str, ...]] = {path: (parent.origin,) for path, _ in _leaves(above)}
    for path, _ in _leaves(own):
        for length in range(1, len(path)):
            sources.pop(path[:length], None)  # a mapping that was empty above has content now
        sources[path] = (origin,)
    for category in own.get("plugins", {}):
        for path in [path for path in sources if path[:2] == ("plugins", category)]:
            sources[path] = (origin,)
    violations = list(_unapproved(child, parent))
    in_effect = InEffect(parent.manifest)
    for setting, path in ruled:
        given, held = get(own, path), in_effect.at(path)
        if held is None:
            continue
        value, problem, allowed = setting.law.below(held, given, setting.fields)
        put(result, path, value)
        if value == given:
            sources[path] = (origin,)
        elif value == held:
            sources[path] = (parent.origin,)
        else:
            sources[path] = (parent.origin, origin)
        if problem:
            violations.append(
                Violation(
                    path,
                    problem.format(setting=".".join(path), parent=parent.origin, held=say(held)),
                    hint=f"{parent.name} sets it; a platform below may only be stricter",
                    allowed=allowed,
                    kind=setting.law.kind,
                )
            )
    violations += _wider_grants(child, parent)
    violations += _forbidden_waivers(child, parent)
    for violation in _lower_default_level(child, parent):
        put(result, _DEFAULT_LEVEL, violation.allowed)
        sources[_DEFAULT_LEVEL] = (parent.origin,)
        violations.append(violation)
    if get(result, _DELEGATED) is not None:  # whom the parent lets sign others is no setting of this one
        take(result, _DELEGATED)
        sources = {path: origins for path, origins in sources.items() if path[:2] != _DELEGATED}
    signers, foreign = signers_below(child, parent.manifest, key_text)
    for name, listed in signers.items():
        put(result, ("security", name), listed)
    violations += (
        Violation(
            ("security", *where),
            f"{parent.origin} does not trust this {'key' if where[0] == 'trusted_keys' else 'identity'}",
            hint="a platform may trust a part of whom its parent trusts, and the keys that `delegated_keys` "
            f"of the parent gives {child.metadata.name}, never others",
            kind="key",
        )
        for where in foreign
    )
    return Effective(Manifest.read(result), child, parent, sources, tuple(violations))


# --- what the table cannot say -----------------------------------------------------------------


def _unapproved(child: Manifest, parent: ParentPlatform) -> Iterator[Violation]:
    for category, choice in child.plugins.items():
        approved = parent.manifest.approved_plugins.get(category)
        if approved is None or not choice.chosen or choice.chosen in approved:
            continue
        yield Violation(
            ("plugins", category, "type" if choice.type else "default"),
            f"{parent.origin} does not approve {category} plugin `{choice.chosen}`",
            hint=f"approved: {', '.join(approved) or 'none'}",
            allowed=approved[0] if len(approved) == 1 else None,
            kind="unapproved",
        )


_DELEGATED = ("security", "delegated_keys")
_DEFAULT_LEVEL = ("governance", "classification", "default_level")


def _lower_default_level(child: Manifest, parent: ParentPlatform) -> Iterator[Violation]:
    held = parent.manifest.governance.classification.default_level
    given = child.governance.classification
    written = get(child.written, _DEFAULT_LEVEL) is not None
    own_levels = get(child.written, (*_DEFAULT_LEVEL[:-1], "levels")) is not None
    levels = given.levels if own_levels else parent.manifest.governance.classification.levels
    known = {held, given.default_level} <= set(levels)
    if written and known and levels.index(given.default_level) < levels.index(held):
        yield Violation(
            _DEFAULT_LEVEL,
            f"`default_level` must be at least `{held}`, the default of {parent.origin}",
            hint=f"{parent.name} sets it; a platform below may only be stricter",
            allowed=held,
        )


def _wider_grants(child: Manifest, parent: ParentPlatform) -> Iterator[Violation]:
    """A role to which the parent gives anything gets nothing more in the parent's namespaces."""
    held = {space.name: space.grants for space in effective_namespaces(parent.manifest)}
    known = {entry.role for entry in effective_permissions(parent.manifest)}
    known |= {role for grants in held.values() for role in grants}
    for number, space in enumerate(child.catalog.namespaces or ()):
        grants = held.get(space.name)
        for place, grant in enumerate(space.grants if grants is not None else ()):
            has = (grants or {}).get(grant.role)
            if grant.role in known and grant.access != has and not covers(has, grant.access):
                yield Violation(
                    ("catalog", "namespaces", number, "grants", place, "access"),
                    f"`{grant.role}` may not have {grant.access} in `{space.name}`: "
                    f"{parent.origin} gives it {has or 'nothing'} there",
                    hint="grant it in a namespace of your own, or to a role of your own",
                    allowed=has,
                )


def _forbidden_waivers(child: Manifest, parent: ParentPlatform) -> Iterator[Violation]:
    fixed = [name for name, rule in parent.manifest.governance.rules.items() if not rule.overridable]
    for number, waiver in enumerate(child.governance.waivers):
        touched = [name for name in fixed if not waiver.rules or name in waiver.rules]
        if touched:
            yield Violation(
                ("governance", "waivers", number),
                f"{parent.origin} permits no waiver of {', '.join(touched)}",
                hint="name only rules that may be waived in `rules`",
                kind="waiver",
            )


def _origin(manifest: Manifest) -> str:
    return f"{manifest.scope or 'platform'} {manifest.metadata.name}@{manifest.metadata.version}"


def _leaves(value: Any, at: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, Mapping) and value:
        for key, child in value.items():
            yield from _leaves(child, (*at, key))
    else:
        yield at, value


def _says_nothing(document: dict[str, Any], path: tuple[str, ...]) -> bool:
    """Whether a key has no value, so that what the parent says holds; it is taken out then."""
    if get(document, path) is not None:
        return False
    take(document, path)
    return True


def _written(pattern: tuple[str, ...], document: Any) -> Iterator[tuple[str, ...]]:
    """The concrete paths of a pattern that a document writes, null included."""
    if not pattern:
        yield ()
    elif isinstance(document, Mapping):
        first, *rest = pattern
        for key in document if first == "*" else {first} & document.keys():
            for path in _written(tuple(rest), document[key]):
                yield (key, *path)
