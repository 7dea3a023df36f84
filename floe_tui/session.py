"""What the workbench remembers between runs: where the user was.

State is one small JSON file a directory, under the user's state directory. It is a hint: a file that
cannot be read or written loses a convenience and never stops the work.
"""

from __future__ import annotations

import contextlib
import hashlib
import heapq
import json
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from msgspec.structs import asdict
from platformdirs import user_state_path

from floe_engine import FloeError, read_bounded, write_file
from floe_tui.actions import Place

STATE_LIMIT = 1_000_000


class Session(Struct):
    """Where the user was in one directory: the place, and what each place wants to find again."""

    path: Path
    directory: str = ""
    place: str = ""
    theme: str = ""
    places: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def load(cls, directory: Path) -> Session:
        """The session of `directory`, or an empty one."""
        path = home() / "sessions" / f"{path_name(directory)}.json"
        values = read_json(path, STATE_LIMIT)
        places = values.get("places")
        return cls(
            path,
            str(directory),
            _text(values.get("place")),
            _text(values.get("theme")),
            {key: value for key, value in places.items() if isinstance(value, dict)}
            if isinstance(places, dict)
            else {},
        )

    def save(self) -> None:
        """Write it down; a full or read-only disk loses only the memory of where the user was."""
        values = {key: value for key, value in asdict(self).items() if key != "path"}
        with contextlib.suppress(FloeError):
            write_file(self.path, json.dumps(values, indent=1, sort_keys=True).encode(), mode=0o600)


def opening_place(directory: Path, session: Session) -> Place:
    """Where to open: where the user left, else the place that fits what the directory holds."""
    if session.place != Place.START:
        with contextlib.suppress(ValueError):
            return Place(session.place)
    if (directory / "manifest.yaml").is_file():
        return Place.MANIFEST
    if (directory / "floe.yaml").is_file() or (directory / "dbt_project.yml").is_file():
        return Place.PROJECT
    return Place.START


class Recent(Struct, frozen=True):
    """A directory where somebody worked before."""

    directory: Path
    seen: float
    """When they left it, in seconds since the epoch."""


def recent(here: Path, most: int = 20) -> tuple[Recent, ...]:
    """Directories other than `here` that were left before, the last one first; what is gone is left out."""
    files: list[tuple[float, Path]] = []
    with contextlib.suppress(OSError):
        for path in (home() / "sessions").glob("*.json"):
            with contextlib.suppress(OSError):
                files.append((path.stat().st_mtime, path))
    found = []
    for seen, path in heapq.nlargest(2 * most, files):
        directory = Path(_text(read_json(path, STATE_LIMIT).get("directory")) or here)
        if directory != here and path.stem == path_name(directory) and directory.is_dir():
            found.append(Recent(directory, seen))
    return tuple(found[:most])


def text_digest(text: str) -> str:
    """What tells whether a file changed under the editor."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def log_path() -> Path:
    """Where tracebacks of unforeseen failures go."""
    return home() / "floe-tui.log"


def home() -> Path:
    """Where the workbench writes what it remembers."""
    return user_state_path("floe") / "tui"


def path_name(path: Path) -> str:
    """A path as the name of a file of ours."""
    return hashlib.sha256(str(path.resolve()).encode("utf-8", "surrogatepass")).hexdigest()[:24]


def read_json(path: Path, limit: int) -> dict[str, Any]:
    """The object in a JSON file of at most `limit` bytes; empty where there is none that can be read."""
    try:
        values = json.loads(read_bounded(path, limit))
    except (FloeError, ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
