"""The files of a dbt project turned into nodes and descriptions, each file on its own.

What one file says is read here; what files say about each other (a model and its properties, a
ref and what it names) is `dbt_source`'s. One broken file becomes a warning and hides no other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Literal

from msgspec import Struct, field
from msgspec.structs import replace

from floe_engine.errors import ConfigurationError
from floe_engine.files import read_bounded
from floe_engine.project.dbt_yaml import BrokenYaml, Lined, load
from floe_engine.project.facts import ResourceType
from floe_engine.project.folders import File
from floe_engine.project.jinja.calls import Calls
from floe_engine.project.jinja.macros import Files, Macros
from floe_engine.project.jinja.syntax import BrokenTemplate
from floe_engine.project.jinja.templates import Block, python_calls
from floe_engine.project.packages import installed_packages
from floe_engine.project.project_file import LIMIT, ProjectFile
from floe_engine.project.properties import entries
from floe_engine.project.said import Unheard, heard_calls, heard_document

SECTION: Mapping[ResourceType, str] = {"model": "models", "seed": "seeds", "snapshot": "snapshots"}
"""Resource type to its section in properties files and in dbt_project.yml."""

_BESIDE = ("sources", "exposures", "groups", "unit_tests", "semantic_models", "macros", "data_tests")
"""What else is described in properties files."""

_MAX_WARNINGS = 200


class WrittenNode(Struct):
    """A model, seed or snapshot before its properties are known."""

    kind: ResourceType
    name: str
    path: str
    fqn: tuple[str, ...]
    calls: Calls = field(default_factory=Calls)
    code: str = ""
    language: Literal["sql", "python"] = "sql"
    version: str | None = None
    entry: Lined | None = None
    properties: File | None = None
    config: dict[str, Any] = field(default_factory=dict)
    """The config of the properties file alone."""
    merged: dict[str, Any] | None = None
    """The config of the folders, of the properties file and of the model itself as one, once it is made."""

    @property
    def suffix(self) -> str:
        """What a version adds to the unique_id."""
        return f".v{self.version}" if self.version is not None else ""


class PropertiesEntry(Struct, frozen=True):
    """An entry of a properties file and where it stands."""

    entry: Lined
    file: File


class Contents(Struct, frozen=True):
    """What was read of a project already, so that nothing can have changed since."""

    files: Mapping[str, bytes] = field(default_factory=dict)
    """Path to bytes."""
    packages: Mapping[str, Files] | None = None
    """Macro files of each installed package by its name; None: they are to be looked for."""
    said: Mapping[str, bytes] = field(default_factory=dict)
    """Path to what `said.say` made of a file: it is not read again."""
    documents: Mapping[str, Any] = field(default_factory=dict)
    """Path to the document that this process has read for that, where it did."""


def checksum_of(code: str) -> str:
    """What tells a model's code from another: the sha256 of it as dbt takes it."""
    return hashlib.sha256(code.strip().encode()).hexdigest()


class Gathering:
    """What the files of one project say, and what could not be read of them."""

    def __init__(self, settings: ProjectFile, contents: Contents) -> None:
        self._settings = settings
        self._contents = contents
        self.templates = settings.templates
        """What templates are read with; macros are among them after `find_macros`."""
        self.nodes: dict[tuple[ResourceType, str], WrittenNode] = {}
        """By type and name; a version of a model by ``name.v2``."""
        self.described: dict[str, list[PropertiesEntry]] = {}
        """Section of the properties files to its entries."""
        self.singular: list[tuple[File, Calls]] = []
        """Singular tests."""
        self.generic: dict[str, Mapping[str, Any]] = {}
        """Generic test of the project to the config that its own macro gives it."""
        self._macro_files: list[File] = []
        self._macro_texts: dict[str, str | None] = {}
        self.warnings: list[str] = []

    def find_macros(self, files: Sequence[File]) -> None:
        """Let templates call the macros of `files` and of installed packages, read when one is called."""
        macros_lie_in = self._settings.macro_paths
        sql = [file for file in files if file.suffix == ".sql" and not file.problem]
        own = [file for file in sql if file.folder in macros_lie_in]
        self._macro_files = [
            file for file in sql if self._settings.defines_generic_tests(file.folder, file.folders)
        ]
        read = partial(self._texts_of, own)
        installed = self._contents.packages
        if installed is None:
            installed = installed_packages(self._settings)
        packages: dict[str, Files] = {**installed, self._settings.name: read}
        macros = Macros(
            self._settings.name,
            packages,
            adapter=self._settings.adapter,
            orders=self._settings.search_orders,
            broken=self._broken,
        )
        self.templates = replace(self.templates, macros=macros)

    def macro_texts(self) -> Iterator[tuple[str, str]]:
        """Path and text of each file that may define macros or generic tests."""
        return self._texts_of(self._macro_files)

    def _texts_of(self, files: Sequence[File]) -> Iterator[tuple[str, str]]:
        for file in files:
            if (content := self._macro_text(file)) is not None:
                yield file.path, content

    def _macro_text(self, file: File) -> str | None:
        """The text of a file that several ask for, read once: what is wrong with it is told once."""
        if file.path not in self._macro_texts:
            self._macro_texts[file.path] = self._content(file)
        return self._macro_texts[file.path]

    def read(self, file: File) -> None:
        """Take in one file."""
        settings = self._settings
        if file.problem:
            self.warn(f"cannot be read, so what it holds is not judged: {file.problem}", file.path)
        elif file.suffix in {".yml", ".yaml"}:
            self._read_properties(file)
        elif file.suffix == ".csv" and file.folder in settings.seed_paths:
            self.add("seed", file.stem, file, (*file.folders, file.stem))
        elif file.folder in settings.model_paths and file.suffix in {".sql", ".py"}:
            self._read_model(file)
        elif file.folder in settings.snapshot_paths and file.suffix == ".sql":
            self._read_snapshots(file)
        elif file.suffix == ".sql" and settings.defines_generic_tests(file.folder, file.folders):
            self._read_generic_tests(file)
        elif file.folder in settings.test_paths and file.suffix == ".sql":
            content = self._content(file)
            if content is not None:
                self.singular.append((file, self._calls(file, content)))

    def _calls(self, file: File, content: str) -> Calls:
        if (said := self._contents.said.get(file.path)) is not None:
            with suppress(Unheard):
                return heard_calls(said)
        return self.templates.calls(content)

    def _document(self, file: File, content: str) -> Any:
        if file.path in self._contents.documents:
            return self._contents.documents[file.path]
        if (said := self._contents.said.get(file.path)) is not None:
            with suppress(Unheard):
                return heard_document(said)
        return load(content, render=self.templates.render_or_keep)

    def _read_model(self, file: File) -> None:
        content = self._content(file)
        if content is None:
            return
        if file.suffix == ".sql":
            calls = self._calls(file, content)
        else:
            try:
                calls = python_calls(content)
            except SyntaxError as error:
                self.warn(f"not valid Python: {error.msg}", file.path, error.lineno or 1)
                calls = Calls()
        node = self.add("model", file.stem, file, (*file.folders, file.stem), calls, content)
        if node is not None and file.suffix == ".py":
            node.language = "python"

    def _read_generic_tests(self, file: File) -> None:
        content = self._macro_text(file)
        if content is None or "test" not in content:
            return
        for block in self._blocks(file, content, "test", "data_test"):
            self.generic[block.name] = block.calls.config
            if any(gap.what == "config(enabled=…)" for gap in block.calls.gaps):
                self.warn(
                    f"cannot tell without dbt whether test {block.name} is enabled; taken as enabled",
                    file.path,
                    block.line,
                )

    def _read_snapshots(self, file: File) -> None:
        content = self._content(file)
        if content is None:
            return
        found = self._blocks(file, content, "snapshot")
        for block in found:
            fqn = (*file.folders, file.stem, block.name)
            self.add("snapshot", block.name, file, fqn, block.calls, block.code)
        if not found and "{%" in content:
            self.warn("no {% snapshot %} block could be read", file.path)

    def _blocks(self, file: File, content: str, *kinds: str) -> list[Block]:
        try:
            return list(self.templates.blocks(content, *kinds))
        except BrokenTemplate as error:
            self._broken(file.path, error.line, str(error))
            return []

    def _broken(self, path: str, line: int, message: str) -> None:
        self.warn(f"not valid Jinja: {message}", path, line)

    def add(
        self,
        kind: ResourceType,
        name: str,
        file: File,
        fqn: tuple[str, ...],
        calls: Calls | None = None,
        code: str = "",
    ) -> WrittenNode | None:
        """A new node; None, with a warning, where there is one of that name."""
        calls = calls or Calls()
        for gap in calls.gaps:
            self.warn(f"{gap.what} cannot be read without dbt", gap.path or file.path, gap.line)
        node = WrittenNode(kind, name, file.path, (self._settings.name, *fqn), calls, code)
        other = self.nodes.get((kind, name))
        if other is not None and not self._is_off(other):  # of two dbt takes the one that is on
            if not self._is_off(node):
                self.warn(f"{kind} {name} is also {other.path}; the first is used", file.path)
            return None
        self.nodes[(kind, name)] = node
        return node

    def _is_off(self, node: WrittenNode) -> bool:
        """Whether a node is disabled by its folder or by itself."""
        by_folder = self._settings.folder_config(SECTION[node.kind], node.fqn)
        return {**by_folder, **node.calls.config}.get("enabled") is False

    def _content(self, file: File) -> str | None:
        try:
            data = self._contents.files.get(file.path)
            if data is None:
                data = read_bounded(self._settings.directory / file.path, LIMIT)
        except ConfigurationError as error:
            self.warn(": ".join(part for part in (error.title, error.message) if part), file.path)
            return None
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            self.warn("not UTF-8 text", file.path, data.count(b"\n", 0, error.start) + 1)
            return None

    def _read_properties(self, file: File) -> None:
        content = self._content(file)
        if content is None:
            return
        try:
            document = self._document(file, content)
        except BrokenYaml as error:
            self.warn(f"not valid YAML: {error}", file.path, error.line)
            return
        if document is None:
            return
        if not isinstance(document, dict):
            self.warn("a properties file must be a mapping", file.path)
            return
        for section in (*SECTION.values(), *_BESIDE):
            value = document.get(section)
            if value is not None and not isinstance(value, list):
                self.warn(f"{section} must be a list", file.path)
            self.described.setdefault(section, []).extend(
                PropertiesEntry(entry, file) for entry in entries(value)
            )

    def warn(self, message: str, path: str = "", line: int = 1) -> None:
        """Note what a reader of the result should know."""
        if len(self.warnings) < _MAX_WARNINGS:
            self.warnings.append(f"{path}:{line}: {message}" if path else message)

    def warn_of(self, described: PropertiesEntry, message: str) -> None:
        """The same of an entry of a properties file."""
        self.warn(message, described.file.path, described.entry.line)
