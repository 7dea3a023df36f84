"""The bottom line: the keys that matter here. It never drops one silently."""

from __future__ import annotations

from rich.style import Style
from rich.text import Text
from textual.screen import Screen
from textual.widget import Widget

PINNED = ("help", "palette")
"""Actions that are always at the right end."""

MOST = 7


class KeyFooter(Widget):
    """At most seven keys of the place and the focused part, then help and the palette.

    Where some do not fit, ``+3`` says how many more the help screen lists.
    """

    COMPONENT_CLASSES = {"key-footer--key", "key-footer--disabled", "key-footer--off"}
    DEFAULT_CSS = """
    KeyFooter {
        height: 1; background: $background; color: $muted;
        .key-footer--key { color: $foreground; background: $raised; text-style: bold; }
        .key-footer--disabled { color: $faint; }
        .key-footer--off { color: $faint; background: $raised; }
        &:ansi .key-footer--key { text-style: bold; color: ansi_cyan; }
    }
    """

    _line: Text | None = None

    def on_mount(self) -> None:
        """Draw anew whenever focus or an action's state changes the keys."""
        self.auto_links = False
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_updated)

    def _bindings_updated(self, screen: Screen[object]) -> None:
        self.refresh()

    def render(self) -> Text:
        """The line; under a panel, which takes the keys, the one of before."""
        if self._line is None or self.app.screen is self.screen:
            self._line = self._compose_line()
        return self._line

    def _compose_line(self) -> Text:
        shown: dict[str, tuple[str, str, bool, str]] = {}
        pinned: dict[str, tuple[str, str, bool, str]] = {}
        for key, active in self.screen.active_bindings.items():
            binding = active.binding
            facts = (self.app.get_key_display(binding), binding.description, active.enabled, key)
            if binding.id in PINNED:
                pinned.setdefault(binding.id or key, facts)
            elif binding.show:
                shown.setdefault(binding.id or binding.action, facts)
        right = Text(no_wrap=True, end="")
        for name in PINNED:
            if name in pinned:
                right.append_text(self._entry(*pinned[name]))
        right.append(" ")
        room = self.size.width - right.cell_len
        left = Text(no_wrap=True, end="")
        entries = [self._entry(*facts) for facts in shown.values()]
        for index, entry in enumerate(entries):
            rest = len(entries) - index
            more = f" +{rest}"
            needed = entry.cell_len + (len(more) if rest > 1 else 0)
            if index >= MOST or left.cell_len + needed > room:
                left.append(more)
                break
            left.append_text(entry)
        left.pad_right(max(0, room - left.cell_len))
        return left.append_text(right)

    def _entry(self, key: str, title: str, enabled: bool, press: str) -> Text:
        click = Style(meta={"@click": f"app.simulate_key('{press}')"})
        cap, said = ("key", "") if enabled else ("off", "disabled")
        text = Text(" ", no_wrap=True, end="")
        text.append(f" {key} ", self.get_component_rich_style(f"key-footer--{cap}", partial=True) + click)
        style = self.get_component_rich_style(f"key-footer--{said}", partial=True) if said else Style()
        return text.append(f" {title}", style + click)
