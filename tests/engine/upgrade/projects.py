"""dbt projects for tests, written in a line: model name to its columns and their tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

Columns = Mapping[str, Sequence[str]]


def write_project(directory: Path, models: Mapping[str, Columns], *, name: str = "shop") -> Path:
    """A dbt project whose models have these columns with these tests."""
    folder = directory / "models"
    folder.mkdir(parents=True)
    settings = {"name": name, "version": "1.0", "profile": name, "model-paths": ["models"]}
    (directory / "dbt_project.yml").write_text(yaml.safe_dump(settings))
    described = []
    for model, columns in models.items():
        (folder / f"{model}.sql").write_text("select 1 as id\n")
        described.append(
            {
                "name": model,
                "description": f"{model}.",
                "columns": [
                    {"name": column, "description": f"{column}.", "data_tests": list(tests)}
                    for column, tests in columns.items()
                ],
            }
        )
    (folder / "schema.yml").write_text(yaml.safe_dump({"version": 2, "models": described}))
    return directory


GOOD: Columns = {"id": ["not_null", "unique"]}
HALF: Columns = {"id": ["not_null", "unique"], "amount": []}
