"""Judging a directory as its data team has set it up: with floe.yaml where there is one.

The one place that says what floe.yaml means for an evaluation. Where the platform comes from, and
what is written afterwards, is not its business.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from msgspec import structs

from floe_engine.artifact.exceptions import as_waiver
from floe_engine.artifact.model import Waiver
from floe_engine.artifact.platform import Platform
from floe_engine.files import stands
from floe_engine.policy.evaluate import Evaluation, evaluate
from floe_engine.project.facts import Project
from floe_engine.project.reading import read_project
from floe_engine.project.spec import Spec
from floe_engine.project.spec_file import load_spec

SPEC_FILE = "floe.yaml"


def tightened(platform: Platform, spec: Spec) -> Platform:
    """The platform with the stricter gates that floe.yaml asks for; looser ones are never taken."""
    gates = platform.gates
    least = max(gates.minimum_test_coverage, spec.quality.minimum_coverage or 0)
    required = tuple(dict.fromkeys((*gates.required_tests, *spec.quality.required_tests)))
    if (least, required) == (gates.minimum_test_coverage, gates.required_tests):
        return platform
    asked = spec.quality.minimum_coverage or 0
    thresholds = {layer: max(minimum, asked) for layer, minimum in gates.layer_thresholds.items()}
    stricter = structs.replace(
        gates, minimum_test_coverage=least, required_tests=required, layer_thresholds=thresholds
    )
    # A layer's own minimum wins over the platform's, so it has to rise with it.
    layers = {
        name: layer
        if layer.minimum_test_coverage is None
        else structs.replace(layer, minimum_test_coverage=max(layer.minimum_test_coverage, asked))
        for name, layer in platform.layers.items()
    }
    return replace(platform, gates=stricter, layers=layers)


def own_waivers(spec: Spec) -> tuple[Waiver, ...]:
    """The waivers that the data team wrote itself."""
    return tuple(
        as_waiver(waiver, unnamed=f"{SPEC_FILE}-{number}") for number, waiver in enumerate(spec.waivers, 1)
    )


def projects_of(directory: Path) -> tuple[Spec | None, tuple[Project, ...]]:
    """The dbt projects that stand in `directory`, and the floe.yaml that names them, if any.

    Raises `ConfigurationError` for a bad floe.yaml or dbt project, `NothingChecked` for one that
    has no models.
    """
    if not stands(directory / SPEC_FILE):
        return None, (read_project(directory),)
    spec = load_spec(directory / SPEC_FILE)
    return spec, tuple(
        read_project(
            directory / transform.project_dir,
            reader=spec.dbt.reader,
            manifest=Path(spec.dbt.manifest),
            variables=spec.dbt.vars,
        )
        for transform in spec.transforms
    )


def judge(
    projects: Sequence[Project], platform: Platform, spec: Spec | None = None, *, today: date | None = None
) -> tuple[Evaluation, ...]:
    """An evaluation of each project under `platform`, as floe.yaml sharpens and excuses it."""
    if spec is None:
        return tuple(evaluate(platform, project, today=today) for project in projects)
    return tuple(
        evaluate(tightened(platform, spec), project, waivers=own_waivers(spec), today=today)
        for project in projects
    )
