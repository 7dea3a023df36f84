"""Running policy tests: the seed's four suites, then a team's own, with rule coverage."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from msgspec import Struct

from floe_engine.artifact.platform import Platform
from floe_engine.events import CancelToken, Outcome, Report, Step, silent
from floe_engine.policy.cases import Case, CaseResult, Suite, run_case
from floe_engine.policy_tests.suites import biting, judge_of, suites_of


class SuiteResult(Struct, frozen=True):
    """The verdict on a suite; `seconds` is how long its cases took together."""

    suite: Suite
    cases: tuple[CaseResult, ...]
    seconds: float = 0.0

    @property
    def title(self) -> str:
        """As the seed prints it."""
        return self.suite.title

    @property
    def passed(self) -> bool:
        """Whether every case passed."""
        return all(result.passed for result in self.cases)

    @property
    def failures(self) -> tuple[CaseResult, ...]:
        """The cases that did not."""
        return tuple(result for result in self.cases if not result.passed)


class TestRun(Struct, frozen=True):
    """What the policy tests of a platform say. A suite is one test, as in the seed's summary."""

    __test__ = False  # pytest would take the name for a test class

    platform: str
    suites: tuple[SuiteResult, ...]
    unexercised: tuple[str, ...] = ()
    """Active rules of which no case expects a violation: nobody would notice if they went."""

    @property
    def passed(self) -> bool:
        """Whether every suite passed."""
        return all(suite.passed for suite in self.suites)

    @property
    def cases(self) -> tuple[CaseResult, ...]:
        """Every case of every suite."""
        return tuple(result for suite in self.suites for result in suite.cases)

    @property
    def failures(self) -> tuple[CaseResult, ...]:
        """Every case that did not pass."""
        return tuple(result for result in self.cases if not result.passed)


def run_policy_tests(
    platform: Platform,
    files: Iterable[Path] = (),
    *,
    select: Sequence[str] = (),
    workers: int | None = None,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> TestRun:
    """Run the generated suites, then one suite a file.

    `select` keeps suites and cases whose title or name contains one of the words; `workers` is
    how many threads share the cases (None: one, for cases are short and Python runs one at a time;
    more help where cases read big manifests). Each finished suite is reported as a `Step`.

    Raises `ConfigurationError` for a file that is no policy test.
    """
    suites = (_chosen(suite, select) for suite in suites_of(platform, files))
    chosen = [suite for suite in suites if suite.cases or not select]
    results = []
    for suite in chosen:
        result = run_suite(platform, suite, workers=workers, cancel=cancel)
        outcome: Outcome = "done" if result.passed else "failed"
        report(Step(result.title, outcome, detail=f"{len(result.cases)} cases", key=f"suite:{result.title}"))
        results.append(result)
    return TestRun(
        platform=f"{platform.name} {platform.version}",
        suites=tuple(results),
        unexercised=unexercised(platform, chosen),
    )


def run_suite(
    platform: Platform, suite: Suite, *, workers: int | None = None, cancel: CancelToken | None = None
) -> SuiteResult:
    """Run one suite; a generated one is judged without the platform's waivers."""
    judged_by = judge_of(suite, platform)

    def run(case: Case) -> CaseResult:
        if cancel is not None:
            cancel.check()
        return run_case(judged_by, case)

    started = time.perf_counter()
    if workers is None or workers < 2:
        results = tuple(map(run, suite.cases))
    else:
        with ThreadPoolExecutor(workers) as pool:
            results = tuple(pool.map(run, suite.cases))
    return SuiteResult(suite, results, time.perf_counter() - started)


def unexercised(platform: Platform, suites: Iterable[Suite]) -> tuple[str, ...]:
    """Active rules of which no case of some suites expects a violation."""
    expected = {
        entry.rule
        for suite in suites
        for case in suite.cases
        for entry in case.expect
        if entry.result in ("fail", "warn", "waived")
    }
    return tuple(rule.id for rule in biting(platform) if rule.id not in expected)


def _chosen(suite: Suite, words: Sequence[str]) -> Suite:
    if not words or any(word.casefold() in suite.title.casefold() for word in words):
        return suite
    cases = tuple(c for c in suite.cases if any(word.casefold() in c.name.casefold() for word in words))
    return Suite(suite.title, cases, suite.path)
