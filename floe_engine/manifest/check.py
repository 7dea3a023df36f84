"""A manifest's text to everything that is wrong with it, all at once.

Syntax and duplicate keys come from `document`, shapes from `reading` (and `shapes`), what two settings
must agree on from `rules`, and what a domain may not loosen from `inheritance`. One problem never
hides another. Nothing here talks to a network: an ``oci://`` parent is given by the caller.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from floe_engine.acts import Act
from floe_engine.document.diagnostics import Diagnostic, Fix, Severity, Span, TextEdit
from floe_engine.document.document import Document, parse
from floe_engine.document.nodes import KeyPath
from floe_engine.document.problems import MAX_DIAGNOSTICS
from floe_engine.document.text import read_text
from floe_engine.errors import ConfigurationError, FloeError
from floe_engine.manifest.base import WrongShape
from floe_engine.manifest.draft import Draft
from floe_engine.manifest.inheritance import Effective, ParentPlatform, Violation, merge
from floe_engine.manifest.nested import put
from floe_engine.manifest.parent import named_parent, parent_reference
from floe_engine.manifest.plugins import Catalogue, ResolvedPlugin, resolve
from floe_engine.manifest.root import Manifest
from floe_engine.manifest.rules import RULES
from floe_engine.manifest.rules.trust import key_text
from floe_engine.manifest.shapes import diagnose
from floe_engine.text import did_you_mean

FILE_NAME = "manifest.yaml"

_VIOLATION_CODES = {
    "looser": "FLOE-M050",
    "unapproved": "FLOE-M051",
    "levels": "FLOE-M052",
    "waiver": "FLOE-M055",
    "key": "FLOE-M056",
}


class Checked(Struct, frozen=True):
    """What a text turned out to be.

    `effective` is there when every section has the right shape (None: one has not), even
    where other rules are broken; `ok` says whether anything but warnings was found. `plugins` are
    resolved in the seed's order, and empty unless all could be.
    """

    document: Document
    diagnostics: tuple[Diagnostic, ...]
    effective: Effective | None
    plugins: tuple[ResolvedPlugin, ...]
    catalogue: Catalogue
    parent: ParentPlatform | None = None

    @property
    def manifest(self) -> Manifest | None:
        """The manifest with everything it inherits."""
        return self.effective.manifest if self.effective else None

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The diagnostics that stop a build."""
        return tuple(found for found in self.diagnostics if found.severity is Severity.ERROR)

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """The diagnostics that do not, and should be looked at."""
        return tuple(found for found in self.diagnostics if found.severity is Severity.WARNING)

    @property
    def ok(self) -> bool:
        """Whether the manifest can be compiled."""
        return self.effective is not None and not self.errors


def check(
    text: str,
    *,
    path: Path | None = None,
    catalogue: Catalogue | None = None,
    parent: ParentPlatform | None = None,
    today: date | None = None,
) -> Checked:
    """Judge a manifest's text. Never raises for what the text says.

    `path` is the manifest's file, beside which keys and a parent by path are looked up; without
    it they are not. `parent` is the enterprise platform behind an ``oci://`` reference. `catalogue`
    is loaded where none is given; an editor keeps one. `today` judges waivers (UTC by default).
    """
    document = parse(text)
    catalogue = catalogue or Catalogue.load()
    directory = path.parent if path else None
    today = today or datetime.now(UTC).date()
    bare = Draft(document, catalogue, directory, today)
    found = list(document.diagnostics)
    if not isinstance(document.value, dict):
        found += _no_mapping(bare, has_errors=any(item.severity is Severity.ERROR for item in found))
        found.sort(key=_place)
        return Checked(document, tuple(found), None, (), catalogue)
    parent, troubles = _find_parent(bare, path, parent)
    found += troubles
    draft = Draft(document, catalogue, directory, today, parent.manifest if parent else None)
    effective = None
    try:
        own = Manifest.read(document.value)
        effective = merge(own, parent, key_text=lambda key: key_text(directory, key))
        found += (_loosened(draft, violation) for violation in effective.violations)
    except WrongShape as error:
        wrong = diagnose(draft, (item for item in error.errors if not _maybe_unread(draft, item)))
        found += islice(wrong, MAX_DIAGNOSTICS)
    for rule in RULES:
        found += islice(rule(draft), MAX_DIAGNOSTICS)
    found.sort(key=_place)
    if len(found) > MAX_DIAGNOSTICS:
        found[MAX_DIAGNOSTICS:] = [_and_more(found[MAX_DIAGNOSTICS:])]
    plugins: tuple[ResolvedPlugin, ...] = ()
    if effective is not None:
        try:
            plugins = resolve(effective.manifest, catalogue)
        except ConfigurationError:
            plugins = ()  # the rules have said why, with positions
    return Checked(document, tuple(found), effective, plugins, catalogue, parent)


def _and_more(rest: list[Diagnostic]) -> Diagnostic:
    """In the place of those that are not listed: nobody reads thousands, and to list them takes seconds."""
    return replace(
        next((found for found in rest if found.severity is Severity.ERROR), rest[0]),
        span=rest[0].span,
        message="there are more problems than are listed, from here on",
        hint="mend what is listed first",
        related=(),
        fixes=(),
    )


def trusted_pems(manifest: Manifest, directory: Path | None) -> tuple[str, ...]:
    """The PEM texts of a manifest's trusted keys; those that cannot be read are left out."""
    texts = (key_text(directory, key) for key in manifest.security.trusted_keys)
    return tuple(text for text in texts if "-----BEGIN" in text)


# --- parts -------------------------------------------------------------------------------------


def _place(diagnostic: Diagnostic) -> tuple[Span, str]:
    return diagnostic.span, diagnostic.code


def _no_mapping(draft: Draft, *, has_errors: bool) -> Iterator[Diagnostic]:
    value = draft.document.value
    if value is not None:
        kind = "a list" if isinstance(value, list) else "one value"
        yield draft.report(
            "FLOE-M003",
            (),
            f"the file is {kind}; expected a mapping that begins with `apiVersion: floe.dev/v1`",
        )
    elif not has_errors:
        start = (
            'apiVersion: floe.dev/v1\nkind: Manifest\nmetadata:\n  name: my-platform\n  version: "0.1.0"\n'
        )
        lines = draft.document.lines
        end = Span.at(len(lines) - 1, len(lines[-1]), len(lines) - 1, len(lines[-1]))
        yield Diagnostic(
            "FLOE-M007",
            Severity.ERROR,
            draft.top,
            "the manifest is empty",
            hint="begin with apiVersion, kind, metadata and plugins",
            fixes=(
                Fix(
                    "Begin a manifest",
                    (TextEdit(end, f"{start}plugins:\n  compute:\n    type: duckdb\n"),),
                ),
            ),
        )


def _maybe_unread(draft: Draft, error: dict[str, Any]) -> bool:
    """Whether the error may only be there because a line could not be read."""
    path: KeyPath = tuple(error["loc"])
    if error["type"] == "missing":
        return draft.is_unread(*path[:-1])
    return error["input"] is None and draft.is_unread(*path)


def _loosened(draft: Draft, violation: Violation) -> Diagnostic:
    path = violation.path
    if path[:2] == ("governance", "waivers") and draft.get(*path[:2]) is None:
        path = ("governance", "policy_overrides", *path[2:])
    fixes = []
    if violation.allowed is not None and draft.document.find(path) is not None:
        fixes = [draft.replace(path, violation.allowed)]
    return draft.report(
        _VIOLATION_CODES[violation.kind], path, violation.message, hint=violation.hint, fixes=fixes
    )


def _find_parent(
    draft: Draft, path: Path | None, given: ParentPlatform | None
) -> tuple[ParentPlatform | None, list[Diagnostic]]:
    where, ref = named_parent(draft.value)
    if not ref:
        return None, []
    if given is None and ref.startswith(("oci://", "oci-layout:")):
        return None, [
            draft.report(
                "FLOE-M054",
                where,
                f"the parent {ref} has not been read, so what it demands is not checked here",
                hint=f"{Act.COMPILE_PLATFORM} reads it from the registry",
                severity=Severity.INFO,
            )
        ]
    if given is None and path is None:
        return None, []
    try:
        parent = given or load_parent(ref, path or Path(), catalogue=draft.catalogue)
        if parent.manifest.scope != "enterprise":
            scope = f"of scope `{parent.manifest.scope}`" if parent.manifest.scope else "without a scope"
            raise ConfigurationError(
                f"the parent {parent.name} is {scope}; expected `enterprise`",
                hint="a domain builds on an enterprise platform, not on another domain"
                if parent.manifest.scope
                else "where domains are to build on it, its metadata says `scope: enterprise`",
            )
    except FloeError as error:
        message = ": ".join(part for part in (error.title, error.message) if part)
        return None, [draft.report("FLOE-M018", where, message, hint=error.hint)]
    return parent, []


def load_parent(ref: str, child: Path, *, catalogue: Catalogue | None = None) -> ParentPlatform:
    """The enterprise platform at a path relative to the child's file.

    Raises `ConfigurationError` where there is none, it is the child itself, it has a parent of its
    own, or it has errors.
    """
    path = child.parent / ref
    if path.is_dir():
        path = path / FILE_NAME
    if "\0" not in ref and os.path.realpath(path) == os.path.realpath(
        child
    ):  # `resolve` stumbles over a loop
        raise ConfigurationError(
            "the manifest is its own parent", hint="name the enterprise platform's manifest"
        )
    if not path.is_file():  # a FIFO or a device is not opened either
        beside = sorted(str(other.relative_to(child.parent)) for other in child.parent.glob(f"*/{FILE_NAME}"))
        guess = did_you_mean(ref, beside[:50])
        raise ConfigurationError(
            f"there is no parent manifest at {ref}",
            hint=f"did you mean {guess}?" if guess else "the path is relative to this manifest's directory",
        )
    text = read_text(path)
    document = parse(text)
    if parent_reference(document):
        raise ConfigurationError(
            f"the parent {ref} has a parent of its own",
            hint="a domain builds on an enterprise platform, not on another domain",
        )
    checked = check(text, path=path, catalogue=catalogue)
    if checked.manifest is None or checked.errors:
        first = checked.errors[0]
        raise ConfigurationError(
            f"the parent {ref} has {len(checked.errors)} error{'s' if len(checked.errors) > 1 else ''}",
            f"{path.name}:{first.span.start} {first.message}",
            hint=f"run {Act.CHECK} in {path.parent.name or '.'}",
            diagnostics=checked.diagnostics,
        )
    return ParentPlatform(_with_inline_keys(checked.manifest, path.parent), ref=ref, path=path)


def _with_inline_keys(manifest: Manifest, directory: Path) -> Manifest:
    """The same with the text of its keys in the place of their files, which a child cannot read."""
    written = deepcopy(manifest.written)
    if pems := trusted_pems(manifest, directory):
        put(written, ("security", "trusted_keys"), list(pems))
    for name, keys in manifest.security.delegated_keys.items():
        put(written, ("security", "delegated_keys", name), [key_text(directory, key) for key in keys])
    return Manifest.read(written)
