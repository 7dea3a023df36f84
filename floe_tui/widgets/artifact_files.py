"""The eight files that a manifest makes, and the text of the one under the cursor."""

from __future__ import annotations

from collections.abc import Mapping

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical

from floe_engine import human_size
from floe_tui.themes import GLYPHS
from floe_tui.widgets.frame import Frame
from floe_tui.widgets.marks import chip
from floe_tui.widgets.row_view import Column, Row, RowView
from floe_tui.widgets.text_view import TextView

NONE = "There are no files while the text has errors.\nF8  goes to the next one"

TOLD = "The file under the cursor is shown here."


class ArtifactFiles(Vertical):
    """Files as they are built; the last good ones stay, marked as such, while none can be."""

    DEFAULT_CSS = """
    ArtifactFiles { height: 1fr; }
    ArtifactFiles.-off { display: none !important; }
    .-wide ArtifactFiles #made-files { height: 10; }
    """

    def __init__(self) -> None:
        super().__init__(classes="column")
        self.files: Mapping[str, bytes] = {}
        self._saved: Mapping[str, bytes] = {}

    def compose(self) -> ComposeResult:
        """The list of the files, and one of them."""
        with Frame(title="Artifact", id="made-files", classes="pane -list"):
            columns = (Column(), Column(width=8, right=True, tone="dim"))
            yield RowView(columns, empty="The files are being made.", id="files")
        with Frame(title="File", id="made-file", classes="pane"):
            yield TextView(id="content", language="json", empty=TOLD)

    @property
    def stale(self) -> bool:
        """Whether what is shown is from before the errors."""
        return self.query_one("#made-files").has_class("-stale")

    def show(self, files: Mapping[str, bytes] | None, *, saved: bool) -> None:
        """Show what a text makes (None: nothing).

        `saved`: it is the text on disk, which later ones are compared with.
        """
        if files is not None:
            self.files = files
            if saved:
                self._saved = files
        frame = self.query_one("#made-files", Frame)
        frame.set_class(files is None, "-stale")
        self.query_one("#files", RowView).empty = NONE
        if files is not None:
            size = human_size(sum(map(len, files.values())))
            frame.entitle("Artifact", chip(f"{len(files)} files"), note=size)
        elif self.files:
            frame.entitle("Artifact", chip(f"{GLYPHS['warning']} from before the errors", "warning"))
        else:
            frame.entitle("Artifact", chip(f"{GLYPHS['warning']} none: the text has errors", "warning"))
        self._draw(stale=files is None)

    def put_away(self, away: bool) -> None:
        """Leave the room to something else, or take it again."""
        for pane in self.query(Frame):
            pane.set_class(away, "-off")
        self.set_class(away, "-off")

    def mark_saved(self) -> None:
        """What is shown is on disk now."""
        self._saved = self.files
        self._draw(stale=self.stale)

    def _draw(self, *, stale: bool) -> None:
        self.query_one("#files", RowView).show(
            [
                Row(
                    path,
                    (path, human_size(len(data))),
                    GLYPHS["changed"] if self._saved.get(path, data) != data else " ",
                    "dim" if stale else "",
                )
                for path, data in self.files.items()
            ]
        )
        self._show_content()

    @on(RowView.Moved, "#files")
    def _show_content(self) -> None:
        row = self.query_one("#files", RowView).current
        data = self.files.get(row.key, b"") if row else b""
        self.query_one("#made-file", Frame).entitle(row.key if row else "File")
        view, text = self.query_one("#content", TextView), data.decode("utf-8", "replace")
        if view.text != text:
            view.show(text, keep_place=True)
