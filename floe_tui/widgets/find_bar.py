"""Find and replace, under an editor."""

from __future__ import annotations

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input, Label

from floe_tui.text import count
from floe_tui.widgets.field import Field
from floe_tui.widgets.manifest_editor import ManifestEditor

REPLACE_ALL = "ctrl+e"
"""The key that asks whether to replace every match."""


class FindBar(Horizontal):
    """Two fields. Enter finds the next (in the second: replaces), Up the previous, Ctrl+E replaces all."""

    DEFAULT_CSS = """
    FindBar {
        height: 1; display: none; background: $background;
        &.-open { display: block; }
        Label { width: auto; padding: 0 1; }
        Input { width: 1fr; }
        #count { width: 14; color: $muted; }
        #all { color: $muted; }
    }
    """

    def __init__(self, editor: ManifestEditor) -> None:
        super().__init__()
        self.editor = editor

    def compose(self) -> ComposeResult:
        """The fields and the count."""
        yield Label("Find")
        yield Field(id="needle", compact=True, select_on_focus=True)
        yield Label("Replace by")
        yield Field(id="replacement", compact=True)
        yield Label("", id="count", markup=False)
        yield Label("^e all", id="all", markup=False)

    @property
    def needle(self) -> str:
        """What is looked for."""
        return self.query_one("#needle", Input).value

    def open(self) -> None:
        """Show the bar, with the editor's selection as what to find."""
        self.add_class("-open")
        field = self.query_one("#needle", Input)
        selected = self.editor.selected_text
        if selected and "\n" not in selected:
            field.value = selected
        # At once, not after the next refresh: what is typed right after belongs to the field already.
        self.screen.set_focus(field)
        self._count()

    def close(self) -> None:
        """Hide the bar and go back to the text."""
        self.remove_class("-open")
        self.editor.needle = ""
        self.screen.set_focus(self.editor)

    def find(self, step: int = 1) -> bool:
        """Select the next match after the cursor (-1: the previous one before it), around the end."""
        found = self.editor.matches(self.needle)
        if not found:
            self._count()
            return False
        start = min(self.editor.selection)
        here = found.index(start) if start in found and self.editor.selected_text else None
        if here is not None:
            index = (here + step) % len(found)
        elif step > 0:
            index = next((at for at, place in enumerate(found) if place >= start), 0)
        else:
            index = next((at for at in reversed(range(len(found))) if found[at] < start), len(found) - 1)
        row, column = found[index]
        self.editor.go_to(row, column, end=(row, column + len(self.needle)))
        self._count(index + 1, len(found))
        return True

    def replace(self) -> None:
        """Replace the selected match and find the next."""
        selection = min(self.editor.selection), max(self.editor.selection)
        if self.editor.selected_text and selection[0] in self.editor.matches(self.needle):
            self.editor.replace(self.query_one("#replacement", Input).value, *selection)
        self.find()

    def replace_all(self) -> int:
        """Replace every match as one step of undo; says how many."""
        replacement = self.query_one("#replacement", Input).value
        found = self.editor.matches(self.needle)
        lines = list(self.editor.document.lines)
        for row, column in reversed(found):
            lines[row] = lines[row][:column] + replacement + lines[row][column + len(self.needle) :]
        self.editor.set_text("\n".join(lines))
        self.query_one("#count", Label).update(f"{len(found)} replaced")
        return len(found)

    @on(Input.Changed, "#needle")
    def _count_again(self) -> None:
        self._count()

    @on(Input.Submitted, "#needle")
    def _next(self) -> None:
        self.find()

    @on(Input.Submitted, "#replacement")
    def _replace(self) -> None:
        self.replace()

    def on_key(self, event: events.Key) -> None:
        """Escape, Up, Down, and the key that replaces everything."""
        if event.key == "escape":
            self.close()
        elif event.key in ("up", "down"):
            self.find(-1 if event.key == "up" else 1)
        elif event.key == REPLACE_ALL:
            self.ask_replace_all()
        else:
            return
        event.stop()
        event.prevent_default()

    def ask_replace_all(self) -> None:
        """Say how many there are and by what they would be replaced, and do it when that is confirmed."""
        from floe_tui.panels.confirm import ConfirmPanel

        number = len(self.editor.matches(self.needle))
        if not number:
            return
        by = self.query_one("#replacement", Input).value
        facts = [("each", self.needle), ("becomes", by or "nothing: it is taken out")]
        panel = ConfirmPanel(f"Replace {count(number, 'match')}?", facts, verb="Replace", key="y")

        def answered(sure: bool | None) -> None:
            if sure:
                self.replace_all()

        self.app.push_screen(panel, answered)

    @on(events.Click, "#all")
    def _clicked(self) -> None:
        self.ask_replace_all()

    def _count(self, index: int = 0, total: int | None = None) -> None:
        self.editor.needle = self.needle
        number = len(self.editor.matches(self.needle)) if total is None else total
        text = f"{index} of {number}" if index else f"{number} found"
        self.query_one("#count", Label).update(text if self.needle else "")
