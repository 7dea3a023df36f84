"""The editor of manifest.yaml: colours, problems under the text and in the gutter, edits as one undo.

It draws diagnostics that it is given and applies edits that it is handed; it does not know how
either is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding
from textual.document._wrapped_document import WrappedDocument
from textual.geometry import Offset, Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widgets import TextArea
from textual.widgets.text_area import TextAreaTheme

from floe_engine import Diagnostic, Severity, TextEdit, printable
from floe_tui.themes import GLYPHS
from floe_tui.widgets.yaml_colours import NAMES, YamlColours

RANK = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}
"""The worst first."""


class _Measured(WrappedDocument):
    """Textual's, which counts all lines of the text for every row that it draws."""

    @property
    def height(self) -> int:
        return len(self._offset_to_line_info)


class ManifestEditor(TextArea):
    """A text area for YAML."""

    COMPONENT_CLASSES = TextArea.COMPONENT_CLASSES | {
        *(f"yaml--{name}" for name in NAMES),
        "problem--error",
        "problem--warning",
        "problem--info",
        "editor--found",
    }
    BINDINGS = [Binding("ctrl+a", "select_all", "Select all", show=False)]
    DEFAULT_CSS = """
    ManifestEditor {
        border: none; padding: 0; background: $background;
        &:focus { border: none; }
        .text-area--gutter { color: $faint; }
        .text-area--cursor-gutter { color: $foreground; background: $raised; text-style: bold; }
        .text-area--cursor-line { background: $raised; }
        .text-area--selection { background: $cursor; }
        .yaml--key { color: $syntax-key; }
        .yaml--string { color: $syntax-string; }
        .yaml--number { color: $syntax-number; }
        .yaml--reference { color: $syntax-word; }
        .yaml--comment { color: $faint; text-style: italic; }
        .problem--error { color: $error; text-style: bold; }
        .problem--warning { color: $warning; text-style: bold; }
        .problem--info { color: $muted; text-style: bold; }
        .editor--found { background: $warning-soft; color: $foreground; text-style: bold; }
        &:ansi .editor--found { text-style: reverse; }
    }
    """

    diagnostics: reactive[tuple[Diagnostic, ...]] = reactive((), init=False)
    """The problems to draw."""

    needle: reactive[str] = reactive("", init=False)
    """What is looked for: drawn wherever it stands."""

    revision: int = 0
    """Counts the changes of the text; what was found for another revision is stale."""

    @dataclass
    class Edited(Message):
        """The text changed; posted after `revision` rose. `typed`: by a character from the keyboard."""

        revision: int
        typed: bool = False

    @dataclass
    class Pointed(Message):
        """The mouse is over another place of the text, line and column; None: over none."""

        place: tuple[int, int] | None

    def __init__(
        self, text: str = "", *, soft_wrap: bool = False, read_only: bool = False, waiting: bool = False
    ) -> None:
        """`waiting`: the text comes later, by `begin`; what is typed until then is held back."""
        super().__init__(
            text,
            language=None,
            soft_wrap=soft_wrap,
            tab_behavior="indent",
            show_line_numbers=True,
            read_only=read_only,
        )
        self.indent_width = 2
        self.first_for_keys: Callable[[str], bool] | None = None
        """Asked before the editor takes a key, such as by a list that floats over it; True: it took it."""
        self._held: list[events.Key | events.Paste] | None = [] if waiting else None
        self._typed = False
        self._room = 0
        """Lines that were seen at once, when last its size changed."""
        self._pointed: tuple[int, int] | None = None
        self._colours = YamlColours()
        self._marks: dict[int, Severity] = {}
        self._by_line: dict[int, list[Diagnostic]] = {}

    # --- measuring -------------------------------------------------------------------------

    def _set_document(self, text: str, language: str | None) -> None:
        super()._set_document(text, language)
        self.wrapped_document.__class__ = _Measured

    def _refresh_size(self) -> None:
        # Textual's own lays the whole screen out when a line is longer than all others, or new; but what is
        # around the editor stays where it is, and a bar that comes or goes asks for that itself.
        if self.soft_wrap:
            super()._refresh_size()
            return
        width, height = self.document.get_size(self.indent_width)
        needed = width + self.gutter_width + 1  # the cursor may rest at the end of the line
        room = self.container_size.width - self.styles.scrollbar_size_vertical
        size = Size(max(needed, room), height)
        self.set_reactive(ManifestEditor.virtual_size, size)
        self._scroll_update(size)

    def on_resize(self, event: events.Resize) -> None:
        """With less room than before, the cursor stays in view if it was."""
        before, self._room = self._room, event.size.height
        line = self.wrapped_document.location_to_offset(self.cursor_location).y - self.scroll_offset.y
        if event.size.height <= line < before:
            self.call_after_refresh(self.scroll_cursor_visible)

    # --- drawing ---------------------------------------------------------------------------

    def on_mount(self) -> None:
        """Follow the app's theme."""
        self._follow_theme()
        self.app.theme_changed_signal.subscribe(self, lambda _: self._follow_theme())

    def _follow_theme(self) -> None:
        # Textual lays the cursor line's style over the text, colours included; ours has only a
        # background, so that the line under the cursor keeps its YAML colours.
        style = self.get_component_rich_style("text-area--cursor-line", partial=True)
        self.theme = "css"
        self.register_theme(TextAreaTheme("floe", cursor_line_style=Style(bgcolor=style.bgcolor)))
        self.theme = "floe"

    def get_line(self, line_index: int) -> Text:
        """The line with its colours and underlines; called for the lines that are seen."""
        source = self.document.get_line(line_index)
        # Same length as the source, so that columns stay columns: one sign a character.
        shown = source if printable(source) == source else "".join(map(_one_cell, source))
        line = Text(shown, end="", no_wrap=True)
        for start, end, name in self._colours.line(self.document.lines, line_index):
            line.stylize(self.get_component_rich_style(f"yaml--{name}", partial=True), start, end)
        for column in columns_of(source, self.needle) if self.needle else ():
            found = self.get_component_rich_style("editor--found", partial=True)
            line.stylize(found, column, column + len(self.needle))
        for diagnostic in self._by_line.get(line_index, ()):
            start, end = _columns(diagnostic, line_index, len(source))
            line.stylize(self._underline(diagnostic.severity), start, end)
        return line

    def _underline(self, severity: Severity) -> Style:
        style = self.get_component_rich_style(f"problem--{severity}", partial=True)
        return Style(color=style.color, underline=True, bold=severity is Severity.ERROR)

    def render_line(self, y: int) -> Strip:
        """The line with its gutter mark, in the two cells between number and text."""
        strip = super().render_line(y)
        if not self._marks:
            return strip
        row = self.wrapped_document.offset_to_location(Offset(0, y + self.scroll_offset.y))[0]
        severity = self._marks.get(row)
        if severity is None or y + self.scroll_offset.y >= self.wrapped_document.height:
            return strip
        width = self.gutter_width
        style = self.get_component_rich_style(f"problem--{severity}", partial=True)
        # The ground of the cells that the mark replaces: the cursor's line has another.
        ground = next((part.style.bgcolor for part in strip.crop(width - 2, width) if part.style), None)
        mark = Strip([Segment(f"{GLYPHS[severity]} ", style + Style(bgcolor=ground))], 2)
        return Strip.join([strip.crop(0, width - 2), mark, strip.crop(width)])

    def watch_needle(self) -> None:
        """Draw anew."""
        self._line_cache.clear()
        self.refresh()

    def watch_diagnostics(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        """Index the problems by line and draw anew."""
        self._marks, self._by_line = {}, {}
        for diagnostic in sorted(diagnostics, key=lambda item: -RANK[item.severity]):
            first, last = diagnostic.span.start.line, diagnostic.span.end.line
            self._marks[first] = diagnostic.severity
            # A problem of a whole block is shown at its first lines; more would only shout.
            for row in range(first, min(last, first + 20) + 1):
                self._by_line.setdefault(row, []).append(diagnostic)
        self._line_cache.clear()  # the styles are the same, and finding them takes longer than drawing
        self.refresh()

    # --- editing ---------------------------------------------------------------------------

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """Count the change."""
        event.stop()
        self.revision += 1
        self._colours.forget()
        self.post_message(self.Edited(self.revision, self._typed))
        self._typed = False

    def begin(self, text: str) -> None:
        """Show the text that was waited for, and then deliver what was typed meanwhile."""
        self.load_text(text)
        self.call_later(self._deliver)

    async def _deliver(self) -> None:
        held, self._held = self._held or [], None
        for event in held:
            again: events.Key | events.Paste
            if isinstance(event, events.Paste):
                again = events.Paste(event.text)
            else:
                again = events.Key(event.key, event.character)
            # Else the app, to which it bubbles, would hand it to the editor again.
            again._set_forwarded()  # noqa: SLF001  # there is no public one
            await self.on_event(again)

    def _holds(self, event: events.Key | events.Paste) -> bool:
        if self._held is None:
            return False
        self._held.append(event)
        event.stop()
        event.prevent_default()
        return True

    def _on_paste(self, event: events.Paste) -> None:  # type: ignore[override]  # Textual awaits either kind
        self._holds(event)  # Textual calls its own handler next, unless it was held

    def _on_key(self, event: events.Key) -> None:  # type: ignore[override]  # Textual awaits either kind
        if self._holds(event):
            return
        if self.first_for_keys is not None and self.first_for_keys(event.key):
            event.stop()
            event.prevent_default()
            return
        self._typed = event.is_printable and not self.read_only
        if event.key == "enter" and not self.read_only:
            event.stop()
            event.prevent_default()
            self._break_line()

    def _break_line(self) -> None:
        """Begin a line where this one begins, two further in behind a colon that opens a block."""
        start, end = sorted(self.selection)
        before = self.document.get_line(start[0])[: start[1]]
        indent = len(before) - len(before.lstrip(" "))
        deeper = 2 if before.rstrip().endswith(":") else 0
        self.replace("\n" + " " * (indent + deeper), start, end, maintain_selection_offset=False)

    def _build_highlight_map(self) -> None:
        # Textual's hook after every change of the document, here without a language to query:
        # what was coloured for the old text must not be drawn on the new one.
        if hasattr(self, "_colours"):
            self._colours.forget()
        super()._build_highlight_map()

    def apply(self, edits: Iterable[TextEdit]) -> None:
        """Apply edits that do not overlap, as one step of undo."""
        ordered = sorted(edits, key=lambda edit: edit.span.start)
        if not ordered:
            return
        first, last = ordered[0].span.start, ordered[-1].span.end
        pieces: list[str] = []
        at = (first.line, first.column)
        for edit in ordered:
            start, end = edit.span.start, edit.span.end
            pieces.append(self.get_text_range(at, (start.line, start.column)))
            pieces.append(edit.new_text)
            at = (end.line, end.column)
        self.replace_once("".join(pieces), (first.line, first.column), (last.line, last.column))

    def set_text(self, text: str) -> None:
        """Replace the text as one step of undo; lines that stay the same keep the cursor."""
        old, new = self.document.lines, text.split("\n")
        if self.document.newline != "\n":
            new = text.splitlines() + ([""] if text.endswith(("\n", "\r")) else [])
        top = 0
        while top < min(len(old), len(new)) and old[top] == new[top]:
            top += 1
        bottom = 0
        while bottom < min(len(old), len(new)) - top and old[-1 - bottom] == new[-1 - bottom]:
            bottom += 1
        if top == len(old) == len(new):
            return
        # Whole lines from `top` on; where nothing follows, the newline before them is part of it.
        middle = new[top : len(new) - bottom]
        if bottom:
            insert = "".join(f"{line}\n" for line in middle)
            self.replace_once(insert, (top, 0), (len(old) - bottom, 0))
        elif top:
            insert = "".join(f"\n{line}" for line in middle)
            self.replace_once(insert, (top - 1, len(old[top - 1])), self.document.end)
        else:
            self.replace_once("\n".join(middle), (0, 0), self.document.end)

    def replace_once(self, text: str, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Replace a range, as one step of undo; the cursor stands behind the new text."""
        self.history.checkpoint()
        self.replace(text, start, end, maintain_selection_offset=False)
        self.history.checkpoint()

    # --- pointing --------------------------------------------------------------------------

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Tell what the mouse is over, unless it drags."""
        self._point(None if event.button else self._place_under(event))

    def on_leave(self) -> None:
        """Over nothing here."""
        self._point(None)

    def on_mouse_down(self) -> None:
        """A click is not a rest."""
        self._point(None)

    def on_mouse_scroll_down(self) -> None:
        """The text moved away."""
        self._point(None)

    def on_mouse_scroll_up(self) -> None:
        """The text moved away."""
        self._point(None)

    def _point(self, place: tuple[int, int] | None) -> None:
        if place != self._pointed:
            self._pointed = place
            self.post_message(self.Pointed(place))

    def _place_under(self, event: events.MouseMove) -> tuple[int, int] | None:
        """None in the gutter, behind the end of a line or of the text, and on space."""
        if event.x < self.gutter_width or event.y + self.scroll_offset.y >= self.wrapped_document.height:
            return None
        row, column = self.get_target_document_location(event)
        line = self.document.get_line(row)
        return (row, column) if line[column : column + 1].strip() else None

    # --- finding ---------------------------------------------------------------------------

    def go_to(self, line: int, column: int = 0, *, end: tuple[int, int] | None = None) -> None:
        """Put the cursor at a zero-based place, in the middle of the view; select up to `end`."""
        target = self.clamp_visitable((line, column))
        self.move_cursor(target, center=True)
        if end is not None:
            self.move_cursor(self.clamp_visitable(end), select=True)

    def matches(self, needle: str) -> list[tuple[int, int]]:
        """Where `needle` stands, line and column; case matters only where it has a capital."""
        if not needle:
            return []
        lines = enumerate(self.document.lines)
        return [(row, column) for row, line in lines for column in columns_of(line, needle)]

    def scroll_cursor_visible(self, center: bool = False, animate: bool = False) -> Offset:
        """Bring the cursor into view."""
        # Textual wants it in the middle of an undo too, where the cursor may be behind what is left of the
        # text: that would end the app. The undo moves the cursor next, and then it is brought into view.
        if self.cursor_location[0] >= self.document.line_count:
            return Offset()
        return super().scroll_cursor_visible(center, animate)

    def offset_of(self, line: int, column: int) -> Offset:
        """Where a place of the text is drawn on the screen."""
        x, y = self.wrapped_document.location_to_offset((line, column))
        left, top, *_ = self.content_region
        return Offset(left + self.gutter_width + x - self.scroll_offset.x, top + y - self.scroll_offset.y)

    def problems_at_cursor(self) -> Sequence[Diagnostic]:
        """The problems whose span holds the cursor, else those of its line; worst first."""
        row, column = self.cursor_location
        return self.problems_at(row, column) or self._problems_of(row)

    def problems_at(self, row: int, column: int) -> Sequence[Diagnostic]:
        """The problems whose span holds a place, or ends at it; worst first."""
        spans = ((item, _columns(item, row, 10**9)) for item in self._problems_of(row))
        return [item for item, (start, end) in spans if start <= column <= end]

    def _problems_of(self, row: int) -> Sequence[Diagnostic]:
        return sorted(self._by_line.get(row, ()), key=lambda item: RANK[item.severity])


def columns_of(line: str, needle: str) -> list[int]:
    """Where `needle`, which is not empty, begins in a line; case matters only where it has a capital."""
    if needle == needle.lower():
        # `lower` may change a line's length; columns would be wrong, so such lines are exact.
        lowered = line.lower()
        line = lowered if len(lowered) == len(line) else line
    found = []
    at = line.find(needle)
    while at >= 0:
        found.append(at)
        at = line.find(needle, at + len(needle))
    return found


def _columns(diagnostic: Diagnostic, row: int, length: int) -> tuple[int, int]:
    """The part of a diagnostic's span on one line; at least one character wide."""
    span = diagnostic.span
    start = span.start.column if row == span.start.line else 0
    end = span.end.column if row == span.end.line else length
    return (start, end) if end > start else (max(0, min(start, length - 1)), start + 1)


def _one_cell(character: str) -> str:
    """A sign as wide as the character: a picture of a control, and U+FFFD for what cannot be seen."""
    if character == "\t" or printable(character) == character:
        return character
    return chr(0x2400 + ord(character)) if character < " " else "\ufffd"
