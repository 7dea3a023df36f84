from __future__ import annotations

from pathlib import Path

import pytest

from floe_engine.errors import Cancelled
from floe_engine.events import CancelToken, Event, Transfer
from floe_engine.policy_tests.mutation import mutate
from tests.engine.policy.samples import platform
from tests.engine.policy_tests.test_suites import PLATFORMS

SEED = platform()

NAMING_ONLY = """\
apiVersion: floe.dev/v1
kind: PolicyTest
metadata: {name: naming}
cases:
  - name: staging prefix is refused
    rules: [FLOE-E201]
    given: {models: [{name: stg_payments}, {name: silver_payments}]}
    expect:
      - {rule: FLOE-E201, resource: stg_payments, result: fail}
      - {rule: FLOE-E201, resource: silver_payments, result: pass}
"""


@pytest.mark.parametrize("name", PLATFORMS)
def test_the_generated_suites_notice_every_weakening_of_any_platform(name: str) -> None:
    run = mutate(platform(**PLATFORMS[name]))
    assert [(trial.rule, trial.change) for trial in run.survivors] == []
    assert run.passed


def test_a_mutant_names_the_case_that_noticed_it() -> None:
    trials = {trial.change: trial.noticed_by for trial in mutate(SEED).trials}
    assert trials["data_architecture.layers.silver.required_tests is without unique_pk"] == (
        "Quality gate validation: silver: a model with unique_pk passes"
    )
    assert "the minimum coverage is 79%" in trials
    assert "data_architecture.layers.gold.may_depend_on allows source" in trials


def test_a_teams_own_cases_alone_leave_survivors_to_be_listed(tmp_path: Path) -> None:
    path = tmp_path / "naming.yaml"
    path.write_text(NAMING_ONLY, encoding="utf-8")
    run = mutate(SEED, [path], built_in=False)
    assert not run.passed
    noticed = {trial.change for trial in run.trials if not trial.survived}
    assert {"FLOE-E201 is switched off", "FLOE-E201 only warns", "layer silver has no prefix"} <= noticed
    survivors = {trial.change for trial in run.survivors}
    assert "data_architecture.layers.gold.required_tests is without documentation" in survivors
    assert "layer bronze has no prefix" in survivors


def test_progress_is_reported_and_a_cancelled_run_stops() -> None:
    said: list[Event] = []
    run = mutate(SEED, report=said.append)
    assert said[-1] == Transfer("mutants", len(run.trials), len(run.trials))
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        mutate(SEED, cancel=token)
