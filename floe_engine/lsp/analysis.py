"""What a text that an editor shows turned out to be: one answer for all the editor's questions.

Which of floe's files it is, says its name, or else its own `kind`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from msgspec import Struct

from floe_engine.artifact.platform import Platform
from floe_engine.document.diagnostics import Diagnostic, Position
from floe_engine.document.document import Document, parse
from floe_engine.errors import FloeError
from floe_engine.lsp.projects import root_of
from floe_engine.manifest import assist
from floe_engine.manifest.assist import Completion, Hover, Symbol, Target
from floe_engine.manifest.check import FILE_NAME as MANIFEST_FILE
from floe_engine.manifest.check import Checked, check
from floe_engine.manifest.plugins import Catalogue
from floe_engine.policy import properties_assist
from floe_engine.project import spec_assist
from floe_engine.project.spec import FILE_NAME as SPEC_FILE
from floe_engine.workspace import Workspace

YAML = frozenset({".yml", ".yaml"})
"""Endings of the files in which dbt reads properties and settings."""


class FileKind(StrEnum):
    """Which of floe's files a text is."""

    MANIFEST = "Manifest"
    SPEC = "DataProduct"
    POLICY_TEST = "PolicyTest"


class Analysis(Struct, frozen=True):
    """A text, read and judged; `kind` None: none of floe's files.

    Of those only the words are said that the platform gives to a dbt project's YAML; `document` is empty
    for any other.
    """

    kind: FileKind | None
    document: Document
    diagnostics: Sequence[Diagnostic] = ()
    checked: Checked | None = None

    def complete(self, position: Position, platform: Platform | None = None) -> tuple[Completion, ...]:
        """What could be typed at a place; `platform`: what the file's dbt project is held to."""
        if self.checked is not None:
            return assist.complete(self.checked, position)
        if self.kind is None and platform is not None:
            return properties_assist.complete(self.document, position, platform)
        return spec_assist.complete(self.document, position) if self.kind is FileKind.SPEC else ()

    def hover(self, position: Position, platform: Platform | None = None) -> Hover | None:
        """What a place means."""
        if self.checked is not None:
            return assist.hover(self.checked, position)
        if self.kind is None and platform is not None:
            return properties_assist.hover(self.document, position, platform)
        return spec_assist.hover(self.document, position) if self.kind is FileKind.SPEC else None

    def outline(self) -> tuple[Symbol, ...]:
        """The sections of the text."""
        return assist.outline(self.document) if self.kind is not None else ()

    def definition(self, position: Position) -> Target | None:
        """Where the thing at a place comes from."""
        return assist.definition(self.checked, position) if self.checked is not None else None


def analyse(text: str, path: Path | None, catalogue: Catalogue) -> Analysis:
    """Judge a text; `path` is None for a buffer that has no file yet. Asks no registry, never raises."""
    match kind_of(text, path):
        case FileKind.MANIFEST:
            return _manifest(text, path, catalogue)
        case FileKind.SPEC:
            from floe_engine.product.check_spec import check_spec

            directory = path.parent if path is not None else Path()
            found = check_spec(Workspace.open(directory).without_network(), text)
            return Analysis(FileKind.SPEC, found.document, found.diagnostics)
        case FileKind.POLICY_TEST:
            from floe_engine.policy_tests.case_file import check_policy_test

            _, diagnostics, document = check_policy_test(text)
            return Analysis(FileKind.POLICY_TEST, document, diagnostics)
        case _:
            described = path is not None and path.suffix in YAML and root_of(path) is not None
            return Analysis(None, parse(text if described else ""))


def kind_of(text: str, path: Path | None) -> FileKind | None:
    """Which file it is: by its name, else by the `kind` on a line of its own."""
    if path is not None and path.name in (MANIFEST_FILE, SPEC_FILE):
        return FileKind.MANIFEST if path.name == MANIFEST_FILE else FileKind.SPEC
    if "apiVersion: floe.dev/" not in text:
        return None
    value = parse(text).value
    named = value.get("kind") if isinstance(value, dict) else None
    return FileKind(named) if isinstance(named, str) and named in set(FileKind) else None


def _manifest(text: str, path: Path | None, catalogue: Catalogue) -> Analysis:
    """A parent in a registry counts where it has been pulled before: an editor does not pull."""
    parent = None
    if path is not None:
        from floe_engine.platform.check_platform import remote_parent

        with contextlib.suppress(FloeError):  # the check says that the parent has not been read
            parent = remote_parent(Workspace.open(path.parent).without_network(), text)
    checked = check(text, path=path, catalogue=catalogue, parent=parent)
    return Analysis(FileKind.MANIFEST, checked.document, checked.diagnostics, checked)
