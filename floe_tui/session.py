"""What the workbench remembers between runs: where the user was, and text not yet saved.

State is one small JSON file a directory, under the user's state directory. A swap file holds the
text of one edited file until it is saved; it is what is offered after a crash. Both are hints: a
file that cannot be read or written loses a convenience and never stops the work.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from platformdirs import user_state_path

from floe_engine import Directory, FloeError, read_bounded, write_file
from floe_tui.actions import Place

STATE_LIMIT = 1_000_000
SWAP_LIMIT = 64_000_000


@dataclass(slots=True)
class Session:
    """Where the user was in one directory: the place, and what each place wants to find again."""

    path: Path
    place: str = ""
    theme: str = ""
    places: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def load(cls, directory: Path) -> Session:
        """The session of `directory`, or an empty one."""
        path = _home() / "sessions" / f"{_name(directory)}.json"
        values = _read_json(path, STATE_LIMIT)
        places = values.get("places")
        return cls(
            path,
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
    with contextlib.suppress(ValueError):
        return Place(session.place)
    if (directory / "manifest.yaml").is_file():
        return Place.MANIFEST
    if (directory / "floe.yaml").is_file() or (directory / "dbt_project.yml").is_file():
        return Place.PROJECT
    return Place.REGISTRY


@dataclass(frozen=True, slots=True)
class Swap:
    """Unsaved text of `file`; `base` is the digest of the saved text that it was made from."""

    file: Path

    @property
    def path(self) -> Path:
        """Where the swap file lies: not beside the file, which may be in a repository."""
        return _home() / "swap" / f"{_name(self.file)}.json"

    def write(self, text: str, base: str) -> None:
        """Keep `text`. Raises `FloeError` where the disk refuses."""
        values = {"file": str(self.file), "base": base, "text": text}
        write_file(self.path, json.dumps(values).encode(), mode=0o600)

    def read(self) -> tuple[str, str] | None:
        """The kept text and its base digest; None where there is none."""
        values = _read_json(self.path, SWAP_LIMIT)
        text, base = values.get("text"), values.get("base")
        return (text, base) if isinstance(text, str) and isinstance(base, str) else None

    def discard(self) -> None:
        """Forget the kept text."""
        with contextlib.suppress(FloeError):
            Directory(self.path.parent).remove(self.path.name)


def text_digest(text: str) -> str:
    """What tells whether a file changed under the editor."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def log_path() -> Path:
    """Where tracebacks of unforeseen failures go."""
    return _home() / "floe-tui.log"


def _home() -> Path:
    return user_state_path("floe") / "tui"


def _name(path: Path) -> str:
    return hashlib.sha256(str(path.resolve()).encode("utf-8", "surrogatepass")).hexdigest()[:24]


def _read_json(path: Path, limit: int) -> dict[str, Any]:
    try:
        values = json.loads(read_bounded(path, limit))
    except (FloeError, ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
