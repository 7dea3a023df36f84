"""What can be done about a project's findings, as code actions: declare what a rule asks, or waive.

What an action would write is worked out when it is chosen, for a project has to be judged for it (an
editor that cannot wait for that gets it at once). Nothing is written here: the editor has the last word.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from floe_engine.acts import Act
from floe_engine.document.text import BOM
from floe_engine.errors import FloeError, UsageError
from floe_engine.lsp.board import uri_of
from floe_engine.policy.repairs import mendable
from floe_engine.text import changed_lines, printable
from floe_engine.workspace import SPEC_FILE, Workspace

Change = Mapping[Path, tuple[str, str]]
"""File → its text before (empty: there is none) and after."""


class Mending:
    """Offers and works out actions for one editor. `failed` is told why one could not be."""

    def __init__(self, server: LanguageServer, failed: Callable[[Exception], None]) -> None:
        self._server = server
        self._failed = failed

    async def offered(self, found: Sequence[types.Diagnostic]) -> list[types.CodeAction]:
        """The actions for findings, each rule and subject once."""
        seen = {str(each.data): each for each in found}
        actions = [action for each in seen.values() for action in _offers(each, dict(each.data or {}))]
        return actions if self._resolves else [await self.resolved(action) for action in actions]

    async def resolved(self, action: types.CodeAction) -> types.CodeAction:
        """An action with the edit that it is; without one where that is not possible, which is told."""
        try:
            change = await asyncio.to_thread(_change, dict(action.data or {}))
            action.edit = self._edit(change)
        except (FloeError, KeyError, TypeError) as error:
            self._failed(error)
            if isinstance(error, FloeError):
                told = ": ".join(filter(None, (error.title, error.message)))
                shown = types.ShowMessageParams(types.MessageType.Warning, printable(told))
                self._server.window_show_message(shown)
        return action

    @property
    def _resolves(self) -> bool:
        text = self._server.client_capabilities.text_document
        support = text.code_action.resolve_support if text and text.code_action else None
        return support is not None and "edit" in support.properties

    def _edit(self, change: Change) -> types.WorkspaceEdit:
        if not change:
            raise UsageError("nothing can be declared for it", "the finding is for people to mend")
        for path, (before, _) in change.items():
            document = self._server.workspace.get_text_document(uri_of(path))
            if document.version is not None and document.source.removeprefix(BOM) != before:
                raise UsageError(f"{path.name} has changes that are not saved", "save it, and choose again")
        capable = self._server.client_capabilities.workspace
        edits = capable.workspace_edit if capable else None
        if edits is not None and edits.document_changes:
            creates = types.ResourceOperationKind.Create in (edits.resource_operations or ())
            return types.WorkspaceEdit(document_changes=list(self._changes(change, creates)))
        if not all(before for before, _ in change.values()):
            raise UsageError("this editor makes no new files", f"{Act.FIX} writes them")
        return types.WorkspaceEdit(changes={uri_of(path): edits_of(*texts) for path, texts in change.items()})

    def _changes(self, change: Change, creates: bool) -> Iterator[types.CreateFile | types.TextDocumentEdit]:
        for path, (before, after) in change.items():
            if not before:
                if not creates:
                    raise UsageError("this editor makes no new files", f"{Act.FIX} writes them")
                yield types.CreateFile(uri_of(path))
            version = self._server.workspace.get_text_document(uri_of(path)).version  # None: it is not open
            named = types.OptionalVersionedTextDocumentIdentifier(uri_of(path), version)
            yield types.TextDocumentEdit(named, list(edits_of(before, after)))


def _offers(diagnostic: types.Diagnostic, about: dict[str, str]) -> Iterator[types.CodeAction]:
    rule, subject = about["rule"], printable(about["subject"])
    if mendable((rule,)):
        title = f"Declare what {rule} asks of {subject}"
        yield types.CodeAction(
            title,
            types.CodeActionKind.QuickFix,
            [diagnostic],
            is_preferred=True,
            data={**about, "verb": "fix"},
        )
    title = f"Waive {rule} for {subject}: write reason and owner into {SPEC_FILE}"
    yield types.CodeAction(
        title, types.CodeActionKind.QuickFix, [diagnostic], data={**about, "verb": "waive"}
    )


def _change(wanted: Mapping[str, Any]) -> Change:
    """What an action would write. Raises what judging the project raises."""
    root, rule, subject = Path(wanted["root"]), str(wanted["rule"]), str(wanted["subject"])
    workspace = Workspace.open(root).without_network()
    if wanted["verb"] == "waive":
        from floe_engine.product.waive import draft_waiver

        before, after = draft_waiver(workspace, rule, subject)
        return {root / SPEC_FILE: (before, after)}
    from glob import escape

    from floe_engine.product.fix_project import fix_project

    fixed = fix_project(workspace, (rule, escape(subject)), write=False)
    return {root / file.path: (file.before, file.after) for file in fixed.files}


def edits_of(before: str, after: str) -> list[types.TextEdit]:
    """The lines that differ, as edits of the text before."""
    return [
        types.TextEdit(types.Range(types.Position(first, 0), types.Position(last, 0)), text)
        for first, last, text in changed_lines(before, after)
    ]
