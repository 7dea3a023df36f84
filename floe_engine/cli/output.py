"""How the headless face speaks: the seed's text, one JSON document, and errors.

`--output json` puts exactly one document on stdout; events become talk on stderr only where they
warn. Everything that may come from outside passes through `printable`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any, TextIO

from floe_engine.document.diagnostics import Diagnostic, Severity
from floe_engine.errors import ConfigurationError, FloeError
from floe_engine.events import Event, Heading, Notice, Stage, Step
from floe_engine.text import plural, printable

SCHEMA_VERSION = 1
"""Of every JSON document on stdout; see docs/output.md."""

_MARKS = {"done": "✓", "failed": "✗", "skipped": "-", "warned": "!"}
_COLOURS = {"done": "32", "failed": "31", "skipped": "2", "warned": "33"}
_SEVERITY = {Severity.ERROR: "31", Severity.WARNING: "33", Severity.INFO: "2"}


class Output:
    """Writes for one invocation of one command."""

    def __init__(
        self,
        command: str,
        *,
        format: str = "text",
        quiet: bool = False,
        colour: bool | None = None,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
    ) -> None:
        self.command = command
        self.format = format
        self.quiet = quiet
        self._out = stdout or sys.stdout
        self._err = stderr or sys.stderr
        self._colour = self._out.isatty() if colour is None else colour
        self._inside = False
        self._written = False
        self._lost: OSError | None = None

    @property
    def machine(self) -> bool:
        """Whether stdout is for a program, so that no talk may go there."""
        return self.format != "text"

    # --- events --------------------------------------------------------------------------------

    def report(self, event: Event) -> None:
        """Print an event of a workflow, as the seed shows it."""
        match event:
            case Notice(message, hint):
                self.warning(message, hint)
            case _ if self.machine or self.quiet:
                return
            case Heading(text) if self._inside:  # a workflow that another one called for
                self.line(f"      {printable(text)}")
            case Heading(text):
                if self._written:
                    self.line("")
                self.line(printable(text))
                self._inside = False
            case Stage(number, total, title):
                if self._written:
                    self.line("")
                self.line(f"[{number}/{total}] {printable(title)}")
                self._inside = True
            case Step():
                self.step(event)

    # --- results -------------------------------------------------------------------------------

    def line(self, text: str = "") -> None:
        """One line of what is done or was done (not in quiet or machine mode)."""
        if not self.quiet:
            self.answer(text)

    def answer(self, text: str = "") -> None:
        """One line of what the command was asked for; quiet mode prints it too."""
        if self.machine:
            return
        self._write(self._out, f"{text}\n")
        self._written = True

    def step(self, step: Step) -> None:
        """A step that belongs to the answer, with its mark."""
        indent = " " * 6 if self._inside else "  "
        mark = self.painted(_MARKS[step.outcome], _COLOURS[step.outcome])
        suffix = f" ({printable(step.detail)})" if step.detail else ""
        self.answer(f"{indent}{mark} {printable(step.text)}{suffix}")

    def section(self) -> None:
        """Leave an empty line after what came before, and be outside of any stage."""
        if self._written:
            self.answer("")
        self._inside = False

    def data(self, document: Any) -> None:
        """Put a document on stdout; `format` says in which form it already is."""
        # ASCII: a program reads it in any locale, and a terminal finds nothing in it to obey.
        text = document if isinstance(document, str) else json.dumps(document, indent=2)
        self._write(self._out, text if text.endswith("\n") else f"{text}\n")

    def result(self, facts: dict[str, Any], *, ok: bool = True) -> None:
        """In JSON mode, the command's one document; nothing otherwise."""
        if self.format == "json":
            self.data({"schemaVersion": SCHEMA_VERSION, "command": self.command, "ok": ok, **facts})

    # --- talk ----------------------------------------------------------------------------------

    def warning(self, message: str, hint: str = "") -> None:
        """Tell the reader something they should know; on stderr, kept even in quiet mode."""
        self._write(self._err, f"{self.painted('warning', '33', self._err)}: {printable(message)}\n")
        if hint:
            self._write(self._err, f"  hint: {printable(hint)}\n")

    def error(self, error: FloeError) -> None:
        """Say what failed, where, why and what to do next."""
        err = self._err
        where = f"{printable(error.where)}: " if error.where else ""
        self._write(err, f"{self.painted('error', '31', err)}: {where}{printable(error.title)}\n")
        if error.message:
            for row in printable(error.message).splitlines():
                self._write(err, f"  {row}\n")
        if isinstance(error, ConfigurationError):
            self.diagnostics(error.diagnostics, error.where, stream=err)
        if error.hint:
            self._write(err, f"  hint: {printable(error.hint)}\n")
        self.result({"error": error_document(error)}, ok=False)

    def diagnostics(
        self, diagnostics: Iterable[Diagnostic], where: str = "", *, stream: TextIO | None = None
    ) -> None:
        """Each problem as ``file:line:column: severity CODE message`` with its hint below."""
        target = stream or self._out
        counts = {Severity.ERROR: 0, Severity.WARNING: 0, Severity.INFO: 0}
        for found in diagnostics:
            counts[found.severity] += 1
            place = f"{printable(where)}:{found.span.start}" if where else str(found.span.start)
            level = self.painted(found.severity.value, _SEVERITY[found.severity], target)
            self._write(target, f"{place}: {level} {found.code} {printable(found.message)}\n")
            if found.hint:
                self._write(target, f"    hint: {printable(found.hint)}\n")
        summary = [plural(count, level.value) for level, count in counts.items() if count]
        if summary and sum(counts.values()) > 1:
            self._write(target, f"{', '.join(summary)}\n")

    def painted(self, text: str, code: str, stream: TextIO | None = None) -> str:
        """`text` in a colour (an SGR code), where the stream is a terminal that takes colours."""
        shown = self._colour and code and (stream is None or stream.isatty())
        return f"\x1b[{code}m{text}\x1b[0m" if shown else text

    def finish(self) -> OSError | None:
        """Flush both streams; what kept output from being written, other than a reader who left."""
        for stream in (self._out, self._err):
            self._attempt(stream, stream.flush)
        return self._lost

    def _write(self, stream: TextIO, text: str) -> None:
        self._attempt(stream, lambda: _encoded(stream, text))

    def _attempt(self, stream: TextIO, act: Callable[[], None]) -> None:
        """Write without letting the reader decide whether the work is done: `publish | head` publishes."""
        try:
            act()
        except OSError as error:
            if not isinstance(error, BrokenPipeError):
                self._lost = self._lost or error
            divert(stream)


def divert(stream: TextIO) -> None:
    """Send what is still written to `stream` nowhere, and what its buffer holds."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _encoded(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
    except UnicodeEncodeError:  # a terminal in the C locale
        encoding = stream.encoding or "ascii"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))


def error_document(error: FloeError) -> dict[str, Any]:
    """An error as the JSON that every command gives."""
    document: dict[str, Any] = {
        "code": error.code,
        "exitCode": error.exit_code,
        "title": error.title,
        "message": error.message,
        "hint": error.hint,
        "where": error.where,
    }
    if isinstance(error, ConfigurationError) and error.diagnostics:
        document["diagnostics"] = [diagnostic_document(found) for found in error.diagnostics]
    return document


def diagnostic_document(found: Diagnostic) -> dict[str, Any]:
    """A diagnostic as JSON; lines and columns are one-based, columns in code points."""
    return {
        "code": found.code,
        "severity": found.severity.value,
        "message": found.message,
        "hint": found.hint,
        "path": ".".join(map(str, found.path)),
        "start": {"line": found.span.start.line + 1, "column": found.span.start.column + 1},
        "end": {"line": found.span.end.line + 1, "column": found.span.end.column + 1},
        "fixes": [fix.title for fix in found.fixes],
    }


def wants_colour(no_color: bool) -> bool | None:
    """False where colour is refused (`--no-color`, NO_COLOR, TERM=dumb), None to follow the terminal."""
    if no_color or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return None
