"""Data tests that a project's files declare, as resources of their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from floe_engine.project.dbt_yaml import Entry
from floe_engine.project.facts import DataTest, ProjectTest
from floe_engine.project.folders import File
from floe_engine.project.jinja.calls import Calls
from floe_engine.project.project_file import ProjectFile, merge_config
from floe_engine.project.properties import mapping
from floe_engine.project.spelling import tag_set, text_of


class SourceTests:
    """The tests of one project, as they are come upon."""

    def __init__(self, settings: ProjectFile) -> None:
        self._settings = settings
        self._names: Counter[str] = Counter()
        self.found: list[ProjectTest] = []

    def add(self, of: str, owner: str, entry: Entry, file: File | None, tests: Iterable[DataTest]) -> None:
        """Note tests as resources of their own, under the names that dbt gives short ones."""
        for test in tests:
            name = test.title or "_".join(filter(None, (test.name.replace(".", "_"), owner, test.column)))
            number = self._names[name] = self._names[name] + 1
            self.found.append(
                ProjectTest(
                    f"test.{self._settings.name}.{name}" + (f".{number}" if number > 1 else ""),
                    name,
                    (of,),
                    path=file.path if file is not None else "",
                    line=entry.line,
                    test=test.name,
                    column=test.column,
                    severity=test.severity,
                    where=test.where,
                    meta=test.meta,
                    tags=test.tags,
                )
            )

    def query(self, file: File, calls: Calls, parents: tuple[str, ...]) -> ProjectTest:
        """A test that is written as a query."""
        config = self._settings.folder_config("tests", (self._settings.name, *file.folders, file.stem))
        merge_config(
            config,
            self._settings.folder_config("data_tests", (self._settings.name, *file.folders, file.stem)),
        )
        merge_config(config, calls.config)
        return ProjectTest(
            f"test.{self._settings.name}.{file.stem}",
            file.stem,
            parents,
            path=file.path,
            severity="warn" if str(config.get("severity", "")).lower() == "warn" else "error",
            where=text_of(config.get("where")) or "",
            meta=mapping(config.get("meta")),
            tags=tag_set(config.get("tags")),
        )
