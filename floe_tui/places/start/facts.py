"""What Start offers, as values and rows. `remembered` runs in a worker."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from floe_tui import session
from floe_tui.places.registry.facts import age
from floe_tui.text import homely
from floe_tui.widgets.row_view import Row

FILES = (("manifest.yaml", "platform"), ("floe.yaml", "project"), ("dbt_project.yml", "dbt project"))


class Beginning(Struct, frozen=True):
    """One way to begin: its key, a title, one line, and what it does in full."""

    key: str
    title: str
    said: str
    about: str


WAYS = (
    Beginning(
        "begin",
        "Begin a platform",
        "from a template, or a dbt project",
        "For a platform team: write the rules that every dbt project is held to, from one of the templates, "
        "or learnt from a dbt project that is there already: then it is the strictest platform that the "
        "project passes today, with what it does not pass yet told as next steps.\n\n"
        "# What is written\n"
        "▸ manifest.yaml, with comments\n"
        "▸ a first policy test, CI over one script, .gitignore and a README\n\n"
        "→ Nothing that is there already is touched.\n\n"
        "# Without the workbench\n$ floe platform init --template medallion",
    ),
    Beginning(
        "join",
        "Join a platform",
        "pin a version that is published",
        "For a data team: choose where the platform is published and one of its versions, and see what it "
        "would find in the dbt project here before anything is written.\n\n"
        "✓ every file is verified against its digest and its signature\n"
        "✓ the version is locked: later builds need no network\n\n"
        "# What is written\n"
        "floe.yaml  which platform, and how closely it is pinned\n"
        ".floe/     the lock, which belongs into git, and the cache\n\n"
        "# Without the workbench\n$ floe init --platform oci://host/platform:v1.2.3",
    ),
    Beginning(
        "demo",
        "Try the demo",
        "a platform and a dbt project",
        "A platform with six signed versions and a seventh on its way, and a dbt project that pins one of "
        "them and has something to mend. It is all real: the key, the registry, the signatures.\n\n"
        "→ It is made in ./floe-demo and asks no server; remove the folder, and it is gone.\n\n"
        "# What to try\n"
        "▸ F3  what the next version changes, and whom that breaks\n"
        "▸ F4  the policies, put to the test; m weakens them\n"
        "▸ F5  six checks before a version is published; p does it (the key has no password: Enter)\n"
        "▸ F6  the versions that there are, and who signed them\n"
        "▸ 0   this view: the project that pins the platform is among the recent ones",
    ),
    Beginning(
        "open",
        "Open another directory",
        "type its path",
        "Work somewhere else from now on. Those that you worked in before are listed below, the last one "
        "first.\n\n# Without the workbench\n$ floe-tui --dir ../platform",
    ),
)


def remembered(here: Path) -> tuple[session.Recent, ...]:
    """Where somebody worked before."""
    return tuple(item for item in session.recent(here) if kind(item.directory))


def kind(directory: Path) -> str:
    """What a directory holds, in a word."""
    return next((word for name, word in FILES if (directory / name).is_file()), "")


def rows_of(recent: Sequence[session.Recent]) -> list[Row]:
    """The ways, then the recent directories."""
    rows = [Row("heading begin", ("", "Begin", ""), heading=True)]
    rows += [Row(way.key, (way.title, way.said), "▸", "strong") for way in WAYS]
    if recent:
        rows.append(Row("heading recent", ("", "Recent", str(len(recent))), heading=True))
    for item in recent:
        shown = homely(str(item.directory))
        rows.append(Row(str(item.directory), (shown, f"{kind(item.directory):<12}{_ago(item.seen)}")))
    return rows


def about(key: str, recent: Sequence[session.Recent]) -> tuple[str, str]:
    """Title and text for what stands beside a row; empty for a heading."""
    for way in WAYS:
        if way.key == key:
            return way.title, way.about
    for item in recent:
        if str(item.directory) == key:
            files = [name for name, _ in FILES if (item.directory / name).is_file()]
            lines = [
                f"directory  {homely(key)}",
                f"holds      {', '.join(files) or 'nothing of floe'}",
                f"left       {_ago(item.seen)}",
                "",
                "→ Enter opens it",
            ]
            return item.directory.name, "\n".join(lines)
    return "", ""


def _ago(seen: float) -> str:
    now = datetime.fromtimestamp(time.time(), UTC)
    return age(datetime.fromtimestamp(seen, UTC).isoformat(), now)
