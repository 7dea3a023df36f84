"""The edited file's life: read, kept against a crash, saved, read again.

It stands between the editor, whose text it is, and the disk. Nobody's change and no crash loses text.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from floe_engine import FloeError
from floe_tui.places.manifest import file as manifest_file
from floe_tui.session import text_digest

if TYPE_CHECKING:
    from textual.timer import Timer

    from floe_tui.places.manifest.file import Opened
    from floe_tui.places.place import PlaceScreen
    from floe_tui.widgets.manifest_editor import ManifestEditor

REST = 2.0
"""Seconds of rest after which unsaved text is kept in the swap file."""


class Safekeeping:
    """Owned by the screen that edits `file`; `say` shows a word in its status line."""

    def __init__(
        self, screen: PlaceScreen, editor: ManifestEditor, file: Path, say: Callable[[str], object]
    ) -> None:
        self._screen = screen
        self._editor = editor
        self._file = file
        self._say = say
        self._saved = text_digest("")
        self._rest: Timer | None = None
        self.why_not = f"{file.name} is still being read"
        """Why nothing can be done with the text; empty: it is there."""

    @property
    def changed(self) -> bool:
        """Whether the text is another than the file's."""
        return not self.why_not and text_digest(self._editor.text) != self._saved

    # --- reading ---------------------------------------------------------------------------

    def open(self, done: Callable[[], object]) -> None:
        """Read the file: before the first paint where it is short, else off the event loop."""
        if not manifest_file.is_short(self._file):
            self._read(partial(self._opened, done))
            return
        try:
            self._opened(done, manifest_file.open_file(self._file))
        except FloeError as error:
            self._unread(error)

    def reload(self, done: Callable[[], object]) -> None:
        """Take the file's text; one step of undo brings the edited text back."""

        def read(opened: Opened) -> None:
            if self.why_not:
                self._opened(done, opened)
                return
            self._editor.set_text(opened.text)
            self._saved = text_digest(self._editor.text)
            done()

        self._read(read)

    def _read(self, done: Callable[[Opened], object]) -> None:
        file = self._file
        self._screen.job(
            lambda report, cancel: manifest_file.open_file(file),
            title=f"Reading {file.name}",
            group="manifest.read",
            done=done,
            failed=self._unread,
            timeout=20,
            quiet=True,
        )

    def _unread(self, error: FloeError) -> None:
        if self.why_not:
            self.why_not = f"{self._file.name} could not be read"
        self._screen.workbench.show_problem(error)

    def _opened(self, done: Callable[[], object], opened: Opened) -> None:
        self._editor.begin(opened.text)
        self._saved = text_digest(self._editor.text)
        self.why_not = ""
        if self._editor.text != opened.text:
            self._screen.notify(
                "The file mixes line endings; saving will make them all the same.", markup=False
            )
        if opened.kept is not None:
            # Not at once: keys that are on their way are for the text.
            offer = partial(self._offer_recovery, opened.kept, opened.kept_is_older)
            self._screen.app.call_later(self._screen.workbench.typed_ahead.afterwards, offer)
        done()

    def _offer_recovery(self, kept: str, older: bool) -> None:
        if self._screen.workbench.options.read_only:
            text = "Unsaved text of an earlier run is kept; without --read-only it is offered."
            self._screen.notify(text, markup=False)
            return
        from floe_tui.panels.confirm import ConfirmPanel

        facts = [("kept", f"{len(kept.splitlines())} lines that were never saved")]
        if older:
            facts.append(("note", "the file was also changed on disk since"))

        def answer(recover: bool | None) -> None:
            text, cursor = self._editor.text, self._editor.cursor_location
            self._editor.set_text(kept)
            if not recover:
                self._editor.set_text(text)
                self._editor.move_cursor(cursor)
                self._screen.notify(
                    "Not recovered. Undo brings it back, for as long as floe runs.", markup=False
                )

        panel = ConfirmPanel(f"Recover unsaved text of {self._file.name}?", facts, verb="Recover", key="r")
        self._screen.app.push_screen(panel, answer)

    # --- keeping ---------------------------------------------------------------------------

    def keep_later(self) -> None:
        """Keep the text after a rest."""
        if self._rest is not None:
            self._rest.stop()
        self._rest = self._screen.set_timer(REST, self._keep)

    def keep_now(self) -> None:
        """Keep the text at once, and wait for it: the process ends."""
        if not self.why_not and not self._screen.workbench.options.read_only:
            with suppress(FloeError):  # the disk refuses, and there is nobody left to tell
                manifest_file.keep(self._file, self._editor.text, self._saved)

    def _keep(self) -> None:
        if self._screen.workbench.options.read_only:
            return
        file, text, base = self._file, self._editor.text, self._saved
        self._screen.job(
            lambda report, cancel: manifest_file.keep(file, text, base),
            title="Keeping unsaved text",
            group="manifest.swap",
            done=lambda _: None,
            failed=lambda error: self._say(f"unsaved text is not kept: {error.title}"),
            timeout=20,
            quiet=True,
        )

    # --- saving ----------------------------------------------------------------------------

    def save(self, done: Callable[[], object]) -> None:
        """Write the file, unless somebody else changed it meanwhile: then ask."""
        self._save(self._saved, done)

    def _save(self, expected: str | None, done: Callable[[], object]) -> None:
        file, text = self._file, self._editor.text

        def written(was: bool) -> None:
            if not was:
                self._ask_overwrite(done)
                return
            self._saved = text_digest(text)
            done()

        self._screen.job(
            lambda report, cancel: manifest_file.save_file(file, text, expected),
            title=f"Saving {file.name}",
            group="manifest.save",
            done=written,
            timeout=20,
            quiet=True,
        )

    def _ask_overwrite(self, done: Callable[[], object]) -> None:
        from floe_tui.panels.confirm import ConfirmPanel

        facts = [("file", self._file.name), ("note", "it was changed on disk since it was read here")]
        panel = ConfirmPanel("Replace what somebody else wrote?", facts, verb="Replace", key="o")

        def answer(sure: Any) -> None:
            if sure:
                self._save(None, done)

        self._screen.app.push_screen(panel, answer)
