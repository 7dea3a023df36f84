"""What is shown of each file: the diagnostics of its own text, and its project's findings beside them.

An editor forgets a file's old diagnostics at every new list, so that both have to be in each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from lsprotocol import types
from pygls.uris import from_fs_path


def uri_of(path: Path) -> str:
    """How the protocol names a file."""
    return from_fs_path(str(path)) or path.as_uri()


Show = Callable[[types.PublishDiagnosticsParams], None]


class Board:
    """The lists as they were shown last. `show` sends one to the editor."""

    def __init__(self, show: Show, path_of: Callable[[str], Path | None]) -> None:
        self._show = show
        self._path_of = path_of
        self._open: dict[str, tuple[Sequence[types.Diagnostic], int | None]] = {}
        self._findings: dict[Path, Sequence[types.Diagnostic]] = {}

    def text_judged(self, uri: str, found: Sequence[types.Diagnostic], version: int | None) -> None:
        """The text that an editor shows was looked at."""
        self._open[uri] = (found, version)
        self._send(uri)

    def closed(self, uri: str) -> None:
        """A text is not shown any more; what its project found of the file stays."""
        self._open.pop(uri, None)
        self._send(uri)

    def project_judged(self, path: Path, found: Sequence[types.Diagnostic]) -> None:
        """A project's findings in one of its files."""
        if found:
            self._findings[path] = found
        elif self._findings.pop(path, None) is None:
            return
        shown = [uri for uri in self._open if self._path_of(uri) == path]
        for uri in shown or [uri_of(path)]:
            self._send(uri)

    def rules_at(self, uri: str, line: int) -> tuple[str, ...]:
        """The rules whose findings point at a line, each once."""
        return tuple(dict.fromkeys(str(each.code) for each in self.found_at(uri, line, line)))

    def found_at(self, uri: str, first: int, last: int) -> list[types.Diagnostic]:
        """A project's findings that point at some lines of a file."""
        path = self._path_of(uri)
        found = self._findings.get(path, ()) if path is not None else ()
        return [each for each in found if first <= each.range.start.line <= last]

    def _send(self, uri: str) -> None:
        own, version = self._open.get(uri, ((), None))
        path = self._path_of(uri)
        beside = self._findings.get(path, ()) if path is not None else ()
        self._show(types.PublishDiagnosticsParams(uri, [*own, *beside], version))
