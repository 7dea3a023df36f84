"""The line at the top: which places there are, and where you are."""

from __future__ import annotations

from rich.style import Style
from rich.text import Text
from textual.widget import Widget

from floe_tui.actions import Place


class PlaceTabs(Widget):
    """One line of the six places; a click goes there."""

    COMPONENT_CLASSES = {"place-tabs--current", "place-tabs--number"}
    DEFAULT_CSS = """
    PlaceTabs {
        height: 1; background: $panel; color: $foreground;
        .place-tabs--current { background: $primary; color: $background; text-style: bold; }
        .place-tabs--number { color: $primary; }
        &:ansi .place-tabs--current { color: ansi_black; background: ansi_white; text-style: bold; }
    }
    """

    def __init__(self, current: Place) -> None:
        super().__init__()
        self.auto_links = False
        self.current = current

    def render(self) -> Text:
        """The line."""
        current = self.get_component_rich_style("place-tabs--current", partial=True)
        number = self.get_component_rich_style("place-tabs--number", partial=True)
        text = Text(" floe ", no_wrap=True, overflow="crop", end="")
        for place in Place:
            click = Style(meta={"@click": f"app.go('{place.value}')"})
            if place is self.current:
                text.append(f" {place.number} {place.title} ", current + click)
            else:
                text.append(f" {place.number}", number + click)
                text.append(f" {place.title} ", click)
        return text
