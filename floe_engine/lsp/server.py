"""`floe lsp`: the protocol's requests, answered by the engine."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path

from lsprotocol import types
from msgspec import Struct
from pygls.lsp.server import LanguageServer
from pygls.uris import from_fs_path, to_fs_path

from floe_engine import __version__
from floe_engine.artifact.platform import Platform
from floe_engine.document.diagnostics import Diagnostic, Fix, Severity
from floe_engine.document.text import read_text
from floe_engine.errors import FloeError
from floe_engine.lsp.analysis import Analysis, analyse
from floe_engine.lsp.board import Board
from floe_engine.lsp.documents import OpenDocuments
from floe_engine.lsp.mending import Mending
from floe_engine.lsp.positions import Positions
from floe_engine.lsp.projects import ProjectFinding, Projects, span_of, text_of
from floe_engine.lsp.protocol import Protocol
from floe_engine.manifest.assist import Completion, Symbol, fixes_at
from floe_engine.manifest.plugins import Catalogue
from floe_engine.platform.fix_platform import fixes_apart
from floe_engine.support.explain import explain_code
from floe_engine.text import printable

FIX_ALL = f"{types.CodeActionKind.SourceFixAll.value}.floe"

_SEVERITY = {
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.WARNING: types.DiagnosticSeverity.Warning,
    Severity.INFO: types.DiagnosticSeverity.Information,
}


class OpenFile(Struct, frozen=True):
    """One version of a file: what it turned out to be, and how the editor counts in it."""

    uri: str
    version: int | None
    found: Analysis
    places: Positions


_SWITCH = 0.001
"""Seconds that a check may keep the interpreter while a message waits (CPython's own: 0.005)."""


def serve() -> None:
    """Speak the protocol over stdin and stdout until the editor goes away."""
    sys.setswitchinterval(_SWITCH)
    # Whatever prints by mistake must not get between two messages.
    protocol = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)  # nothing to tidy up, and a reader that waits in a thread
    make_server().start_io(stdout=protocol)


def make_server() -> LanguageServer:
    """The server with all it can do; `start_io` runs it."""
    # Whole texts are sent: the protocol's ranges and pygls' lines disagree about U+2028 and others.
    server = LanguageServer("floe", __version__, types.TextDocumentSyncKind.Full, protocol_cls=Protocol)
    board = Board(server.text_document_publish_diagnostics, _path_of)
    documents: OpenDocuments[OpenFile] = OpenDocuments(
        prepare=lambda uri: _judging(server, uri),
        publish=lambda uri, page: board.text_judged(
            uri, [_diagnostic(each, page) for each in page.found.diagnostics], page.version
        ),
        failed=lambda error: _failed(server, error),
    )
    projects = Projects(
        publish=lambda path, findings: board.project_judged(path, _findings(server, path, findings)),
        failed=lambda error: _failed(server, error),
    )
    _follow(server, documents, board, projects)
    _answer(server, documents, board, projects)
    return server


def _failed(server: LanguageServer, error: Exception) -> None:
    """Say in the editor's log why a file or project was not judged."""
    if isinstance(error, FloeError):
        said, kind = (
            ": ".join(filter(None, (error.where, error.title, error.message))),
            types.MessageType.Warning,
        )
    else:
        said, kind = f"floe crashed: {type(error).__name__}: {error}", types.MessageType.Error
    server.window_log_message(types.LogMessageParams(kind, said))


def _follow(
    server: LanguageServer, documents: OpenDocuments[OpenFile], board: Board, projects: Projects
) -> None:
    """What the editor tells of its files."""

    def look(uri: str) -> None:
        if (path := _path_of(uri)) is not None:
            projects.look(path)

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenTextDocumentParams) -> None:
        documents.changed(params.text_document.uri)
        look(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: types.DidChangeTextDocumentParams) -> None:
        documents.changed(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def saved(params: types.DidSaveTextDocumentParams) -> None:
        documents.changed_elsewhere()
        look(params.text_document.uri)

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def moved(params: types.DidChangeWatchedFilesParams) -> None:
        documents.changed_elsewhere()
        for change in params.changes:
            look(change.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams) -> None:
        uri = params.text_document.uri
        documents.closed(uri)
        board.closed(uri)


def _answer(
    server: LanguageServer, documents: OpenDocuments[OpenFile], board: Board, projects: Projects
) -> None:
    """What the editor asks."""

    def held_to(uri: str) -> Platform | None:
        path = _path_of(uri)
        return projects.platform_of(path) if path is not None else None

    mending = Mending(server, failed=lambda error: _failed(server, error))

    @server.feature(
        types.TEXT_DOCUMENT_COMPLETION,
        types.CompletionOptions(trigger_characters=[" ", ":", "[", ",", ".", "{"]),
    )
    async def complete(params: types.CompletionParams) -> types.CompletionList:
        page = await documents.judgement(params.text_document.uri)
        offers = page.found.complete(page.places.place(params.position), held_to(page.uri))
        items = [_item(offer, page.places, number) for number, offer in enumerate(offers)]
        return types.CompletionList(is_incomplete=False, items=items)

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(params: types.HoverParams) -> types.Hover | None:
        page = await documents.judgement(params.text_document.uri)
        told = page.found.hover(page.places.place(params.position), held_to(page.uri))
        if told is None:
            rules = board.rules_at(params.text_document.uri, params.position.line)
            pages = [explain_code(rule) for rule in rules]
            text = "\n\n---\n\n".join(f"**{each.code}** {each.title}\n\n{each.prose}" for each in pages)
            return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, text)) if text else None
        shown = types.MarkupContent(types.MarkupKind.Markdown, _shown(told.text))
        return types.Hover(shown, page.places.range(told.span))

    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    async def outline(params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
        page = await documents.judgement(params.text_document.uri)
        return [_symbol(symbol, page.places) for symbol in page.found.outline()]

    @server.feature(types.TEXT_DOCUMENT_DEFINITION)
    async def define(params: types.DefinitionParams) -> types.Location | None:
        page = await documents.judgement(params.text_document.uri)
        target = page.found.definition(page.places.place(params.position))
        if target is None:
            return None
        if target.file is None:
            return types.Location(page.uri, page.places.range(target.span))
        try:
            text = read_text(target.file)
        except FloeError:  # gone since it was looked at
            return None
        there = Positions(text, server.workspace.position_encoding or "utf-16")
        return types.Location(from_fs_path(str(target.file.resolve())), there.range(target.span))

    @server.feature(
        types.TEXT_DOCUMENT_CODE_ACTION,
        types.CodeActionOptions(
            code_action_kinds=[types.CodeActionKind.QuickFix, FIX_ALL], resolve_provider=True
        ),
    )
    async def mend(params: types.CodeActionParams) -> list[types.CodeAction]:
        uri = params.text_document.uri
        actions = list(_actions(server, await documents.judgement(uri), params))
        if _wants(params, types.CodeActionKind.QuickFix.value):
            actions += await mending.offered(
                board.found_at(uri, params.range.start.line, params.range.end.line)
            )
        return actions

    @server.feature(types.CODE_ACTION_RESOLVE)
    async def resolve(action: types.CodeAction) -> types.CodeAction:
        return await mending.resolved(action)


# --- what is asked of a file -------------------------------------------------------------------


@cache
def _catalogue() -> Catalogue:
    return Catalogue.load()


def _judging(server: LanguageServer, uri: str) -> Callable[[], OpenFile]:
    """Takes the present text of a file; what is returned judges it, in a thread."""
    document = server.workspace.get_text_document(uri)
    path = _path_of(uri)
    try:
        text = document.source
    except (OSError, ValueError):  # asked about a file that is not open, and is not there or is no text
        text = ""
    version = document.version
    encoding = server.workspace.position_encoding or "utf-16"
    return lambda: OpenFile(uri, version, analyse(text, path, _catalogue()), Positions(text, encoding))


def _path_of(uri: str) -> Path | None:
    """The file that a URI names; None for a buffer without one, and for what names no file."""
    if not uri.startswith("file:"):
        return None
    try:
        name = to_fs_path(uri)
    except ValueError:
        return None
    return Path(name) if name and "\0" not in name else None


# --- the protocol's words ----------------------------------------------------------------------


def _shown(text: str) -> str:
    """Text for an editor's eyes: values of a file are quoted in it, and may hide or reverse what follows."""
    return printable(text, lines=True)


def _diagnostic(found: Diagnostic, page: OpenFile) -> types.Diagnostic:
    places = page.places
    return types.Diagnostic(
        range=places.range(found.span),
        message=_shown(f"{found.message}\nhint: {found.hint}" if found.hint else found.message),
        severity=_SEVERITY[found.severity],
        code=found.code,
        source="floe",
        related_information=[
            types.DiagnosticRelatedInformation(
                types.Location(page.uri, places.range(each.span)), _shown(each.message)
            )
            for each in found.related
        ],
    )


def _findings(server: LanguageServer, path: Path, told: Sequence[ProjectFinding]) -> list[types.Diagnostic]:
    """A project's findings in a file as it lies on disk."""
    text = text_of(path) if told else ""
    places = Positions(text, server.workspace.position_encoding or "utf-16")
    shown = []
    for each in told:
        finding = each.finding
        wanted = f"\nexpected {finding.expected}, is {finding.actual}" if finding.expected else ""
        hint = f"\nhint: {finding.suggestion}" if finding.suggestion else ""
        shown.append(
            types.Diagnostic(
                range=places.range(span_of(finding, text)),
                message=_shown(f"{finding.message}{wanted}{hint}"),
                severity=_SEVERITY[Severity(finding.severity)],
                code=finding.rule,
                source="floe",
                data={"rule": finding.rule, "subject": each.subject, "root": str(each.root)},
            )
        )
    return shown


def _item(offer: Completion, places: Positions, number: int) -> types.CompletionItem:
    kind = types.CompletionItemKind.Property if offer.is_key else types.CompletionItemKind.EnumMember
    about = types.MarkupContent(types.MarkupKind.Markdown, _shown(offer.documentation))
    return types.CompletionItem(
        label=printable(offer.label),
        kind=kind,
        detail=printable(offer.detail) or None,
        documentation=about if offer.documentation else None,
        sort_text=f"{number:04}",
        text_edit=types.TextEdit(places.range(offer.span), offer.text),
        # The text brings its indentation along; an editor that adds its own would break it.
        insert_text_mode=types.InsertTextMode.AsIs,
    )


def _symbol(symbol: Symbol, places: Positions) -> types.DocumentSymbol:
    return types.DocumentSymbol(
        name=printable(symbol.name) or "(empty)",
        detail=printable(symbol.detail) or None,
        kind=types.SymbolKind.Object if symbol.children else types.SymbolKind.Property,
        range=places.range(symbol.span),
        selection_range=places.range(symbol.selection),
        children=[_symbol(child, places) for child in symbol.children],
    )


def _actions(
    server: LanguageServer, page: OpenFile, params: types.CodeActionParams
) -> Iterable[types.CodeAction]:
    """Quick fixes for what the range touches, and one action that mends the whole file."""
    diagnostics = page.found.diagnostics
    if _wants(params, types.CodeActionKind.QuickFix.value):
        for diagnostic, fix in fixes_at(diagnostics, page.places.span(params.range)):
            yield types.CodeAction(
                title=printable(fix.title),
                kind=types.CodeActionKind.QuickFix,
                diagnostics=[_diagnostic(diagnostic, page)],
                is_preferred=fix is diagnostic.fixes[0],
                edit=_edit(server, page, [fix]),
            )
    every = [each.fix for each in fixes_apart(diagnostics)]
    if every and _wants(params, FIX_ALL):
        title = "Mend everything that can be mended"
        yield types.CodeAction(title=title, kind=FIX_ALL, edit=_edit(server, page, every))


def _wants(params: types.CodeActionParams, kind: str) -> bool:
    """Whether the editor asked for a kind of actions, or for one that it is part of."""
    only = params.context.only
    return not only or any(kind == wanted or kind.startswith(f"{wanted}.") for wanted in map(_name, only))


def _name(kind: types.CodeActionKind | str) -> str:
    return kind.value if isinstance(kind, types.CodeActionKind) else kind


def _edit(server: LanguageServer, page: OpenFile, fixes: Iterable[Fix]) -> types.WorkspaceEdit:
    edits = [types.TextEdit(page.places.range(one.span), one.new_text) for fix in fixes for one in fix.edits]
    workspace = server.client_capabilities.workspace
    if workspace is None or workspace.workspace_edit is None or not workspace.workspace_edit.document_changes:
        return types.WorkspaceEdit(changes={page.uri: edits})
    document = types.OptionalVersionedTextDocumentIdentifier(page.uri, page.version)
    return types.WorkspaceEdit(document_changes=[types.TextDocumentEdit(document, list(edits))])
