"""The places and what each has to count, and a rule below that marks the one that is up."""

from __future__ import annotations

from collections.abc import Mapping

from rich.style import Style
from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from floe_tui.actions import SIX, Place
from floe_tui.widgets.marks import TONE_CLASSES, TONE_CSS, Toned


class PlaceTabs(Widget):
    """Two lines, or one where the terminal is short; a click goes to a place."""

    COMPONENT_CLASSES = {*TONE_CLASSES, "place-tabs--current"}
    DEFAULT_CSS = (
        """
    PlaceTabs {
        height: 2; background: $background; color: $foreground;
        .place-tabs--current { color: $foreground; text-style: bold; }
        &:ansi .place-tabs--current { text-style: bold reverse; }
    """
        + TONE_CSS
        + "}"
    )

    counts: reactive[Mapping[Place, Toned]] = reactive(dict)

    def __init__(self, current: Place | None) -> None:
        super().__init__()
        self.auto_links = False
        self.current = current

    def render(self) -> Text:
        """The lines. What does not fit goes in turn: other places' counts, then their names."""
        width = self.size.width
        places = SIX if self.current is not Place.START else (Place.START, *SIX)
        for names, counts in ((True, True), (True, False), (False, False)):
            tabs = [self._tab(place, names=names, counts=counts) for place in places]
            if sum(tab.cell_len for tab in tabs) <= width:
                break
        line, rule = Text(no_wrap=True, end="", overflow="crop"), Text(no_wrap=True, end="")
        for place, tab in zip(places, tabs, strict=True):
            line.append_text(tab)
            here = place is self.current
            rule.append(("━" if here else "─") * tab.cell_len, self._tone("focus" if here else "frame"))
        rule.append("─" * max(0, width - rule.cell_len), self._tone("frame"))
        line.pad_right(max(0, width - line.cell_len))
        return line if self.size.height < 2 else Text("\n").join([line, rule])

    def _tab(self, place: Place, *, names: bool, counts: bool) -> Text:
        here = place is self.current
        click = Style(meta={"@click": f"app.go('{place.value}')"})
        text = Text(no_wrap=True, end="")
        text.append(f" {place.number}", self._tone("faint") + click)
        if names or here:
            name = (
                self.get_component_rich_style("place-tabs--current", partial=True)
                if here
                else self._tone("muted")
            )
            text.append(f" {place.title}", name + click)
        said, tone = self.counts.get(place, ("", ""))
        if said and (counts or here):
            text.append(f" {said}", self._tone(tone) + click)
        text.append(" ", click)
        return text

    def _tone(self, tone: str) -> Style:
        return self.get_component_rich_style(f"tone--{tone}", partial=True) if tone else Style()
