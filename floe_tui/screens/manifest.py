"""Manifest: edit manifest.yaml, see what is wrong while typing, save it safely."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from floe_engine import CancelToken, Diagnostic, FloeError, Report, read_bounded, write_atomic
from floe_tui.actions import Place, bindings
from floe_tui.messages import StatusChanged
from floe_tui.screens.place import PlaceScreen
from floe_tui.session import Swap, text_digest
from floe_tui.widgets.find_bar import FindBar
from floe_tui.widgets.manifest_editor import ManifestEditor
from floe_tui.widgets.problems import Problems

FILE = "manifest.yaml"
LIMIT = 16_000_000
SWAP_DELAY = 2.0
"""Seconds of rest after which unsaved text is kept in the swap file."""


class ManifestScreen(PlaceScreen):
    """The first place."""

    place = Place.MANIFEST
    about = (
        "Edit manifest.yaml. Problems are underlined, marked in the gutter and listed below; "
        "what is not yet saved is kept and offered again after a crash. "
        "Tab indents in the editor, Escape leaves it."
    )
    BINDINGS = [*bindings(Place.MANIFEST)]
    CSS_PATH = "manifest.tcss"

    def __init__(self) -> None:
        super().__init__()
        self._saved = text_digest("")
        self._loaded = False

    # --- composing -------------------------------------------------------------------------

    def compose_body(self) -> ComposeResult:
        """Editor and problems at the left, what comes of it at the right."""
        editor = ManifestEditor(
            soft_wrap=self.workbench.settings.soft_wrap, read_only=self.workbench.options.read_only
        )
        with Horizontal(id="body"), Vertical(id="text", classes="pane"):
            yield editor
            yield FindBar(editor)
            yield Problems()

    def on_mount(self) -> None:
        """Read the file off the event loop."""
        super().on_mount()
        self.editor.focus()
        self._read(self._opened)

    @property
    def editor(self) -> ManifestEditor:
        """The text."""
        return self.query_one(ManifestEditor)

    @property
    def file(self) -> Path:
        """The file that is edited."""
        return self.workbench.options.directory / FILE

    @property
    def dirty(self) -> bool:
        """Whether the text differs from what was read or saved."""
        return self._loaded and text_digest(self.editor.text) != self._saved

    # --- opening ---------------------------------------------------------------------------

    def _read(self, done: Any) -> None:
        file = self.file

        def work(report: Report, cancel: CancelToken) -> tuple[str, tuple[str, str] | None]:
            swap = Swap(file).read()
            if not file.exists():
                return "", swap
            return _decode(read_bounded(file, LIMIT, what="manifest")), swap

        self.workbench.jobs.start(
            self,
            work,
            title="Reading manifest.yaml",
            group="manifest.read",
            done=done,
            timeout=20,
            quiet=True,
        )

    def _opened(self, read: tuple[str, tuple[str, str] | None]) -> None:
        text, swap = read
        self.editor.load_text(text)
        self._saved = text_digest(self.editor.text)
        self._loaded = True
        cursor = self.workbench.remembered(Place.MANIFEST).get("cursor")
        if isinstance(cursor, list) and len(cursor) == 2 and all(isinstance(part, int) for part in cursor):
            self.editor.go_to(*cursor)
        if self.editor.text != text:
            self.notify("The file mixes line endings; saving will make them all the same.", markup=False)
        if swap is not None and swap[0] != text:
            self._offer_recovery(swap[0], changed=swap[1] != text_digest(text))
        self._say()

    def _offer_recovery(self, kept: str, *, changed: bool) -> None:
        from floe_tui.screens.confirm import ConfirmPanel

        facts = [("kept", f"{len(kept.splitlines())} lines that were never saved")]
        if changed:
            facts.append(("note", "the file was also changed on disk since"))

        def answer(recover: bool | None) -> None:
            if recover:
                self.editor.set_text(kept)
            else:
                Swap(self.file).discard()

        panel = ConfirmPanel("Recover unsaved text of manifest.yaml?", facts, verb="Recover", key="r")
        self.app.push_screen(panel, answer)

    # --- editing ---------------------------------------------------------------------------

    def on_manifest_editor_edited(self, event: ManifestEditor.Edited) -> None:
        """Keep the text safe after a moment of rest."""
        if not self._loaded:
            return
        self._keep_later()

    def _keep_later(self) -> None:
        revision = self.editor.revision

        def keep() -> None:
            if self.editor.revision == revision:
                self._keep()

        self.set_timer(SWAP_DELAY, keep)

    def _keep(self) -> None:
        text, swap, base = self.editor.text, Swap(self.file), self._saved
        if self.workbench.options.read_only:
            return

        def work(report: Report, cancel: CancelToken) -> None:
            if text_digest(text) == base:
                swap.discard()
            else:
                swap.write(text, base)

        self.workbench.jobs.start(
            self,
            work,
            title="Keeping unsaved text",
            group="manifest.swap",
            done=lambda _: self._say(),
            failed=lambda error: self._say(f"unsaved text is not kept: {error.title}"),
            timeout=20,
            quiet=True,
        )

    def on_text_area_selection_changed(self) -> None:
        """Say where the cursor is."""
        self._say()

    def _say(self, text: str = "") -> None:
        row, column = self.editor.cursor_location
        dot = "● " if self.dirty else ""
        self.post_message(StatusChanged(f"{dot}{FILE}  {row + 1}:{column + 1}  {text}".rstrip()))

    # --- actions ---------------------------------------------------------------------------

    def action_save(self) -> None:
        """Write the file, unless somebody else changed it meanwhile."""
        self._save(self._saved)

    def _save(self, expected: str | None) -> None:
        text, file = self.editor.text, self.file

        def work(report: Report, cancel: CancelToken) -> bool:
            if expected is not None and file.exists():
                found = text_digest(_decode(read_bounded(file, LIMIT, what="manifest")))
                if found not in (expected, text_digest(text)):
                    return False
            write_atomic(file, text.encode("utf-8", "surrogatepass"))
            Swap(file).discard()
            return True

        def done(written: bool) -> None:
            if written:
                self._saved = text_digest(text)
                self._say("saved")
            else:
                self._ask_overwrite()

        self.workbench.jobs.start(
            self, work, title="Saving manifest.yaml", group="manifest.save", done=done, timeout=20
        )

    def _ask_overwrite(self) -> None:
        from floe_tui.screens.confirm import ConfirmPanel

        facts = [("file", FILE), ("note", "it was changed on disk since it was read here")]
        panel = ConfirmPanel("Replace what somebody else wrote?", facts, verb="Replace", key="o")
        self.app.push_screen(panel, lambda sure: self._save(None) if sure else None)

    def action_reload(self) -> None:
        """Take the file's text; one step of undo brings the edited text back."""

        def done(read: tuple[str, tuple[str, str] | None]) -> None:
            self.editor.set_text(read[0])
            self._saved = text_digest(self.editor.text)
            self._say("reloaded")

        self._read(done)

    def action_find(self) -> None:
        """Open the find bar."""
        self.query_one(FindBar).open()

    def action_next_problem(self) -> None:
        """Go to the problem after the cursor."""
        self._go_to_problem(1)

    def action_previous_problem(self) -> None:
        """Go to the problem before the cursor."""
        self._go_to_problem(-1)

    def _go_to_problem(self, step: int) -> None:
        found = self.query_one(Problems).after(*self.editor.cursor_location, step)
        if found is not None:
            self._show_problem(found)

    def _show_problem(self, found: Diagnostic) -> None:
        self.editor.go_to(found.span.start.line, found.span.start.column)
        self.editor.focus()
        self._say(f"{found.code} {found.message}")

    def on_problems_chosen(self, event: Problems.Chosen) -> None:
        """Go where the problem is."""
        self._show_problem(event.diagnostic)

    def action_undo(self) -> None:
        """Take back."""
        self.editor.undo()

    def action_redo(self) -> None:
        """Do again."""
        self.editor.redo()

    def action_go_to_line(self) -> None:
        """Ask for a line."""
        from floe_tui.screens.ask import AskPanel

        def answer(value: str | None) -> None:
            if value and value.strip().isdigit():
                self.editor.go_to(max(0, int(value) - 1))
                self.editor.focus()

        self.app.push_screen(AskPanel("Go to line", hint=f"1 to {self.editor.document.line_count}"), answer)

    def action_external(self) -> None:
        """Edit in $EDITOR; comes back as one step of undo."""
        from textual.app import SuspendNotSupported

        from floe_tui.external import edit_text, editor_command

        try:
            editor_command()  # before the screen goes away
            with self.app.suspend():
                text = edit_text(self.editor.text)
        except FloeError as error:
            self.workbench.show_problem(error)
        except SuspendNotSupported:
            self.notify("A browser has no terminal to step out to.", severity="warning", markup=False)
        else:
            self.editor.set_text(text)

    # --- leaving ---------------------------------------------------------------------------

    def remember(self) -> dict[str, Any]:
        """Where the cursor was."""
        return {"cursor": list(self.editor.cursor_location)}

    def unsaved(self) -> str:
        """Text that was not saved."""
        return f"{FILE} has unsaved changes" if self.dirty else ""


def _decode(data: bytes) -> str:
    """UTF-8 without its byte order mark. Bytes that are none become U+FFFD, which the check names."""
    return data.decode("utf-8-sig", "replace")
