"""What the registry and project places show of published versions, as values and text.

Functions here run in workers, or format what workers found.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from floe_engine import CancelToken, human_size
from floe_tui.text import homely
from floe_tui.widgets.row_view import Tone

if TYPE_CHECKING:
    from floe_tui.jobs import Jobs


@dataclass(frozen=True, slots=True)
class Versions:
    """What the registry lists, and which of it this directory has locked."""

    where: str
    source: str
    tags: tuple[str, ...]
    changes: dict[str, str]
    """Tag to how far it is from the locked version."""
    locked: str
    ignored: int
    listed_at: str
    cached: bool


def list_all(directory: Path, offline: bool, cancel: CancelToken) -> Versions:
    """The versions of the registry of a directory, newest first."""
    from floe_engine import Version, Workspace, list_versions

    workspace = Workspace.open(directory)
    if offline:
        workspace = workspace.without_network()
    listing = list_versions(workspace, cancel=cancel)
    lock = workspace.store.read_lock()
    here = lock is not None and lock.reference == listing.repository.name
    locked = lock.tag if lock is not None and here else ""
    pin = Version.from_tag(locked) if locked else None
    changes: dict[str, str] = {}
    if pin:
        changes = {tag: version.step_from(pin) for version, tag in listing.tags.items()}
    return Versions(
        listing.repository.name,
        workspace.registry.source,
        tuple(listing.tags[version] for version in listing.versions),
        changes,
        locked,
        len(listing.ignored),
        listing.listed_at,
        listing.cached,
    )


def first_use(jobs: Jobs, cancel: CancelToken) -> Callable[[str, str], bool]:
    """The question whether to trust a signer whom nothing vouches for yet, asked on the screen."""
    from floe_tui.screens.confirm import ConfirmPanel

    def ask(platform: str, signer: str) -> bool:
        facts = [("platform", platform), ("signed by", signer)]
        panel = "Trust this signer from now on?"
        return bool(jobs.ask(lambda: ConfirmPanel(panel, facts, verb="Trust", key="t"), cancel))

    return ask


def judged(verdict: Any) -> tuple[str, Tone, str]:
    """A verdict's sign, tone and words for one cell."""
    if verdict is None:
        return " ", "", ""
    if verdict.status == "verified":
        return "✓", "success", ", ".join(str(signer) for signer in verdict.signers[:1])
    if verdict.status == "untrusted":
        return "!", "warning", "not by anybody trusted here"
    return "-", "dim", "not signed"


def verdict_lines(verdict: Any) -> list[str]:
    """A verdict in full."""
    sign, _, words = judged(verdict)
    lines = ["# Signatures", f"{sign} {verdict.status}: {words}"]
    for signer in verdict.signers:
        lines += [f"✓ {signer}", f"    {signer.format} at {signer.where}"]
        lines += [f"    {key} = {value}" for key, value in sorted(signer.annotations.items())]
    for rejected in verdict.rejected:
        lines += [f"✗ {rejected.where}", f"    {rejected.reason}"]
    return lines + [f"! {warning}" for warning in verdict.warnings]


def details(found: Any) -> str:
    """One version in full: what it is, its files, its signatures."""
    platform = found.artifact.platform
    lines = [
        f"# {platform.name} {platform.version}",
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
        *verdict_lines(found.verdict),
        "",
        "# Annotations",
        *(f"{key} = {value}" for key, value in sorted(found.annotations.items())),
    ]
    return "\n".join(lines)


def ranges(tag: str) -> list[tuple[str, str]]:
    """The ways to pin a tag: as it is, and the ranges that begin with its numbers."""
    numbers = tag.split(".")
    rows = [(tag, "exactly this version")]
    if len(numbers) >= 3 and "-" not in tag:
        rows += [
            (f"{numbers[0]}.{numbers[1]}.*", "and its patches"),
            (f"{numbers[0]}.*.*", "and its minor versions"),
        ]
    return rows
