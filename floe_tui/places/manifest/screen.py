"""Manifest: edit manifest.yaml, see what is wrong and what comes of it while typing, save it safely."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from floe_engine import CancelToken, Diagnostic, FloeError, Report, Severity, human_size
from floe_tui.actions import Place, bindings
from floe_tui.messages import StatusChanged
from floe_tui.places.manifest.live_check import CheckedText, LiveCheck
from floe_tui.places.manifest.safekeeping import Safekeeping
from floe_tui.places.place import PlaceScreen
from floe_tui.themes import GLYPHS
from floe_tui.widgets.artifact_files import ArtifactFiles
from floe_tui.widgets.frame import Frame
from floe_tui.widgets.manifest_editor import ManifestEditor
from floe_tui.widgets.marks import chip
from floe_tui.widgets.outline import COLUMNS, Outline, outline
from floe_tui.widgets.problems import Problems, chips, summary
from floe_tui.widgets.row_view import Row, RowView
from floe_tui.widgets.rule_pane import RulePane

if TYPE_CHECKING:
    from textual.timer import Timer

    from floe_tui.places.manifest.writing_help import WritingHelp
    from floe_tui.widgets.completion_popup import CompletionPopup

FILE = "manifest.yaml"

LATE = 0.7
"""Seconds after a change until what was found before it is told no longer."""

NEED_AN_ENCODING = {"manifest.fix", "manifest.complete", "manifest.compile", "manifest.external"}
"""Actions that would write what nobody has read."""


class ManifestScreen(PlaceScreen):
    """The first place."""

    place = Place.MANIFEST
    about = (
        "Edit manifest.yaml. Problems are underlined, marked in the gutter and listed below; the eight "
        "files that it makes are rebuilt beside it as you type, ~ marking those that changed since the "
        "last save. Keys and values are offered while you type: Up and Down choose, Enter or Tab takes, "
        "Escape closes. In a house rule its examples are asked as you type. What is not yet saved is kept "
        "and offered again after a crash. Tab indents in the editor, Escape leaves it."
    )
    BINDINGS = [*bindings(Place.MANIFEST)]
    CSS_PATH = "screen.tcss"
    split = (12, 8)

    def __init__(self) -> None:
        super().__init__()
        self._dirty = False
        self._checked = False
        self._check: LiveCheck | None = None
        self._keeping: Safekeeping
        self._help: WritingHelp | None = None
        self._wanted_rule = ""
        self._late: Timer | None = None

    # --- composing -------------------------------------------------------------------------

    def compose_body(self) -> ComposeResult:
        """Editor and problems at the left, what comes of them at the right."""
        options, settings = self.workbench.options, self.workbench.settings
        editor = ManifestEditor(soft_wrap=settings.soft_wrap, read_only=options.read_only, waiting=True)
        self._keeping = Safekeeping(self, editor, options.directory / FILE, self._say, self._text_changed)
        with Horizontal(id="body"):
            with Vertical(id="text", classes="column -active"):
                with Frame(id="edit", classes="pane -active", title=FILE):
                    yield editor
                yield Problems()
            with Vertical(id="made", classes="column"):
                yield RulePane()
                yield ArtifactFiles()
                with Frame(id="sections", classes="pane -list", title="Outline"):
                    yield Outline()

    def on_mount(self) -> None:
        """Read the file."""
        super().on_mount()
        self._check = LiveCheck(self, self.workbench.options.directory, self._found)
        self.set_focus(self.editor)
        self._keeping.open(self._opened)

    async def _mount_help(self) -> None:
        """What is only of use once the text was checked; the first paint does not wait for it."""
        from floe_tui.places.manifest.writing_help import WritingHelp
        from floe_tui.widgets.completion_popup import CompletionPopup
        from floe_tui.widgets.hover_card import HoverCard

        if self.query(HoverCard):
            return  # asked for twice
        popup, card = CompletionPopup(), HoverCard()
        await self.mount(popup, card)
        self._help = WritingHelp(self, self.editor, popup, card)
        if self._check is not None and (found := self._check.last) is not None:
            self._help.found(found.text, found.checked)

    @property
    def editor(self) -> ManifestEditor:
        """The text."""
        return self.query_one(ManifestEditor)

    def why_not(self, action_id: str) -> str:
        """Nothing can be done with a text that is not there, and little with one that cannot be read."""
        if self._keeping.undecided and action_id in NEED_AN_ENCODING:
            return f"{FILE} is not UTF-8; Ctrl+S chooses how to read it"
        return "" if action_id == "manifest.reload" else self._keeping.why_not

    def _opened(self) -> None:
        cursor = self.workbench.remembered(Place.MANIFEST).get("cursor")
        if isinstance(cursor, list) and len(cursor) == 2 and all(isinstance(part, int) for part in cursor):
            # Where it is seen depends on how wide the editor is: without a width, it would be scrolled to.
            self.call_after_refresh(self._return_to, *cursor)
        # The check loads what is not needed to paint.
        self.call_after_refresh(self._text_changed)
        if self._wanted_rule:
            self.call_after_refresh(self.go_to_rule, self._wanted_rule)

    def go_to_rule(self, name: str) -> None:
        """Put the cursor at a house rule's expression, now or when the text is there."""
        self._wanted_rule = name if self._keeping.why_not else ""
        if self._wanted_rule:
            return
        from floe_engine import try_rules

        for rule in try_rules(self.editor.text):
            if rule.id == name:
                self.editor.go_to(rule.place.line, rule.place.column)
        self.activate(self.query_one("#edit"))

    def _return_to(self, line: int, column: int) -> None:
        if self.editor.cursor_location == (0, 0):  # nobody typed or moved meanwhile
            self.editor.go_to(line, column)

    # --- while typing ----------------------------------------------------------------------

    def on_manifest_editor_edited(self, event: ManifestEditor.Edited) -> None:
        """Check the text, and keep it safe, after a rest."""
        if not self._keeping.why_not:
            self._text_changed()
            if self._help is not None:
                self._help.edited(typed=event.typed)

    def on_manifest_editor_pointed(self, event: ManifestEditor.Pointed) -> None:
        """Explain what the mouse rests over."""
        if self._help is not None:
            self._help.pointed(event.place)

    def on_key(self) -> None:
        """A key that is for another part ends what the mouse shows."""
        if self._help is not None:
            self._help.pointed(None)

    def _text_changed(self) -> None:
        if self._check is not None:
            self._check.later(lambda: self.editor.text)
        if self._late is None:
            self._late = self.set_timer(LATE, self._behind)
        self._keeping.keep_later()

    def _behind(self) -> None:
        """What was found is of another text for too long to be told of this one."""
        self._checked = False
        self._say()

    def _found(self, found: CheckedText) -> None:
        self._dirty = self._keeping.changed
        if found.text != self.editor.text:
            return  # older than what is on the screen; the next check is on its way
        if self._late is not None:
            self._late.stop()
            self._late = None
        self._checked = True
        self.editor.diagnostics = found.diagnostics
        self.query_one(Problems).show(found.diagnostics)
        self.query_one(Outline).show_sections(self.editor.document.lines)
        self.query_one(ArtifactFiles).show(found.files, saved=not self._dirty)
        self._orient(found)
        self._follow_rule()
        if self._help is None:
            self.call_later(self._mount_help)
        else:
            self._help.found(found.text, found.checked)
        self._say()

    def _orient(self, found: CheckedText) -> None:
        severities = [item.severity for item in found.diagnostics]
        known = found.checked.manifest.metadata if found.checked.manifest is not None else None
        names = {"platform": known.name, "version": str(known.version)} if known is not None else {}
        self.workbench.orient(dirty=self._dirty, **names)
        self.workbench.tally(self.place, severities.count(Severity.ERROR), severities.count(Severity.WARNING))

    def on_text_area_selection_changed(self) -> None:
        """Say where the cursor is, and what is wrong there."""
        if self._help is not None:
            self._help.moved()
        self._follow_rule()
        self._say()

    def _follow_rule(self) -> None:
        """Show what the house rule under the cursor says of its examples, in the room of the files."""
        found = self._check.last if self._check is not None else None
        if found is None or found.text != self.editor.text:
            return  # the next check is on its way
        inside = self.query_one(RulePane).follow(found.checked.document, *self.editor.cursor_location)
        if inside != self.has_class("-in-rule"):
            self.set_class(inside, "-in-rule")
            self.query_one("#made").set_class(inside, "-follows")
            self.query_one(ArtifactFiles).put_away(inside)

    def _say(self, text: str = "") -> None:
        row, column = self.editor.cursor_location
        here = self.editor.problems_at_cursor()
        self.query_one(Outline).follow(row)
        if here:
            self.query_one(Problems).follow(here[0])
        diagnostics = self.query_one(Problems).diagnostics
        dot = "● " if self._dirty else ""
        count = summary(diagnostics) if self._checked else "checking"
        told = [chip("●", "warning")] if self._dirty else []
        told += chips(diagnostics) or ([chip(GLYPHS["done"], "success")] if self._checked else [])
        told += (
            [chip(f"{GLYPHS['warning']} {self._keeping.warning}", "warning")] if self._keeping.warning else []
        )
        frame = self.query_one("#edit", Frame)
        frame.entitle(FILE, *told)
        frame.tell(position=f"{row + 1}:{column + 1}")
        warned = f"  {GLYPHS['warning']} {self._keeping.warning}" if self._keeping.warning else ""
        self.post_message(StatusChanged(f"{dot}{FILE} {row + 1}:{column + 1}  {text or count}{warned}"))

    # --- help while writing ----------------------------------------------------------------

    def action_complete(self) -> None:
        """Offer what could be typed here."""
        if self._help is not None and self.editor.has_focus:
            self._help.complete()

    def action_explain(self) -> None:
        """Tell what the setting at the cursor means."""
        if self._help is not None:
            self._help.explain(self._say)

    def action_definition(self) -> None:
        """Go to where the name or the inherited setting at the cursor is written."""
        if self._help is not None:
            self._help.define(self._say)

    def on_completion_popup_accepted(self, event: CompletionPopup.Accepted) -> None:
        """Type what was chosen."""
        if self._help is not None:
            self._help.accept(event.completion)

    def on_descendant_blur(self) -> None:
        """What floats beside the cursor goes with it."""
        if self._help is not None and not self.editor.has_focus:
            self._help.close()

    def on_screen_suspend(self) -> None:
        """As by a blur."""
        if self._help is not None:
            self._help.close()

    def on_row_view_chosen(self, event: RowView.Chosen) -> None:
        """Go to a section of the outline."""
        if event.view is self.query_one(Outline):
            self.editor.go_to(int(event.row.key))
            self.set_focus(self.editor)

    # --- saving ----------------------------------------------------------------------------

    def action_save(self) -> None:
        """Write the file, unless somebody else changed it meanwhile."""
        self._keeping.save(self._written)

    def _written(self) -> None:
        self._dirty = self._keeping.changed
        self.workbench.orient(dirty=self._dirty)
        self.query_one(ArtifactFiles).mark_saved()
        self.query_one(Problems).settle()
        self._say("saved")
        self.workbench.manifest_saved()

    def action_reload(self) -> None:
        """Take the file's text; one step of undo brings the edited text back."""
        self._keeping.reload(self._text_changed)

    def action_compile(self) -> None:
        """Save, then write the eight files."""

        def written() -> None:
            self._written()
            self._compile()

        self._keeping.save(written)

    def _compile(self) -> None:
        directory = self.workbench.options.directory

        def work(report: Report, cancel: CancelToken) -> tuple[bool, int]:
            from floe_engine import Workspace, compile_platform

            compiled = compile_platform(Workspace.open(directory), report=report, cancel=cancel)
            return compiled.changed, compiled.artifact.size

        def done(result: tuple[bool, int]) -> None:
            changed, size = result
            text = f"8 files, {human_size(size)}" if changed else "nothing changed"
            self.notify(f"✓ Artifacts built: .floe/artifacts/ ({text})", markup=False)

        self.job(
            work, title="Compiling", group="manifest.compile", done=done, command="floe platform compile"
        )

    # --- going about -----------------------------------------------------------------------

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
        self.set_focus(self.editor)

    def on_problems_chosen(self, event: Problems.Chosen) -> None:
        """Go where the problem is."""
        self._show_problem(event.diagnostic)

    def action_fix(self) -> None:
        """Mend the problem at the cursor; choose where there are several ways."""
        fixes = [fix for found in self.editor.problems_at_cursor() for fix in found.fixes]
        if not fixes:
            self._say("nothing here that a fix could mend")
        elif len(fixes) == 1:
            self.editor.apply(fixes[0].edits)
        else:
            from floe_tui.panels.choose import ChoosePanel

            rows = [Row(str(index), (fix.title,)) for index, fix in enumerate(fixes)]
            panel = ChoosePanel("Quick fix", rows)
            self.app.push_screen(panel, lambda key: self.editor.apply(fixes[int(key)].edits) if key else None)

    def action_outline(self) -> None:
        """Choose a section and go there."""
        from floe_tui.panels.choose import ChoosePanel

        rows = outline(self.editor.document.lines)
        panel = ChoosePanel("Sections", rows, COLUMNS)
        self.app.push_screen(panel, lambda key: self.editor.go_to(int(key)) if key else None)

    async def action_find(self) -> None:
        """Open the find bar."""
        from floe_tui.widgets.find_bar import FindBar

        if not self.query(FindBar):
            await self.query_one("#edit").mount(FindBar(self.editor), after=self.editor)
        self.query_one(FindBar).open()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Outside the text, Ctrl+Z is for the shell."""
        if action == "undo" and not self.editor.has_focus:
            return False
        return super().check_action(action, parameters)

    def action_undo(self) -> None:
        """Take back."""
        self.editor.undo()

    def action_redo(self) -> None:
        """Do again."""
        self.editor.redo()

    def action_go_to_line(self) -> None:
        """Ask for a line."""
        from floe_tui.panels.ask import AskPanel

        def answer(value: str | None) -> None:
            if value and value.strip().isdecimal():
                self.editor.go_to(max(0, int(value) - 1))
                self.set_focus(self.editor)

        self.app.push_screen(AskPanel("Go to line", hint=f"1 to {self.editor.document.line_count}"), answer)

    def action_start(self) -> None:
        """To the first character."""
        self.editor.go_to(0)

    def action_end(self) -> None:
        """Behind the last."""
        self.editor.go_to(*self.editor.document.end)

    def action_select_all(self) -> None:
        """The whole text."""
        self.editor.select_all()
        self.set_focus(self.editor)

    def action_external(self) -> None:
        """Edit in $EDITOR; comes back as one step of undo."""
        from floe_tui.external import edit_text, editor_command

        try:
            editor_command()  # before the screen goes away
            with self.workbench.stepped_out():
                text = edit_text(self.editor.text)
        except FloeError as error:
            self.workbench.show_problem(error)
        else:
            self.editor.set_text(text)

    # --- leaving ---------------------------------------------------------------------------

    def remember(self) -> dict[str, Any]:
        """Where the cursor was."""
        return {"cursor": list(self.editor.cursor_location)}

    def keep(self) -> None:
        """The text, in the swap file, without waiting for a rest."""
        self._keeping.keep_now()

    def save(self, done: Callable[[], object]) -> None:
        """Write the file, and go on."""
        self._keeping.save(done)

    def discard(self) -> None:
        """It was asked for: the unsaved text is not wanted."""
        self._keeping.discard()

    def on_unmount(self) -> None:
        """Others may take over what is kept."""
        self._keeping.close()

    def action_compare_disk(self) -> None:
        """Show how the text differs from what somebody else wrote."""
        self._keeping.compare(self._written)

    def unsaved(self) -> str:
        """Text that was not saved."""
        return f"{FILE} has unsaved changes" if self._keeping.changed else ""
