"""Where one is: the platform, its pin, the registry and how it answers, and what each place has to count.

Values only. Places tell the app what they learnt; the lines at the top of every place show it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from msgspec import Struct, field

from floe_engine import CancelToken
from floe_tui.action import Place
from floe_tui.places.registry.facts import short_signer
from floe_tui.widgets.marks import Toned

Answering = Literal["", "asking", "online", "offline"]


class Orientation(Struct, frozen=True):
    """What is known now; empty is what nobody knows yet."""

    platform: str = ""
    version: str = ""
    dirty: bool = False
    """Whether the manifest has changes that are not saved."""
    pin: str = ""
    registry: str = ""
    answering: Answering = ""
    seen: str = ""
    """How old what is shown of the registry is, where it is not of now (``3 hours ago``)."""
    last: str = ""
    """The newest published version."""
    signer: str = ""
    """Who signed the pinned version, or the newest."""
    counts: Mapping[Place, Toned] = field(default_factory=dict)

    @property
    def newer(self) -> str:
        """How far the newest version's number is above the pin's (``minor``); empty: it is not."""
        if not (self.pin and self.last):
            return ""
        from floe_engine import Version

        pinned, newest = Version.from_tag(self.pin), Version.from_tag(self.last)
        if pinned is None or newest is None or newest <= pinned:
            return ""
        return newest.step_from(pinned)

    def parts(self, *, brief: bool = False) -> list[list[Toned]]:
        """What the context line says, the most important first; `brief` without what its reader knows."""
        parts: list[list[Toned]] = []
        if self.platform or self.version:
            dirty: list[Toned] = [(" ●", "warning")] if self.dirty else []
            parts.append([(self.platform, ""), (f" {self.version}", "strong"), *dirty])
        if self.pin:
            newer: list[Toned] = [(f" ↑ {self.newer}", "strong")] if self.newer else []
            parts.append([("pin ", "muted"), (self.pin, ""), *newer])
        if self.registry:
            label, name = ("", self.registry.partition(",")[0]) if brief else ("registry ", self.registry)
            parts.append([(label, "muted"), (name, "")])
        if self.last:
            parts.append([("last ", "muted"), (self.last, "")])
        if self.signer:
            parts.append([("signed by ", "muted"), (self.signer, "")])
        return parts

    def connection(self) -> list[Toned]:
        """How the registry answers, with a sign; where it does not, how old the facts are."""
        match self.answering:
            case "online":
                return [("✓ ", "success"), ("online", "muted")]
            case "asking":
                return [("… ", "muted"), ("asking", "muted")]
            case "offline":
                age = f", seen {self.seen}" if self.seen else ""
                return [("! ", "warning"), (f"offline{age}", "")]
        return []


def registry_name(reference: str) -> str:
    """A repository in a few words: a layout as its folder on this machine, another as host and path."""
    if reference.startswith("oci-layout:"):
        return f"{Path(reference.removeprefix('oci-layout:')).name}, on this machine"
    return reference.removeprefix("oci://")


def look_around(directory: Path, cancel: CancelToken) -> dict[str, str]:
    """What the directory itself says, without a network: fields of `Orientation`."""
    from floe_engine import FloeError, Workspace

    found = {"pin": "", "signer": ""}
    is_platform = (directory / "manifest.yaml").is_file()  # of which its own place tells
    if not is_platform:
        found |= {"platform": "", "version": ""}
    try:
        workspace = Workspace.open(directory)
        found["registry"] = registry_name(workspace.registry.reference.name)
        lock = workspace.store.read_lock()
        if lock is not None:
            found["pin"] = lock.tag
            found["signer"] = short_signer(str(lock.signer or ""))
            if not is_platform:
                found["platform"] = lock.name
                found["version"] = lock.tag.removeprefix("v")
    except FloeError:
        pass  # the places explain what is wrong; the line at the top just says less
    return found
