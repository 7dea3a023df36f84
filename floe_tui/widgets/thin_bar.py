"""A scroll bar half a cell wide, on no track."""

from __future__ import annotations

from typing import Any

from rich.segment import Segment, Segments
from rich.style import Style
from textual.scrollbar import ScrollBarRender


class ThinBar(ScrollBarRender):
    """Textual's own, whose meta takes the mouse, with the thumb's blocks replaced."""

    @classmethod
    def render_bar(cls, *arguments: Any, **named: Any) -> Segments:
        """The bar as segments."""
        drawn = super().render_bar(*arguments, **named).segments
        style = Style(color=named["bar_color"], bgcolor=named["back_color"])
        sign = "▐" if named["vertical"] else "▁"
        thumb = {"@mouse.down": "grab"}
        return Segments(
            [
                Segment(sign * len(text), style + Style(meta=thumb))
                if look is not None and look.meta.get("@mouse.down") == "grab"
                else Segment(text, look)
                for text, look, _ in drawn
            ],
            new_lines=named["vertical"],
        )
