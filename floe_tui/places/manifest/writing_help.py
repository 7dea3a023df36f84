"""Completion, hover docs and definitions of the manifest: what the engine knows, put beside the cursor.

It stands between the editor, which tells what is typed, the live check, which tells what the text
means, and what shows it. The boxes are fed from the check of exactly the text that is
on the screen; while that is on its way, an open list is narrowed by what is typed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from floe_engine import Position
from floe_tui.widgets.completion_popup import CompletionPopup
from floe_tui.widgets.hover_card import HoverCard
from floe_tui.widgets.manifest_editor import ManifestEditor

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.timer import Timer

    from floe_engine import Checked, Completion, Span
    from floe_tui.places.manifest.file import Definition
    from floe_tui.places.place import PlaceScreen

REST = 0.4
"""Seconds that the mouse rests over a key or value before it is explained."""

CHECKING = "the text is still being checked"


class WritingHelp:
    """Owned by the screen that edits."""

    def __init__(
        self, screen: PlaceScreen, editor: ManifestEditor, popup: CompletionPopup, card: HoverCard
    ) -> None:
        self._screen = screen
        self._editor = editor
        self._popup = popup
        self._card = card
        self._checked: Checked | None = None
        self._text = ""
        self._wanted = self._asked = False
        self._explained = (0, 0)
        self._pointed: Span | None = None
        """What the card that the mouse opened is about."""
        self._rest: Timer | None = None
        self._anywhere = False
        """Whether the open list holds what has the typed word anywhere in it: only where it was asked for."""
        editor.first_for_keys = self._press

    @property
    def checked(self) -> Checked | None:
        """What the text on the screen turned out to be; None while that is not known."""
        return self._checked if self._text == self._editor.text else None

    def found(self, text: str, checked: Checked) -> None:
        """The check of `text` is there."""
        self._text, self._checked = text, checked
        if self._wanted or self._popup.is_open:
            self._offer()

    def edited(self, *, typed: bool) -> None:
        """The text changed; a character that was typed asks for completion."""
        self._put_away()
        self._wanted = self._wanted or typed
        self._narrow()

    def moved(self) -> None:
        """The cursor moved; told late, so that it may be where the card was opened for."""
        if self._editor.cursor_location != self._explained:
            self._put_away()
        self._narrow()

    def complete(self) -> None:
        """The user asks for completion, whatever stands before the cursor."""
        self._wanted = self._asked = True
        if self.checked is not None:
            self._offer()

    def accept(self, offer: Completion) -> None:
        """Type an offer in place of the word at the cursor, as one step of undo."""
        line, column = self._editor.cursor_location
        text = self._editor.document.get_line(line)
        end = column
        while end < len(text) and (text[end].isalnum() or text[end] in "_-./"):
            end += 1
        self._wanted = offer.is_key  # a key is followed by its value
        self._editor.replace_once(offer.text, (line, offer.span.start.column), (line, end))

    def explain(self, say: Callable[[str], object]) -> None:
        """Show what the place at the cursor means, or `say` why not."""
        from floe_engine import hover  # the schema comes with it; nothing of it is needed to start

        line, column = self._editor.cursor_location
        checked = self.checked
        found = hover(checked, Position(line, column)) if checked is not None else None
        problems = self._editor.problems_at_cursor()
        if found is None and not problems:
            say(CHECKING if checked is None else "nothing is known of this place")
            return
        self._put_away()
        self._popup.close()
        self._explained = (line, column)
        self._card.explain(found.text if found else "", problems, self._editor.offset_of(line, column))

    def pointed(self, place: tuple[int, int] | None) -> None:
        """The mouse is over another place: put away what it left, and explain it when it rests."""
        if place is not None and self._pointed is not None and Position(*place) in self._pointed:
            return
        if self._rest is not None:
            self._rest.stop()
        if self._pointed is not None:
            self._put_away()
        if place is not None:
            self._rest = self._screen.set_timer(REST, lambda: self._explain_under_mouse(Position(*place)))

    def _explain_under_mouse(self, place: Position) -> None:
        checked = self.checked
        if checked is None or self._popup.is_open:
            return
        from floe_engine import hover

        found = hover(checked, place)
        meant = found is not None and place in found.span
        problems = self._editor.problems_at(place.line, place.column)
        if found is None or not meant:
            if not problems:
                return  # a brace or a comment
            self._pointed = problems[0].span
        else:
            self._pointed = found.span
        self._explained = self._editor.cursor_location
        start = self._pointed.start if self._pointed.start.line == place.line else place
        anchor = self._editor.offset_of(start.line, start.column)
        self._card.explain(found.text if found and meant else "", problems, anchor)

    def define(self, say: Callable[[str], object]) -> None:
        """Go to where the name or the inherited setting at the cursor is written, or `say` why not."""
        from floe_tui.places.manifest.file import find_definition

        checked = self.checked
        if checked is None:
            say(CHECKING)
            return
        position = Position(*self._editor.cursor_location)

        def done(found: Definition | None) -> None:
            if found is None:
                say("this is written nowhere else")
            elif not found.text:
                self._editor.go_to(found.span.start.line, found.span.start.column)
            else:
                from floe_tui.panels.source import SourcePanel

                self._screen.app.push_screen(SourcePanel(found.title, found.file, found.text, found.span))

        self._screen.job(
            lambda report, cancel: find_definition(checked, position),
            title="Looking for the definition",
            group="manifest.definition",
            done=done,
            timeout=20,
            quiet=True,
        )

    def close(self) -> None:
        """Close whatever is open."""
        self._wanted = self._asked = False
        self._popup.close()
        self._put_away()

    # --- parts -----------------------------------------------------------------------------

    def _press(self, key: str) -> bool:
        if self._card.is_open:
            self._put_away()
            return key == "escape"
        return self._popup.press(key)

    def _put_away(self) -> None:
        """Close the card, and let go of what the mouse rested over."""
        self._pointed = None
        if self._rest is not None:
            self._rest.stop()
            self._rest = None
        self._card.close()

    def _offer(self) -> None:
        checked, asked = self.checked, self._asked
        if checked is None:
            return  # the next check is on its way
        from floe_engine import complete

        self._wanted = self._asked = False
        line, column = self._editor.cursor_location
        offers = complete(checked, Position(line, column))
        if not self._popup.is_open:
            self._anywhere = asked
            if not asked and not self._is_worth_it(offers, column):
                offers = ()
        self._show(offers)

    def _narrow(self) -> None:
        """Keep of an open list what still fits; close it where the cursor left its word."""
        if not self._popup.is_open:
            return
        line, column = self._editor.cursor_location
        place = self._popup.offers[0].span.start
        self._show(self._popup.offers if line == place.line and column >= place.column else ())

    def _show(self, offers: Sequence[Completion]) -> None:
        """Of offers for the word at the cursor, show those that it fits."""
        line, column = self._editor.cursor_location
        start = offers[0].span.start.column if offers else column
        typed = self._editor.document.get_line(line)[start:column].strip().strip("\"'").lower()
        left = [
            offer
            for offer in offers
            if offer.label.lower().startswith(typed) or (self._anywhere and typed in offer.label.lower())
        ]
        if any(not offer.is_key and offer.label.lower() == typed for offer in left):
            left = []  # it is typed already, and Enter must end the line
        self._popup.offer(left, self._editor.offset_of(line, start))

    def _is_worth_it(self, offers: Sequence[Completion], column: int) -> bool:
        """Whether to open unasked: behind a word, or where a value or an item begins."""
        if not offers:
            return False
        line = self._editor.document.get_line(self._editor.cursor_location[0])
        start = offers[0].span.start.column
        before = line[:start].rstrip()
        return bool(line[start:column].strip()) or (line[:start] != before and before[-1:] in (*":-[{,",))
