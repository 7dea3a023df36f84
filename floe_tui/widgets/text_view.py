"""Text to read: a file of an artifact, the details of a row. Draws only the lines that are seen."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from floe_tui.actions import part_bindings
from floe_tui.text import shorten, visible
from floe_tui.widgets.marks import TONE_CLASSES, TONE_CSS, Toned, emptiness
from floe_tui.widgets.syntax import SYNTAX_CLASSES, SYNTAX_CSS, language_of, layered, spans

_LABEL = re.compile(r"([a-z][a-z /]{0,18}?)( {2,})(?=\S)")
_SIGN = re.compile(r"( *)([✓✗!▸→]|[-~+](?= ))( )")
SIGNS = {"✓": "success", "✗": "error", "!": "warning", "→": "muted", "▸": "strong", "-": "muted"}


class TextView(ScrollView, can_focus=True):
    """Lines, shown safely: as they are, in a language's colours, as a diff, or as facts.

    Of facts, a line that begins with ``# `` is a heading, a sign at its start has its state's tone, a word
    before two spaces is a label, and ``$ `` begins a command.
    """

    COMPONENT_CLASSES = {*TONE_CLASSES, *SYNTAX_CLASSES}
    DEFAULT_CSS = "TextView { height: 1fr; background: $background;" + TONE_CSS + SYNTAX_CSS + "}"
    BINDINGS = [*part_bindings("text")]

    def __init__(
        self,
        text: str = "",
        *,
        headings: bool = False,
        wrap: bool = False,
        language: str = "",
        empty: str = "",
        id: str | None = None,
    ) -> None:
        """`empty` stands where there is no text."""
        super().__init__(id=id)
        self.empty = empty
        self.facts = headings
        self.wrap = wrap
        self.language = language
        self._source = text
        self._lines: list[str] = []
        self._goes_on: frozenset[int] = frozenset()
        """Of facts, the lines that are the rest of a text with a label or a sign."""
        self._changes: list[tuple[str, str]] = []
        """Of a diff, each line's tone and language."""
        self.show(text)

    @property
    def text(self) -> str:
        """What is shown."""
        return self._source

    def show(self, text: str, *, keep_place: bool = False, language: str | None = None) -> None:
        """Show other text, from its top unless `keep_place`."""
        self._source = text
        if language is not None:
            self.language = language
        self._lay_out()
        if not keep_place:
            self.scroll_to(0, 0, animate=False)

    def on_resize(self) -> None:
        """Lines may have to break elsewhere."""
        if self.wrap:
            self._lay_out()

    def _lay_out(self) -> None:
        lines = [visible(line) for line in self._source.splitlines()]
        parts = self._broken(lines) if self.wrap else [[line] for line in lines]
        self._lines = lines = [part for some in parts for part in some]
        rest = [at > 0 and not some[0].startswith(" ") for some in parts for at in range(len(some))]
        self._goes_on = frozenset(at for at, continued in enumerate(rest) if continued)
        self._changes = list(changes(lines)) if self.language == "diff" else []
        width = 0 if self.wrap else max(map(len, lines), default=0)
        self.virtual_size = Size(width, max(1, len(lines)))
        self.refresh()

    def _broken(self, lines: list[str]) -> list[list[str]]:
        """Each line in parts that fit, also beside the scroll bar that they may need, shown or not yet."""
        region, bar = self.scrollable_content_region, self.styles.scrollbar_size_vertical
        width = region.width + (bar if self.show_vertical_scrollbar else 0)
        if width <= 10:
            return [[line] for line in lines]
        parts = [_broken(line, width) for line in lines]
        if sum(map(len, parts)) > region.height:
            parts = [_broken(line, width - bar) for line in lines]
        return parts

    def render_line(self, y: int) -> Strip:
        """One line."""
        index, width, base = y + self.scroll_offset.y, self.scrollable_content_region.width, self.rich_style
        if not self._lines:
            drawn = emptiness(self.empty, width, self.size.height)
            pieces = drawn[y] if y < len(drawn) else []
            segments = [Segment(text, base + self._tone(tone)) for text, tone in pieces]
            return Strip(segments).adjust_cell_length(width, base)
        if index >= len(self._lines):
            return Strip.blank(width, base)
        line = self._lines[index]
        if self.language == "diff":
            tone, language = self._changes[index]
            sign = 1 if language else len(line)  # what is no line of a file has its tone as a whole
            segments = [Segment(line[:sign], base + self._tone(tone))]
            base = base + Style(bgcolor=self._tone(tone).bgcolor)
            segments += self._coloured(line[sign:], language, base)
        elif self.language:
            segments = self._coloured(line, self.language, base)
        elif self.facts and index not in self._goes_on:
            segments = [Segment(text, base + self._tone(tone)) for text, tone in fact(line)]
        else:
            segments = [Segment(line, base)]
        return Strip(segments).crop(self.scroll_offset.x).adjust_cell_length(width, base)

    def _coloured(self, text: str, language: str, base: Style) -> list[Segment]:
        layers = [
            (start, end, self.get_component_rich_style(f"syntax--{name}", partial=True))
            for start, end, name in spans(language, text)
        ]
        return [
            Segment(text[left:right], style) for left, right, style in layered(0, len(text), base, layers)
        ]

    def _tone(self, tone: str) -> Style:
        return self.get_component_rich_style(f"tone--{tone}", partial=True) if tone else Style()

    def action_down(self) -> None:
        """A line down."""
        self.scroll_relative(y=1, animate=False)

    def action_up(self) -> None:
        """A line up."""
        self.scroll_relative(y=-1, animate=False)


def fact(line: str) -> list[Toned]:
    """A line of facts in its tones."""
    if line.startswith("# "):
        return [(line[2:], "strong")]
    if line.startswith("$ "):
        return [("$ ", "faint"), (line[2:], "strong")]
    if sign := _SIGN.match(line):
        return [
            (sign[1], ""),
            (sign[2], SIGNS.get(sign[2], "muted")),
            (sign[3], ""),
            (line[sign.end() :], ""),
        ]
    if label := _LABEL.match(line):
        return [(label[0], "muted"), (line[label.end() :], "")]
    return [(line, "muted" if line.startswith("    ") else "")]


def changes(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Of each line of a diff its tone, and the language of the file whose text it is; empty: it is no text.

    What goes away may look like a file's name, as ``-- a comment`` in SQL does behind its sign: names come in
    pairs.
    """
    language, named = "", False
    for line, after in zip_longest(lines, lines[1:], fillvalue=""):
        if named or (line.startswith("--- ") and after.startswith("+++ ")):
            named = not named
            language = language_of(line.partition("\t")[0].strip())
            yield "strong", ""
        elif line.startswith("@@"):
            yield "faint", ""
        else:
            yield {"+": "success-chip", "-": "error-chip"}.get(line[:1], ""), language


def _broken(line: str, width: int) -> list[str]:
    """A line in parts that fit. What follows stands under the text: behind a label, a sign, an indent.

    A name or a digest that is too long by itself loses its middle; only a command is broken inside a word.
    """
    if cell_len(line) <= width:
        return [line]
    head = _LABEL.match(line) or _SIGN.match(line)
    indent = len(line) - len(line.lstrip(" "))
    hang = head.end() if head and head.end() < width // 2 else indent + 2 if indent else 0
    if not line.startswith("$ "):
        most = width - hang
        start = line[: head.end()] if head else line[:indent]
        words = line[len(start) :].split(" ")
        line = start + " ".join(shorten(word, most) if len(word) > most else word for word in words)
    return textwrap.wrap(line, width, subsequent_indent=" " * hang, break_on_hyphens=False) or [""]
