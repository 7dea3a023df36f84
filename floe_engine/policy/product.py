"""Judging a directory as its data team has set it up: with floe.yaml where there is one.

The one place that says what floe.yaml means for an evaluation. Where the platform comes from, and
what is written afterwards, is not its business.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from msgspec.structs import replace

from floe_engine.artifact.model import Waiver
from floe_engine.artifact.platform import Platform
from floe_engine.artifact.waivers import as_waiver
from floe_engine.document.document import parse
from floe_engine.document.text import read_text
from floe_engine.files import stands
from floe_engine.policy.evaluate import Evaluation, evaluate_together
from floe_engine.policy.finding import SPEC_FILE
from floe_engine.policy.rules.waivers import WaiverPlace, Waivers
from floe_engine.policy.view import platform_adapter
from floe_engine.project.facts import Project
from floe_engine.project.reading import read_project
from floe_engine.project.spec import Spec
from floe_engine.project.spec_file import load_spec


def tightened(platform: Platform, spec: Spec) -> Platform:
    """The platform with the stricter gates that floe.yaml asks for; looser ones are never taken."""
    gates = platform.gates
    least = max(gates.minimum_test_coverage, spec.quality.minimum_coverage or 0)
    required = tuple(dict.fromkeys((*gates.required_tests, *spec.quality.required_tests)))
    if (least, required) == (gates.minimum_test_coverage, gates.required_tests):
        return platform
    asked = spec.quality.minimum_coverage or 0
    thresholds = {layer: max(minimum, asked) for layer, minimum in gates.layer_thresholds.items()}
    stricter = replace(
        gates, minimum_test_coverage=least, required_tests=required, layer_thresholds=thresholds
    )
    # A layer's own minimum wins over the platform's, so it has to rise with it.
    layers = {
        name: layer
        if layer.minimum_test_coverage is None
        else replace(layer, minimum_test_coverage=max(layer.minimum_test_coverage, asked))
        for name, layer in platform.layers.items()
    }
    return replace(platform, gates=stricter, layers=layers)


def own_waivers(spec: Spec) -> tuple[Waiver, ...]:
    """The waivers that the data team wrote itself."""
    return tuple(
        as_waiver(waiver, unnamed=f"{SPEC_FILE}-{number}") for number, waiver in enumerate(spec.waivers, 1)
    )


def projects_of(
    directory: Path, spec: Spec | None = None, *, platform: Platform | None = None
) -> tuple[Spec | None, tuple[Project, ...]]:
    """The dbt projects that stand in `directory`, and the floe.yaml that names them, if any.

    `spec` is that file where it was read already; `platform` says what dbt connects with where no
    profiles.yml of the project does.

    Raises `ConfigurationError` for a bad floe.yaml or dbt project, `NothingChecked` for one that
    has no models.
    """
    adapter = platform_adapter(platform) if platform is not None else None
    if spec is None:
        if not stands(directory / SPEC_FILE):
            return None, (read_project(directory, adapter=adapter),)
        spec = load_spec(directory / SPEC_FILE)
    return spec, tuple(
        read_project(
            directory / transform.project_dir,
            reader=spec.dbt.reader,
            manifest=Path(spec.dbt.manifest),
            variables=spec.dbt.vars,
            adapter=adapter,
        )
        for transform in spec.transforms
    )


def judge(
    projects: Sequence[Project], platform: Platform, spec: Spec | None = None, *, today: date | None = None
) -> tuple[Evaluation, ...]:
    """An evaluation of each project under `platform`, as floe.yaml sharpens and excuses it."""
    if spec is not None:
        platform = tightened(platform, spec)
    return evaluate_together(platform, projects, excuses(platform, spec, projects, today=today))


def excuses(
    platform: Platform, spec: Spec | None, projects: Sequence[Project], *, today: date | None = None
) -> Waivers:
    """The waivers of the platform and of the data team, which know where they stand in floe.yaml."""
    today = today or datetime.now(UTC).date()
    if spec is None or not spec.waivers or not projects:
        return Waivers(platform, (), today)
    waivers = own_waivers(spec)
    return Waivers(platform, waivers, today, _places(spec, projects[0].directory, waivers))


def _places(spec: Spec, directory: Path, waivers: Sequence[Waiver]) -> dict[str, WaiverPlace]:
    """Where each waiver stands, seen from `directory`, the first dbt project's."""
    named = Path(os.path.relpath(".", spec.transforms[0].project_dir), SPEC_FILE).as_posix()
    path = directory / named
    if not stands(path):
        return {waiver.id: WaiverPlace(named) for waiver in waivers}
    document = parse(read_text(path, what=SPEC_FILE))
    return {
        waiver.id: WaiverPlace(named, document.locate(("waivers", number)).start.line + 1)
        for number, waiver in enumerate(waivers)
    }
