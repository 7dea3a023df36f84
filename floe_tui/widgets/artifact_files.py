"""The eight files that a manifest makes, and the text of the one under the cursor."""

from __future__ import annotations

from collections.abc import Mapping

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Label

from floe_engine import human_size
from floe_tui.themes import GLYPHS
from floe_tui.widgets.row_view import Column, Row, RowView
from floe_tui.widgets.text_view import TextView


class ArtifactFiles(Vertical):
    """Files as they are built; the last good ones stay, marked as such, while none can be."""

    DEFAULT_CSS = """
    ArtifactFiles {
        #files-state { height: 1; padding: 0 1; background: $panel; width: 1fr; }
        #files-state.-stale { color: $warning; }
        #files { height: 9; }
        #content { border-top: solid $panel; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self.files: Mapping[str, bytes] = {}
        self._saved: Mapping[str, bytes] = {}

    def compose(self) -> ComposeResult:
        """What the files are, their list, and one of them."""
        yield Label("Artifact", id="files-state", markup=False)
        columns = (Column("file"), Column("size", 8, right=True))
        yield RowView(columns, empty="No files while there are errors.", id="files")
        yield TextView(id="content")

    def show(self, files: Mapping[str, bytes] | None, *, saved: bool) -> None:
        """Show what a text makes (None: nothing).

        `saved`: it is the text on disk, which later ones are compared with.
        """
        if files is not None:
            self.files = files
            if saved:
                self._saved = files
        state = self.query_one("#files-state", Label)
        state.set_class(files is None, "-stale")
        if files is not None:
            said = f"Artifact: {len(files)} files, {human_size(sum(map(len, files.values())))}"
        elif self.files:
            said = f"{GLYPHS['warning']} Stale: from before the errors"
        else:
            said = f"{GLYPHS['warning']} No artifact: the text has errors"
        state.update(said, layout=False)
        self._draw(stale=files is None)

    def mark_saved(self) -> None:
        """What is shown is on disk now."""
        self._saved = self.files
        self._draw(stale=self.query_one("#files-state").has_class("-stale"))

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
        view, text = self.query_one("#content", TextView), data.decode("utf-8", "replace")
        if view.text != text:
            view.show(text, keep_place=True)
