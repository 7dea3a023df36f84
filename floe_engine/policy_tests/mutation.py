"""Do the policy tests notice when a policy is weakened? One weak platform at a time, all cases.

A mutant that no case notices is a survivor: a demand that somebody could drop from manifest.yaml
with every test still green.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from floe_engine.artifact.platform import Platform
from floe_engine.events import CancelToken, Report, Transfer, silent
from floe_engine.policy.cases import Case, Suite, run_case
from floe_engine.policy_tests.mutants import Mutant, mutants
from floe_engine.policy_tests.suites import judge_of, suites_of


class Trial(Struct, frozen=True):
    """A mutant and the first case that noticed it, as ``suite: case``; empty for a survivor."""

    rule: str
    change: str
    noticed_by: str = ""

    @property
    def survived(self) -> bool:
        """Whether no case noticed."""
        return not self.noticed_by


class MutationRun(Struct, frozen=True):
    """What became of every mutant."""

    trials: tuple[Trial, ...]

    @property
    def survivors(self) -> tuple[Trial, ...]:
        """The mutants that no case noticed."""
        return tuple(trial for trial in self.trials if trial.survived)

    @property
    def passed(self) -> bool:
        """Whether every mutant was noticed (``--mutate --strict`` fails otherwise)."""
        return not self.survivors


def mutate(
    platform: Platform,
    files: Iterable[Path] = (),
    *,
    built_in: bool = True,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> MutationRun:
    """Judge every case by every weaker platform.

    With `built_in` off, only a team's own cases count: what would they notice by themselves? A
    case that is red on the platform itself notices nothing. Progress is reported as a `Transfer`
    of mutants.

    Raises `ConfigurationError` for a file that is no policy test.
    """
    cases = [
        (suite, case)
        for suite in suites_of(platform, files, built_in=built_in)
        for case in suite.cases
        if run_case(judge_of(suite, platform), case).passed
    ]
    weakened = list(mutants(platform))
    trials = []
    for done, mutant in enumerate(weakened, 1):
        if cancel is not None:
            cancel.check()
        trials.append(Trial(mutant.rule, mutant.change, _noticed(mutant, cases)))
        report(Transfer("mutants", done, len(weakened)))
    return MutationRun(tuple(trials))


def _noticed(mutant: Mutant, cases: Iterable[tuple[Suite, Case]]) -> str:
    """The first case that turns red; those that name the mutant's rule are asked first."""
    ordered = sorted(cases, key=lambda each: all(entry.rule != mutant.rule for entry in each[1].expect))
    rules = {mutant.rule, *mutant.others}
    for suite, case in ordered:
        if case.rules and not any(entry.rule in rules for entry in case.expect):
            # It is judged by other rules alone.
            continue
        if not run_case(judge_of(suite, mutant.platform), case).passed:
            return f"{suite.title}: {case.name}"
    return ""
