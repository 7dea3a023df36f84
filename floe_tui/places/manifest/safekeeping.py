"""The edited file's life: read, kept against a crash, followed on disk, saved.

It stands between the editor, whose text it is, and the disk. Nobody's change and no crash loses text:
where two texts differ, a person sees how, and chooses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from floe_engine import FloeError
from floe_tui.kept import Keeper, Kept, Other
from floe_tui.places.manifest import file as disk
from floe_tui.places.manifest.file import Opened
from floe_tui.session import text_digest

if TYPE_CHECKING:
    from textual.timer import Timer

    from floe_tui.panels.differing import Decision
    from floe_tui.places.place import PlaceScreen
    from floe_tui.widgets.manifest_editor import ManifestEditor

T = TypeVar("T")

PERIOD = 0.25
"""Seconds after a change until the text is kept, also while somebody goes on typing."""

LOOK = 1.0
"""Seconds between two looks at the file on disk."""


class Safekeeping:
    """Owned by the screen that edits `file`; `say` shows a word, `renewed` is told of another text."""

    def __init__(
        self,
        screen: PlaceScreen,
        editor: ManifestEditor,
        file: Path,
        say: Callable[[str], object],
        renewed: Callable[[], object],
    ) -> None:
        self._screen = screen
        self._editor = editor
        self._file = file
        self._say = say
        self._renewed = renewed
        self._keeper = Keeper(file)
        self._disk = Opened("", "", (0, 0, 0))
        self._saved = text_digest("")
        self._rest: Timer | None = None
        self._turn = 0
        self._theirs: Opened | None = None
        self.others: tuple[Other, ...] = ()
        """Who else has the file open."""
        self.why_not = f"{file.name} is still being read"
        """Why nothing can be done with the text; empty: it is there."""

    @property
    def changed(self) -> bool:
        """Whether the text is another than the file's."""
        return not self.why_not and text_digest(self._editor.text) != self._saved

    @property
    def warning(self) -> str:
        """What a person should know before they go on; empty: nothing."""
        if self.undecided:
            return "not UTF-8"
        if self._theirs is not None:
            return "changed on disk"
        return f"also open: {self.others[0]}" if self.others else ""

    @property
    def undecided(self) -> bool:
        """Whether nobody knows yet in which encoding the file is: it is shown, and not saved."""
        return not self.why_not and not self._disk.encoding

    @property
    def _read_only(self) -> bool:
        return self._screen.workbench.options.read_only

    # --- reading ---------------------------------------------------------------------------

    def open(self, done: Callable[[], object]) -> None:
        """Read the file: before the first paint where it is short, else off the event loop."""
        file = self._file
        if disk.is_short(file):
            try:
                self._opened(done, disk.open_file(file))
            except FloeError as error:
                self._unread(error)
        else:
            self._quietly(lambda: disk.open_file(file), "Reading", partial(self._opened, done), self._unread)

    def reload(self, done: Callable[[], object]) -> None:
        """Take the file's text; one step of undo brings the edited text back."""
        file = self._file

        def read(opened: Opened) -> None:
            if self.why_not:
                self._opened(done, opened)
            else:
                self._take(opened)
                done()

        self._quietly(lambda: disk.open_file(file), "Reading", read, self._unread)

    def _unread(self, error: FloeError) -> None:
        if self.why_not:
            self.why_not = f"{self._file.name} could not be read"
        self._screen.workbench.show_problem(error)

    def _opened(self, done: Callable[[], object], opened: Opened) -> None:
        self._editor.begin(opened.text)
        self.why_not = ""
        self._is_on_disk(opened)
        if self._editor.text != opened.text:
            self._screen.notify(
                "The file mixes line endings; saving will make them all the same.", markup=False
            )
        self._screen.set_interval(LOOK, self._look)
        keeper, read_only = self._keeper, self._read_only

        def work() -> tuple[tuple[Kept, ...], tuple[Other, ...]]:
            if not read_only:
                with suppress(FloeError):  # said when there is something to keep
                    keeper.begin()
            return keeper.others()

        self._screen.call_after_refresh(self._quietly, work, "Looking for unsaved text", self._met, None)
        done()

    def _is_on_disk(self, opened: Opened) -> None:
        """The editor shows what `opened` holds."""
        self._disk, self._theirs = opened, None
        self._saved = text_digest(self._editor.text)
        self._editor.read_only = self._read_only or not opened.encoding
        if not opened.encoding:
            self._screen.notify(
                f"{self._file.name} is not UTF-8, so it cannot be edited yet: Ctrl+S chooses how to read it.",
                severity="warning",
                markup=False,
            )

    def choose_encoding(self) -> None:
        """Ask how the file is to be read; from then on it is saved as UTF-8."""
        from floe_tui.panels.choose import ChoosePanel
        from floe_tui.widgets.row_view import Column, Row

        opened = self._disk
        rows = [Row(name, (title, line)) for name, title, line in opened.readings()]

        def chosen(name: str | None) -> None:
            if name:
                self._disk = Opened(opened.text, opened.digest, opened.stamp)
                self._editor.read_only = self._read_only
                self._editor.set_text(opened.read_as(name))
                self._screen.notify("It will be saved as UTF-8.", markup=False)
                self._renewed()

        columns = (Column("Encoding", 26), Column("A line, so read"))
        panel = ChoosePanel(f"{self._file.name} is not UTF-8: what is it?", rows, columns)
        self._screen.app.push_screen(panel, chosen)

    # --- what others did -------------------------------------------------------------------

    def _met(self, met: tuple[tuple[Kept, ...], tuple[Other, ...]]) -> None:
        left, self.others = met
        if self.others:
            self._screen.notify(
                f"{self._file.name} is open in another floe-tui too ({self.others[0]}).",
                severity="warning",
                markup=False,
            )
            self._renewed()
        offered = [kept for kept in left if kept.text != self._disk.text]
        if not offered:
            for kept in left:
                self._forget(kept)  # it was saved
        elif self._read_only:
            text = "Unsaved text of an earlier run is kept; without --read-only it is offered."
            self._screen.notify(text, markup=False)
        else:  # not at once: keys that are on their way are for the text
            later = partial(self._offer, offered)
            self._screen.app.call_later(self._screen.workbench.typed_ahead.afterwards, later)

    def _offer(self, left: Sequence[Kept]) -> None:
        from floe_tui.panels.differing import Difference, DifferencePanel

        kept, rest = left[0], left[1:]
        older = kept.base != self._disk.digest
        difference = Difference(
            f"Recover unsaved text of {self._file.name}?",
            ("on disk", self._disk.text),
            (f"kept {kept.at[:10]} {kept.at[11:16]} UTC", kept.text),
            "never saved" + ("; the file changed since" if older else ""),
            take="Recover (r)", keys=("r", "d"), leave="Discard (d)", later="Decide later",
        )  # fmt: skip

        def decided(decision: Decision | None) -> None:
            if decision is None:
                self._screen.notify("The unsaved text stays kept; the next start offers it.", markup=False)
            elif decision.side == "theirs":
                text, cursor = self._editor.text, self._editor.cursor_location
                self._editor.set_text(kept.text)
                self._editor.set_text(text)
                self._editor.move_cursor(cursor)
                self._forget(kept)
                self._screen.notify("Discarded. Undo brings it back, for as long as floe runs.", markup=False)
            else:
                self._editor.set_text(decision.text)
                self._keep(then=lambda: self._forget(kept))
            if rest:
                self._offer(rest)

        self._screen.app.push_screen(DifferencePanel(difference), decided)

    def _forget(self, kept: Kept) -> None:
        keeper = self._keeper
        self._quietly(lambda: keeper.forget(kept), f"Forgetting {kept.id}", lambda _: None, None)

    def _look(self) -> None:
        """See whether somebody else wrote the file."""
        if self.why_not or self._screen.workbench.jobs.is_running("manifest.save"):
            return
        file, seen = self._file, (self._theirs or self._disk).stamp
        self._quietly(lambda: disk.look(file, seen), "Looking at the file", self._looked, None)

    def _looked(self, opened: Opened | None) -> None:
        if opened is None:
            return
        if opened.digest == self._disk.digest:  # written, and the same
            self._disk, self._theirs = opened if opened.encoding else self._disk, None
        elif not opened.digest:  # it is gone; saving brings it back
            self._theirs = opened
            self._say(f"{self._file.name} is gone from disk; saving writes it anew")
        elif not self.changed:
            self._take(opened)
            self._say("follows the file, which was changed on disk")
        else:
            self._theirs = opened
            self._screen.notify(
                f"{self._file.name} was changed on disk meanwhile: Ctrl+S shows the difference.",
                severity="warning",
                markup=False,
            )
        self._renewed()

    def _take(self, opened: Opened) -> None:
        self._editor.set_text(opened.text)
        self._is_on_disk(opened)

    # --- keeping ---------------------------------------------------------------------------

    def keep_later(self) -> None:
        """Keep the text soon. A timer that runs already is enough: who types on must not put it off."""
        if self._rest is None and not self._read_only:
            self._rest = self._screen.set_timer(PERIOD, self._keep)

    def keep_now(self) -> None:
        """Keep the text at once, and wait for it: the process ends."""
        if not self.why_not and not self._read_only:
            with suppress(FloeError):  # the disk refuses, and there is nobody left to tell
                text = self._editor.text if self.changed else None
                self._keeper.keep(text, self._disk.digest, self._next_turn())

    def close(self) -> None:
        """The screen goes: what is unsaved stays kept, and the lock is let go of."""
        self._keeper.end()

    def discard(self) -> None:
        """A person chose to leave without the unsaved text."""
        with suppress(FloeError):
            self._keeper.keep(None, "", self._next_turn())

    def _next_turn(self) -> int:
        self._turn += 1
        return self._turn

    def _keep(self, then: Callable[[], object] | None = None) -> None:
        self._rest = None
        if self.why_not or self._read_only:
            return
        if then is None and self._screen.workbench.jobs.is_running("manifest.keep"):
            self.keep_later()  # one after the other: an older text must not come last
            return
        keeper, base, turn = self._keeper, self._disk.digest, self._next_turn()
        text = self._editor.text if self.changed else None

        def work() -> None:
            keeper.keep(text, base, turn)

        def failed(error: FloeError) -> None:
            self._say(f"unsaved text is not kept: {error.title}")

        def done(_: None) -> object:
            return then() if then is not None else None

        self._quietly(work, "Keeping unsaved text", done, failed, group="manifest.keep")

    # --- saving ----------------------------------------------------------------------------

    def save(self, done: Callable[[], object]) -> None:
        """Write the file, unless somebody else changed it meanwhile: then show how."""
        if self.undecided:
            self.choose_encoding()
        else:
            self._save(self._disk.digest, done)

    def _save(self, expected: str, done: Callable[[], object]) -> None:
        file, text, encoding = self._file, self._editor.text, self._disk.encoding
        keeper, turn = self._keeper, self._next_turn()

        def work() -> tuple[bool, Opened]:
            was, now = disk.save_file(file, text, expected, encoding)
            if was:
                with suppress(FloeError):  # it is offered once more, and is what the file has
                    keeper.keep(None, "", turn)
            return was, now

        def written(answer: tuple[bool, Opened]) -> None:
            was, now = answer
            if not was:
                self._theirs = now
                self.compare(done)
                return
            self._disk, self._theirs, self._saved = now, None, text_digest(text)
            if self.changed:
                self.keep_later()
            done()

        self._screen.job(
            lambda report, cancel: work(),
            title=f"Saving {file.name}",
            group="manifest.save",
            done=written,
            timeout=20,
            quiet=True,
        )

    def compare(self, done: Callable[[], object]) -> None:
        """Show how the text differs from the file, and let a person choose."""
        from floe_tui.panels.differing import Difference, DifferencePanel

        theirs = self._theirs
        if theirs is None or not theirs.encoding:
            self._screen.notify("Nobody else changed the file.", markup=False)
            return
        difference = Difference(
            f"Somebody else changed {self._file.name}",
            ("on disk", theirs.text),
            ("here", self._editor.text),
            "changed on disk since it was read here",
            take="Keep mine, and save (k)", keys=("k", "t"), leave="Take theirs (t)", later="Cancel",
        )  # fmt: skip

        def decided(decision: Decision | None) -> None:
            if decision is None:
                return
            if decision.side == "theirs":
                self._take(theirs)
                self._renewed()
            elif decision.side == "mine":
                self._save(theirs.digest, done)
            else:
                self._disk, self._theirs = theirs, None
                self._editor.set_text(decision.text)
                self._say("merged; Ctrl+S saves it")

        self._screen.app.push_screen(DifferencePanel(difference), decided)

    def _quietly(
        self,
        work: Callable[[], T],
        title: str,
        done: Callable[[T], object],
        failed: Callable[[FloeError], object] | None,
        group: str = "",
    ) -> None:
        """Run it beside the work that is shown; what fails without `failed` is seen at the next save."""
        self._screen.job(
            lambda report, cancel: work(),
            title=title,
            group=group or f"manifest.{title}",
            done=done,
            failed=failed or (lambda error: None),
            timeout=20,
            quiet=True,
        )
