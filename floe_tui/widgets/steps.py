"""The events of a workflow as they come: headings, stages, finished steps, and bytes on their way.

A bar is drawn only where its end is known; nothing here turns or blinks.
"""

from __future__ import annotations

from collections.abc import Iterator

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from floe_engine import Event, Heading, Notice, Stage, Step, Transfer, human_size
from floe_tui.text import homely, visible
from floe_tui.themes import GLYPHS
from floe_tui.widgets.marks import TONE_CLASSES, TONE_CSS
from floe_tui.widgets.row_view import Tone
from floe_tui.widgets.wrapping import broken, hanging

BAR = 20

_TONES: dict[str, Tone] = {"done": "success", "failed": "error", "warned": "warning", "skipped": "dim"}


class Steps(ScrollView, can_focus=True):
    """A growing log of one run."""

    COMPONENT_CLASSES = {*TONE_CLASSES}
    DEFAULT_CSS = "Steps { height: 1fr; background: $background;" + TONE_CSS + "}"

    def __init__(self, *, empty: str = "", id: str | None = None) -> None:
        super().__init__(id=id)
        self.empty = empty
        self._lines: list[tuple[str, str, str]] = []
        self._transfers: dict[str, Transfer] = {}
        self._drawn: list[tuple[str, str, str]] = []

    @property
    def lines(self) -> tuple[str, ...]:
        """What is shown, as text."""
        return tuple(f"{sign}{text}" for sign, text, _ in self._all())

    def clear(self) -> None:
        """Begin anew."""
        self._lines.clear()
        self._transfers.clear()
        self._grow()

    def add(self, event: Event) -> None:
        """Show one event."""
        if isinstance(event, Heading):
            self._blank()
            self._lines.append(("", visible(homely(event.text)), "title"))
        elif isinstance(event, Stage):
            self._blank()
            self._lines.append(("", f"[{event.number}/{event.total}] {visible(event.title)}", "title"))
        elif isinstance(event, Step):
            detail = f" ({event.detail})" if event.detail else ""
            self._line(GLYPHS[event.outcome], f"{event.text}{detail}", _TONES[event.outcome])
        elif isinstance(event, Notice):
            self._line(GLYPHS["warned"], event.message, "warning")
            if event.hint:
                self._line("→", event.hint, "info")
        elif isinstance(event, Transfer):
            if event.total and event.done >= event.total:
                self._transfers.pop(event.name, None)
            else:
                self._transfers[event.name] = event
        self._grow()

    def say(self, text: str, *, sign: str = "", tone: str = "title") -> None:
        """Add a line of the screen's own, such as the result."""
        for part in text.splitlines():
            self._lines.append((f"{sign} " if sign else "", visible(part), tone))
        self._grow()

    def _blank(self) -> None:
        if self._lines:
            self._lines.append(("", "", "dim"))

    def _line(self, sign: str, text: str, tone: str) -> None:
        for index, part in enumerate(text.splitlines() or [""]):
            self._lines.append((f"  {sign if index == 0 else ' '} ", visible(homely(part)), tone))

    def _all(self) -> list[tuple[str, str, str]]:
        return self._lines + [_bar(transfer) for transfer in self._transfers.values()]

    def on_resize(self) -> None:
        """Lines may have to break elsewhere."""
        self._grow()

    def _grow(self) -> None:
        self._drawn = list(self._broken())
        self.virtual_size = Size(0, max(1, len(self._drawn)))
        self.scroll_end(animate=False)
        self.refresh()

    def _broken(self) -> Iterator[tuple[str, str, str]]:
        """The lines in parts that fit beside a scroll bar, so that a command is seen whole."""
        room = self.size.width - self.styles.scrollbar_size_vertical
        for sign, text, tone in self._all():
            cells = max(10, room - cell_len(sign))
            for start, end in broken(text, cells):
                indent = " " * (hanging(text, cells) + cell_len(sign)) if start else sign
                yield indent, text[start:end], tone

    def render_line(self, y: int) -> Strip:
        """One line; the sign has the tone, the words stay readable."""
        width, base = self.scrollable_content_region.width, self.rich_style
        index = y + self.scroll_offset.y
        if not self._drawn and index == 0:
            return Strip([Segment(set_cell_size(self.empty, width), base)], width)
        if index >= len(self._drawn):
            return Strip.blank(width, base)
        sign, text, tone = self._drawn[index]
        known = {"title": "strong", "info": "muted", "dim": "muted"}.get(tone, tone)
        style = base + (self.get_component_rich_style(f"tone--{known}", partial=True) if known else Style())
        words = style if tone in ("title", "dim", "info", "error") else base
        return Strip([Segment(sign, style), Segment(text, words)]).adjust_cell_length(width, base)


def _bar(transfer: Transfer) -> tuple[str, str, str]:
    name = visible(transfer.name)
    if not transfer.total:
        return ("  … ", f"{name}  {human_size(transfer.done)}", "info")
    part = min(1.0, transfer.done / transfer.total)
    full = round(part * BAR)
    sizes = f"{human_size(transfer.done)} of {human_size(transfer.total)}"
    return ("  … ", f"{name}  {'━' * full}{'─' * (BAR - full)} {part:>4.0%}  {sizes}", "info")
