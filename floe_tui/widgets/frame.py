"""A titled pane: the frame shows that the focus is somewhere inside, and what there is to count."""

from __future__ import annotations

from typing import Self

from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Region
from textual.widget import Widget

from floe_tui.text import fitted, visible
from floe_tui.widgets.marks import escaped

EDGES = 6
"""Cells of the upper edge that no name can have: corners, a rule and a rest on both sides."""

LEAST = 8
"""Cells of its name that a pane shows in any case."""


class Frame(Vertical):
    """The title stands at the left with its chips; at the lower right the position and the pane's keys."""

    DEFAULT_CSS = """
    Frame {
        border: round $frame; background: $background; height: 1fr; width: 1fr; padding: 0 1;
        border-title-color: $muted; border-subtitle-color: $faint;
        border-title-align: left; border-subtitle-align: right;
        &.-list { padding: 0; }
        &:focus-within {
            border: round $focus;
            border-title-color: $foreground; border-title-style: bold;
            border-subtitle-color: $muted;
        }
        &:ansi:focus-within { border: heavy $focus; }
    }
    """

    _line_alone = False

    def __init__(
        self, *children: Widget, title: str = "", id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(*children, id=id, classes=classes)
        self._said = ("", "")
        self._named: tuple[str, tuple[str, ...], str] | None = None
        self._note, self._position = "", ""
        self.border_title = escaped(title)

    def entitle(self, title: str, *chips: str, note: str = "") -> None:
        """Name the pane; `chips` and `note` (which is faint, and stands behind them) are markup and text."""
        self._named = (title, chips, note)
        rest = list(chips)
        if note:
            rest.append(f"[$faint]{escaped(note)}[/]")
        if title and self.outer_size.width:
            # Textual would break it inside a word, or lose the chips behind it.
            taken = sum(1 + Content.from_markup(part).cell_length for part in rest)
            title = fitted(visible(title), max(LEAST, self.outer_size.width - EDGES - taken))
        said = " ".join(part for part in (escaped(title), *rest) if part)
        if said != self._said[0]:
            self._said = (said, self._said[1])
            self.border_title = said

    def on_resize(self) -> None:
        """The name has another room."""
        if self._named is not None:
            title, chips, note = self._named
            self.entitle(title, *chips, note=note)

    def tell(self, *, position: str | None = None, note: str | None = None) -> None:
        """Say at the lower right where one is (``2 of 14``), and what else the pane has to say."""
        self._position = self._position if position is None else position
        self._note = self._note if note is None else note
        said = "  ".join(escaped(part) for part in (self._note, self._position) if part)
        if said != self._said[1]:
            self._said = (self._said[0], said)
            self._line_alone = True
            try:
                self.border_subtitle = said
            finally:
                self._line_alone = False

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> Self:
        """As Textual's. A position that changes with every key draws its own line anew, not the pane."""
        if self._line_alone and self.size.area:
            (width, height), inside = self.outer_size, self.content_offset
            regions = (Region(-inside.x, height - 1 - inside.y, width, 1),)
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)
