"""What the registry and project places show of published versions, as values and text.

Functions here run in workers, or format what workers found.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from floe_engine import CancelToken, FloeError, human_size, read_bounded
from floe_tui.settings import settings_path
from floe_tui.text import count, homely
from floe_tui.widgets.row_view import Tone

if TYPE_CHECKING:
    from floe_engine import Changelog, Constraint, Distance, Inspection, Verdict, Workspace
    from floe_tui.jobs import Jobs
    from floe_tui.pinning import Precision

KEY_LIMIT = 16_384
"""Bytes of a public key that are read."""

MOST_KEYS = 20
"""Public keys of a folder that are looked at."""


class Versions(Struct, frozen=True):
    """What a repository lists, and which of it this directory has locked."""

    where: str
    source: str
    tags: tuple[str, ...]
    older: frozenset[str]
    """Tags below the locked version."""
    locked: str
    has_lock: bool
    """Whether anything is locked here, of this repository or another."""
    ignored: int
    listed_at: str
    cached: bool
    locked_digest: str = ""
    """The digest that is locked, which the tag named when it was pulled."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Fingerprint to the name of the file that the key is in here."""


def open_at(directory: Path, repository: str) -> Workspace:
    """The workspace of a directory, looking at `repository` (empty: the one that it says itself)."""
    from floe_engine import Workspace

    return Workspace.open(directory, registry=repository or None)


def list_all(directory: Path, repository: str, offline: bool, cancel: CancelToken) -> Versions:
    """The versions of a repository, newest first."""
    from floe_engine import list_versions

    workspace = open_at(directory, repository)
    if offline:
        workspace = workspace.without_network()
    listing = list_versions(workspace, cancel=cancel)
    found = Versions(
        listing.repository.name,
        "chosen here" if repository else workspace.registry.source,
        tuple(listing.tags[version] for version in listing.versions),
        frozenset(),
        "",
        has_lock=False,
        ignored=len(listing.ignored),
        listed_at=listing.listed_at,
        cached=listing.cached,
        names=key_names(directory),
    )
    return beside_lock(workspace, found)


def key_names(directory: Path) -> dict[str, str]:
    """The public keys that lie here and in the user's settings, by fingerprint: ``release.pub``.

    A name says nothing of trust: it is shown only where the verdict already has.
    """
    from floe_engine import fingerprint_of

    names: dict[str, str] = {}
    folders = (directory, directory / "keys", settings_path().parent, settings_path().parent / "keys")
    for folder in folders:
        for file in sorted(folder.glob("*.pub"))[:MOST_KEYS]:
            with suppress(FloeError, ValueError):
                pem = read_bounded(file, KEY_LIMIT, what="key").decode()
                fingerprint = fingerprint_of(pem)
                if fingerprint.startswith("sha256:"):  # else it is no key, and comes back as it is
                    names[fingerprint] = file.name
    return names


def beside_lock(workspace: Workspace, found: Versions) -> Versions:
    """A list with what this directory has locked of it now, whenever the list was made."""
    from floe_engine import Version

    lock = workspace.store.read_lock()
    here = lock is not None and lock.reference == found.where
    locked = lock.tag if lock is not None and here else ""
    pin = Version.from_tag(locked) if locked else None
    below = ((tag, Version.from_tag(tag)) for tag in found.tags if pin is not None)
    return replace(
        found,
        older=frozenset(tag for tag, version in below if version is not None and pin and version < pin),
        locked=locked,
        has_lock=lock is not None,
        locked_digest=lock.digest if lock is not None and here else "",
    )


def by_major(tags: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Tags, newest first, under their major version."""
    groups: dict[str, list[str]] = {}
    for tag in tags:
        groups.setdefault(tag.partition(".")[0], []).append(tag)
    return list(groups.items())


def age(stamp: str, now: datetime | None = None) -> str:
    """How long ago an RFC 3339 time was, roughly: ``3 hours ago``; the text itself where it is none."""
    try:
        then = datetime.fromisoformat(stamp.replace("Z", "+00:00"))
        seconds = ((now or datetime.now(UTC)) - then).total_seconds()
    except (ValueError, TypeError):
        return stamp
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            return f"{count(int(seconds // length), unit)} ago"
    return "a moment ago"


def change_cell(distance: Distance | None, older: bool) -> str:
    """How far a version is from the locked one by what it holds; empty while nobody knows yet."""
    if distance is None:
        return ""
    if distance.problem:
        return "?"
    level = "same" if distance.level == "none" else distance.level
    return f"↓ {level}" if older else level


def first_use(jobs: Jobs, cancel: CancelToken) -> Callable[[str, str], bool]:
    """The question whether to trust a signer whom nothing vouches for yet, asked on the screen."""
    from floe_tui.panels.confirm import ConfirmPanel

    def ask(platform: str, signer: str) -> bool:
        facts = [("platform", platform), ("signed by", signer)]
        panel = "Trust this signer from now on?"
        return bool(jobs.ask(lambda: ConfirmPanel(panel, facts, verb="Trust", key="t"), cancel))

    return ask


def judged(verdict: Verdict | None) -> tuple[str, Tone, str]:
    """A verdict's sign, tone and words for one cell."""
    if verdict is None:
        return " ", "", ""
    if verdict.status == "verified":
        return "✓", "success", ", ".join(str(signer) for signer in verdict.signers[:1])
    if verdict.status == "untrusted":
        known = next((str(rejected.signer) for rejected in verdict.rejected if rejected.signer), "")
        return "!", "warning", known or "not by anybody trusted here"
    return "-", "dim", "not signed"


def short_signer(signer: str, names: Mapping[str, str] = {}) -> str:
    """A signer for one cell: an identity without issuer and scheme, a key by its name or its fingerprint.

    The details have both in full.
    """
    if signer in names:
        return names[signer]
    if signer.startswith("sha256:"):
        return f"key {signer.removeprefix('sha256:')[:12]}"
    return signer.partition(" (")[0].removeprefix("https://")


def verdict_lines(verdict: Verdict, rotations: Sequence[str] = ()) -> list[str]:
    """A verdict in full, and the versions that handed the keys on to it."""
    sign, _, _ = judged(verdict)
    lines = ["# Signatures", f"{sign} {verdict.status}"]
    lines += [f"  keys changed on the way: {hop}" for hop in rotations]
    for signer in verdict.signers:
        lines += [f"✓ {signer}", f"    {signer.format} at {signer.where}"]
        lines += [f"    {key} = {value}" for key, value in sorted(signer.annotations.items())]
    for rejected in verdict.rejected:
        lines += [f"✗ {rejected.where}", f"    {rejected.reason}"]
    return lines + [f"! {warning}" for warning in verdict.warnings]


def details(found: Inspection) -> str:
    """One version in full: what it is, its files, its signatures."""
    platform = found.artifact.platform
    lines = [
        f"reference  {homely(str(found.reference))}",
        f"digest     {found.digest}",
        f"created    {platform.manifest.metadata.created}",
        "",
        "# Plugins",
        *(f"{category:<14} {name}" for category, name in sorted(platform.manifest.plugins.items())),
        "",
        "# Files",
        *(f"{human_size(len(data)):>8}  {path}" for path, data in found.artifact.files.items()),
        "",
        *verdict_lines(found.verdict, found.rotations),
        "",
        "# Annotations",
        *(f"{key} = {value}" for key, value in sorted(found.annotations.items())),
    ]
    return "\n".join(lines)


def distance_lines(distance: Distance | None, locked: str) -> list[str]:
    """The same in full."""
    if distance is None:
        return []
    if distance.problem:
        words = f"nobody can say: {distance.problem}"
    elif distance.level == "none":
        words = "it holds the same"
    else:
        words = (
            f"{count(distance.changes, 'change')}, {distance.breaking} breaking: a {distance.level} change"
        )
    return ["", f"# From {locked or 'the locked version'}", words]


def ranges(tag: str) -> list[tuple[Precision, str, str]]:
    """The ways to pin a tag, each with its text: as it is, and the ranges that begin with its numbers."""
    from floe_engine import Version, pinned

    version = Version.from_tag(tag)
    rows: list[tuple[Precision, str, str]] = [("pinned", tag, "exactly this version")]
    if version is not None and not version.prerelease:
        rows.append(("patch", pinned(version, "patch"), "and its patches"))
        rows.append(("minor", pinned(version, "minor"), "and its minor versions"))
    return rows


def allowed_tags(constraint: Constraint, tags: Sequence[str]) -> tuple[str, ...]:
    """Those of `tags` that a constraint allows."""
    from floe_engine import Version

    found = [(tag, Version.from_tag(tag)) for tag in tags]
    return tuple(tag for tag, version in found if version is not None and constraint.allows(version))


def changes_text(log: Changelog) -> str:
    """A changelog as facts: the releases, newest first, each with its changes."""
    signs = {"major": "✗", "minor": "!"}
    lines: list[str] = []
    for release in log.releases:
        lines += ["", f"# {release.version.tag}  {release.day}".rstrip()]
        entries = release.assessment.entries
        lines += [f"{signs.get(entry.bump, '-')} {entry.sentence}" for entry in entries] or [
            "nothing changed"
        ]
    return "\n".join(lines[1:])
