"""How the headless face speaks: the seed's text, one JSON document, and errors.

`--output json` puts exactly one document on stdout; events become talk on stderr only where they
warn. Every line of text is escaped here, as it is written, whoever made it and from what: so no
command has to remember which of its words came from outside.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TextIO

from msgspec import Struct

from floe_engine.cli.handbook import with_pages
from floe_engine.document.diagnostics import Diagnostic, Severity
from floe_engine.errors import ConfigurationError, FloeError, UsageError
from floe_engine.events import Event, Heading, Notice, Stage, Step
from floe_engine.output.notation import no_command
from floe_engine.patterns import pattern
from floe_engine.text import plural, printable

SCHEMA_VERSION = 1
"""Of every JSON document on stdout; see docs/output.md."""

_MARKS = {"done": "✓", "failed": "✗", "skipped": "-", "warned": "!"}
_COLOURS = {"done": "32", "failed": "31", "skipped": "2", "warned": "33"}
_SEVERITY = {Severity.ERROR: "31", Severity.WARNING: "33", Severity.INFO: "2"}

_ESCAPE = pattern(r"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|(u[dD][89a-fA-F]..)|.)", re.DOTALL)
"""An escape of JSON; the group holds a half of a surrogate pair that stands alone."""


_UNCOMMON = pattern(r"[^ -~]")


class Painted(Struct, frozen=True):
    """A part of a line with its colour, an SGR code such as ``31``; empty for none."""

    text: str
    colour: str


Part = str | Painted
"""A line is written in parts, so that no text can bring colours of its own."""


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
        self.format = "json" if format == "yaml" else format
        self._document = _yaml if format == "yaml" else _json
        self.quiet = quiet
        self._out = stdout or sys.stdout
        self._err = stderr or sys.stderr
        self._colour = self._out.isatty() if colour is None else colour
        self._forced = colour is True
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
                self.line(f"      {text}")
            case Heading(text):
                if self._written:
                    self.line()
                self.line(text)
                self._inside = False
            case Stage(number, total, title):
                if self._written:
                    self.line()
                self.line(f"[{number}/{total}] {title}")
                self._inside = True
            case Step():
                self.step(event)

    # --- results -------------------------------------------------------------------------------

    def line(self, *parts: Part) -> None:
        """One line of what is done or was done (not in quiet or machine mode)."""
        if not self.quiet:
            self.answer(*parts)

    def answer(self, *parts: Part) -> None:
        """One line of what the command was asked for; quiet mode prints it too."""
        if self.machine:
            return
        self._say(self._out, *parts)
        self._written = True

    def answers(self, lines: Iterable[tuple[str, str]]) -> None:
        """Many lines of an answer, written together: of each the text and its colour, as in `Painted`."""
        if self.machine:
            return
        rows = list(lines)
        text = "" if self._colour else _harmless([text for text, _ in rows])
        if text := text or "".join(self._line(self._out, (Painted(*row),)) for row in rows):
            self._write(self._out, text)
            self._written = True

    def diff(self, text: str) -> None:
        """A change of a file, apart from what came before."""
        self.section()
        for line in text.splitlines():
            self.answer(line)

    def step(self, step: Step) -> None:
        """A step that belongs to the answer, with its mark."""
        indent = " " * 6 if self._inside else "  "
        mark = Painted(_MARKS[step.outcome], _COLOURS[step.outcome])
        suffix = f" ({step.detail})" if step.detail else ""
        self.answer(indent, mark, f" {step.text}{suffix}")

    def section(self) -> None:
        """Leave an empty line after what came before, and be outside of any stage."""
        if self._written:
            self.answer()
        self._inside = False

    def data(self, document: Any) -> None:
        """Put a document on stdout, escaped already as its `format` wants it."""
        # ASCII: a program reads it in any locale, and a terminal finds nothing in it to obey.
        text = document if isinstance(document, str) else self._document(document)
        self._write(self._out, text if text.endswith("\n") else f"{text}\n")

    def result(self, *, ok: bool = True, **facts: Any) -> None:
        """In JSON mode, the command's one document, by its keys; nothing otherwise."""
        if self.format == "json":
            self.data({"schemaVersion": SCHEMA_VERSION, "command": self.command, "ok": ok, **facts})

    # --- talk ----------------------------------------------------------------------------------

    def warning(self, message: str, hint: str = "") -> None:
        """Tell the reader something they should know; on stderr, kept even in quiet mode."""
        self._say(self._err, Painted("warning", "33"), f": {message}")
        if hint:
            self._say(self._err, f"  hint: {with_pages(hint)}")

    def error(self, error: FloeError) -> None:
        """Say what failed, where, why and what to do next; `floe explain` knows the name in brackets."""
        err = self._err
        where = f"{error.where}: " if error.where else ""
        self._say(err, Painted(f"error[{error.code}]", "31"), f": {where}{error.title}")
        for row in error.message.split("\n") if error.message else ():
            self._say(err, f"  {row}")
        if isinstance(error, ConfigurationError):
            self._diagnostics(error.diagnostics, error.where)
        if error.hint:
            self._say(err, f"  hint: {with_pages(error.hint)}")
        self.result(error=error_document(error), ok=False)

    def _diagnostics(self, diagnostics: Sequence[Diagnostic], where: str) -> None:
        """Each problem as ``file:line:column: severity CODE message`` with its hint below."""
        for found in diagnostics:
            place = f"{where}:{found.span.start}" if where else str(found.span.start)
            level = Painted(found.severity.value, _SEVERITY[found.severity])
            self._say(self._err, f"{place}: ", level, f" {found.code} {found.message}")
            if found.hint:
                self._say(self._err, f"    hint: {with_pages(found.hint)}")
        if len(diagnostics) > 1:
            counts = Counter(found.severity for found in diagnostics)
            told = (plural(counts[level], level.value) for level in Severity if counts[level])
            self._say(self._err, ", ".join(told))

    def finish(self) -> OSError | None:
        """Flush both streams; what kept output from being written, other than a reader who left."""
        for stream in (self._out, self._err):
            self._attempt(stream, stream.flush)
        return self._lost

    def _say(self, stream: TextIO, *parts: Part) -> None:
        """Write one line."""
        self._write(stream, self._line(stream, parts))

    def _line(self, stream: TextIO, parts: Iterable[Part]) -> str:
        """One line, every part of it escaped, in colours where `stream` is a terminal with some."""
        colours = self._colour and (stream is self._out or self._forced or stream.isatty())
        if not colours:
            plain = "".join(printable(part if isinstance(part, str) else part.text) for part in parts)
            return f"{no_command(plain)}\n"
        shown = [Painted(part, "") if isinstance(part, str) else part for part in parts]
        text = "".join(
            f"\x1b[{each.colour}m{printable(each.text)}\x1b[0m" if each.colour else printable(each.text)
            for each in shown
        )
        return f"{no_command(text)}\n"

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


def _harmless(texts: Sequence[str]) -> str:
    """All lines as they are, where nothing in any has to be escaped: one look instead of thousands."""
    whole = " ".join(texts)
    # Some ten; what is harmless after a certain sign alone is not so here.
    signs = " ".join(set(_UNCOMMON.findall(whole)))
    if printable(signs) != signs or no_command(whole) != whole or "::" in whole:
        return ""
    return "\n".join((*texts, ""))


def divert(stream: TextIO) -> None:
    """Send what is still written to `stream` nowhere, and what its buffer holds."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def unwritable(lost: OSError) -> UsageError:
    """stdout refused what was written to it: a full disk, as a rule."""
    return UsageError(
        "the output could not be written",
        lost.strerror or str(lost),
        hint="the command itself ran to its end; make room, or send its output elsewhere",
    )


def _encoded(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
    except UnicodeEncodeError:  # a terminal in the C locale
        encoding = stream.encoding or "ascii"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))


def _json(document: Any) -> str:
    """`document` in ASCII, and half a surrogate pair (a byte of a file name) as U+FFFD: it is no text."""
    text = json.dumps(document, indent=2)
    return _ESCAPE.sub(lambda found: "\\ufffd" if found[1] else found[0], text) if "\\ud" in text else text


def _yaml(document: Any) -> str:
    """The same as YAML, in ASCII too; what a reader of YAML 1.1 or 1.2 takes for a number is in quotes."""
    import yaml

    class Dumper(yaml.SafeDumper):
        """Knows what YAML 1.2 alone takes for a number."""

    number = re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$|0o[0-7]+$")
    Dumper.add_implicit_resolver("tag:yaml.org,2002:float", number, list("-+0123456789"))
    plain = json.loads(_json(document))
    return str(yaml.dump(plain, Dumper=Dumper, sort_keys=False, width=1_000_000))


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
    """Whether colour is wanted: None to follow the terminal.

    Refused by `--no-color` and NO_COLOR before all, then forced by FORCE_COLOR and CLICOLOR_FORCE, refused by
    ``CLICOLOR=0`` and by a dumb terminal.
    """
    said = os.environ.get
    if no_color or said("NO_COLOR"):
        return False
    if any(said(name, "0") not in ("", "0") for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    return False if said("CLICOLOR") == "0" or said("TERM") == "dumb" else None
