"""Data tests that a project's files declare, as resources of their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from floe_engine.project.dbt_yaml import Lined
from floe_engine.project.facts import DataTest, ProjectTest
from floe_engine.project.folders import File
from floe_engine.project.jinja.calls import Calls
from floe_engine.project.project_file import ProjectFile, merge_config
from floe_engine.project.properties import mapping, text
from floe_engine.project.spelling import tag_set, text_of


class SourceTests:
    """The tests of one project, as they are come upon."""

    def __init__(self, settings: ProjectFile) -> None:
        self._settings = settings
        self._names: Counter[str] = Counter()
        self.found: list[ProjectTest] = []

    def add(self, of: str, owner: str, entry: Lined, file: File | None, tests: Iterable[DataTest]) -> None:
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

    def config(self, file: File, calls: Calls, entry: Lined | None) -> dict[str, Any]:
        """What a test that is written as a query is configured with: by folders, by its entry, by itself."""
        fqn = (self._settings.name, *file.folders, file.stem)
        config = self._settings.test_config(fqn)
        merge_config(config, mapping(entry.get("config")) if entry is not None else {})
        merge_config(config, calls.config)
        return config

    def query(
        self, file: File, config: Mapping[str, Any], parents: tuple[str, ...], entry: Lined | None
    ) -> ProjectTest:
        """A test that is written as a query."""
        return ProjectTest(
            f"test.{self._settings.name}.{file.stem}",
            file.stem,
            parents,
            path=file.path,
            description=text(entry.get("description")) if entry is not None else "",
            severity="warn" if str(config.get("severity", "")).lower() == "warn" else "error",
            where=text_of(config.get("where")) or "",
            meta=mapping(config.get("meta")),
            tags=tag_set(config.get("tags")),
        )
