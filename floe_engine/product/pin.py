"""The pin of a project: what floe.yaml and the lock say together, and how both are changed.

Both files change together or not at all. What a move would break is `upgrade_project`'s business.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from floe_engine.acts import Act
from floe_engine.distribution.interrupted import STATE, all_or_nothing
from floe_engine.distribution.pull import Candidate, keep
from floe_engine.distribution.request import VersionRequest
from floe_engine.document.document import MAX_BYTES, parse
from floe_engine.document.edit import apply, set_value
from floe_engine.document.text import encode, read_text
from floe_engine.errors import CacheCorrupt, LockMismatch, Refused, UsageError
from floe_engine.events import CancelToken
from floe_engine.files import canonical_json, read_bounded, stands, strict_json
from floe_engine.project.spec import Spec
from floe_engine.project.spec_file import load_spec
from floe_engine.registry.reference import Reference
from floe_engine.store import Lock
from floe_engine.upgrade.pins import rewrite
from floe_engine.versions import Constraint, Version
from floe_engine.workspace import SPEC_FILE, Workspace

_REF = ("platform", "ref")
_STATE_VERSION = 1
_STATE_LIMIT = 1024 * 1024


class Pin(Struct, frozen=True):
    """A project's pin, as it is written and as it is locked."""

    path: Path
    """floe.yaml."""
    text: str
    spec: Spec
    ref: str
    """`platform.ref` of floe.yaml, as written."""
    wanted: VersionRequest
    lock: Lock

    @property
    def version(self) -> Version:
        """The locked version."""
        return Version.parse(self.lock.version or self.lock.tag)


def moved(ref: str, directory: Path, version: Version, digest: str) -> str:
    """`ref`, as the floe.yaml of `directory` has it, so that it admits `version` as precisely as now."""
    name, constraint, pinned = _parts(ref, directory)
    if constraint:
        constraint = rewrite(constraint, version)
    return name + (f":{constraint}" if constraint else "") + (f"@{digest}" if pinned else "")


def constrained(ref: str, directory: Path, constraint: str) -> str:
    """`ref` with `constraint` in the place of its own, and without a digest."""
    return f"{_parts(ref, directory)[0]}:{constraint}"


def _parts(ref: str, directory: Path) -> tuple[str, str, str]:
    """The repository as it is written, the constraint, and the digest; the last two may be empty."""
    reference, constraint = Reference.parse_constrained(ref, base=directory)
    name = ref.strip()
    if reference.digest:
        name = name.removesuffix(f"@{reference.digest}")
    return (
        (name.removesuffix(f":{constraint}") if constraint else name),
        constraint,
        reference.digest or "",
    )


def read_pin(workspace: Workspace) -> Pin:
    """The pin of the workspace's project.

    Raises `ConfigurationError` for a bad floe.yaml, `UsageError` where it pins no published version,
    `LockMismatch` where the lock is not there or of another platform.
    """
    spec = load_spec(workspace.spec_path)
    wanted = VersionRequest.demanded(spec, workspace)
    assert spec.platform.ref is not None  # what `wanted` comes from
    lock = workspace.store.read_lock()
    if lock is None or lock.reference != wanted.repository.name:
        raise LockMismatch(
            "the lock is not of the platform that floe.yaml names" if lock else "nothing is locked here yet",
            f"floe.yaml has {wanted.repository.name}, the lock {lock.reference}" if lock else "",
            hint=f"run {Act.PULL} first, so that there is something to compare with",
            where=str(workspace.store.lock_path),
        )
    return Pin(workspace.spec_path, read_text(workspace.spec_path), spec, spec.platform.ref, wanted, lock)


def constraint_of(ref: str, directory: Path) -> str:
    """What the lock records of a ref: its digest, else its constraint."""
    reference, constraint = Reference.parse_constrained(ref, base=directory)
    return reference.digest or constraint or "*"


def settle(
    workspace: Workspace,
    doing: str,
    was: tuple[str | None, Lock | None],
    now: tuple[str, Lock],
    candidate: Candidate | None = None,
    *,
    undo: Mapping[str, Any] | None = None,
    cancel: CancelToken | None = None,
) -> None:
    """Write floe.yaml and the lock, and the version itself where that is new: all or nothing.

    `was` and `now` are both files as they were read and as they are to be; `undo` is what `undo_move` is
    to find, None where nothing is to be undone. Raises `Refused` where either file was changed since.
    """
    store, path = workspace.store, workspace.spec_path
    text, lock = now
    with store.exclusive(cancel):
        if (read_text(path) if stands(path) else None, store.read_lock()) != was:
            raise Refused(
                "floe.yaml or the lock changed meanwhile, so nothing was written",
                hint="look at what it would do once more",
                where=str(path),
            )
        before = read_bounded(path, MAX_BYTES, what=path.name) if was[0] is not None else b""
        written = encode(text, like=before)
        with all_or_nothing(workspace, doing, written):
            if undo is not None:
                workspace.files.write(STATE, canonical_json({"stateVersion": _STATE_VERSION, **undo}))
            if candidate is not None:
                keep(store, replace(candidate, lock=lock), was[1])
            elif lock != was[1]:
                store.write_lock(lock)
            if text != was[0]:
                workspace.files.write(SPEC_FILE, written)
            if undo is None:
                workspace.files.remove(STATE)


def move_pin(
    workspace: Workspace,
    pin: Pin,
    ref: str,
    candidate: Candidate | None,
    *,
    cancel: CancelToken | None = None,
) -> Lock:
    """Write `ref` into floe.yaml and lock `candidate` (None: the version stays), both or neither.

    What was there before is kept for `undo_move`. Raises `Refused` where either file was changed
    since `pin` was read.
    """
    lock = candidate.lock if candidate else pin.lock
    lock = replace(lock, constraint=constraint_of(ref, workspace.directory))
    before = {"ref": pin.ref, "moved": ref, "digest": lock.digest, "lock": strict_json(pin.lock.to_json())}
    now = with_ref(pin.text, ref), lock
    doing = f"the move to {lock.tag}"
    settle(workspace, doing, (pin.text, pin.lock), now, candidate, undo=before, cancel=cancel)
    return lock


class Undone(Struct, frozen=True):
    """A move that was taken back."""

    ref: str
    """What floe.yaml says again."""
    undone: str
    """What it said before."""
    lock: Lock
    """The lock as it is again."""


def undo_move(workspace: Workspace, *, cancel: CancelToken | None = None) -> Undone:
    """Put back the ref and the lock as they were before the last move.

    One state is kept, on this machine only. Raises `UsageError` where there is none, `Refused` where
    floe.yaml or the lock went elsewhere since, `CacheCorrupt` where the state cannot be read.
    """
    kept = workspace.files.read(STATE, _STATE_LIMIT, what="state before the upgrade")
    if kept is None:
        raise UsageError(
            "there is no upgrade to undo",
            hint="the last one alone can be undone, where it was made; further back goes git, or "
            f"{Act.UPGRADE:--to VERSION --allow-downgrade}",
            where=str(workspace.spec_path),
        )
    state, previous = _read_state(kept, str(workspace.directory / STATE))
    pin = read_pin(workspace)
    if (pin.ref, pin.lock.digest) != (state["moved"], state["digest"]):
        raise Refused(
            "floe.yaml or the lock changed since the upgrade, so nothing was undone",
            f"the upgrade left {state['moved']}, and floe.yaml has {pin.ref}",
            hint=f"take both files back with git, or use {Act.UPGRADE:--to VERSION --allow-downgrade}",
            where=str(pin.path),
        )
    now = with_ref(pin.text, state["ref"]), previous
    settle(workspace, f"the undoing of {state['moved']}", (pin.text, pin.lock), now, cancel=cancel)
    return Undone(state["ref"], state["moved"], previous)


def stale_comments(text: str, ref: str, directory: Path, version: Version) -> tuple[int, ...]:
    """Lines (from 1) of comments in floe.yaml that offer the platform of `ref` under another constraint.

    They are a person's to change. Those whose constraint admits `version` are still right.
    """
    offer = f"{_parts(ref, directory)[0]}:"
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        _, offered, rest = line.partition(offer)
        if offered and line.lstrip().startswith("#"):
            try:
                stale = not Constraint.parse(rest.split("#")[0].strip(" \t\"'")).allows(version)
            except UsageError:
                continue  # prose
            found += [number] * stale
    return tuple(found)


def with_ref(text: str, ref: str) -> str:
    """The text of a floe.yaml with another `platform.ref`; everything else stays as it is."""
    return apply(text, set_value(parse(text), _REF, ref))


def as_written(wanted: VersionRequest, directory: Path) -> str:
    """The pin as floe.yaml spells it; a layout inside the project by its relative path."""
    separator = "@" if wanted.is_digest else ":"
    name = wanted.repository.name
    if wanted.repository.root is not None:
        root = wanted.repository.root
        if root.is_relative_to(directory.resolve()):
            name = f"oci-layout:{Path(os.path.relpath(root, directory.resolve())).as_posix()}"
    return f"{name}{separator}{wanted.constraint}"


def _read_state(kept: bytes, where: str) -> tuple[dict[str, Any], Lock]:
    try:
        state = strict_json(kept)
        if state["stateVersion"] != _STATE_VERSION or not all(
            isinstance(state[key], str) for key in ("ref", "moved", "digest")
        ):
            raise ValueError("it is not of this floe")
        return state, Lock.from_json(canonical_json(state["lock"]), where=where)
    except (ValueError, KeyError, TypeError) as error:
        raise CacheCorrupt(
            "the state before the upgrade cannot be read",
            f"missing {error}" if isinstance(error, KeyError) else str(error),
            hint="take floe.yaml and the lock back with git",
            where=where,
        ) from None
