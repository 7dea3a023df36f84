"""`floe platform test`: how a run of policy tests is printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from floe_engine.cli.command import Face
from floe_engine.events import Event, Step
from floe_engine.text import plural, printable

if TYPE_CHECKING:
    from floe_engine.policy.running import TestRun


def run(face: Face, select: Sequence[str], verbose: bool = False, coverage: bool = False) -> int:
    """Run the tests once; exit code 1 where a case fails, 4 where there was none."""
    from floe_engine.errors import NothingChecked, Refused
    from floe_engine.workflows.test_policies import test_policies

    def report(event: Event) -> None:
        """The seed's lines are bare; how many cases a suite has is for those who ask."""
        if isinstance(event, Step) and not verbose:
            event = replace(event, detail="")
        face.output.report(event)

    result = test_policies(face.workspace, select=select, report=report, cancel=face.cancel)
    if not result.cases:
        raise NothingChecked("no policy test was run", hint="check the words after `floe platform test`")
    if face.output.format == "junit":
        from floe_engine.policy.report.junit import run_junit

        face.output.data(run_junit(result))
    else:
        _print(face, result, verbose, coverage)
    face.output.result(facts(result), ok=result.passed)
    return 0 if result.passed else Refused.exit_code


def _print(face: Face, result: TestRun, verbose: bool, coverage: bool) -> None:
    out = face.output
    for suite in result.suites:
        shown = suite.cases if verbose else suite.failures
        if shown:
            out.section()
            out.line(printable(suite.title))
        for case in shown:
            out.report(Step(case.case.name, "done" if case.passed else "failed"))
            for problem in case.problems:
                out.line(f"      {printable(problem)}")
    out.section()
    passed = sum(suite.passed for suite in result.suites)
    if result.passed:
        out.line(f"All {plural(passed, 'test')} passed")
    else:
        out.line(f"{passed} of {plural(len(result.suites), 'test')} passed")
    if coverage:
        rules = ", ".join(result.unexercised) or "none"
        out.line(f"Rules that no case exercises: {rules}")


def facts(result: TestRun) -> dict[str, Any]:
    """A run as JSON."""
    return {
        "platform": result.platform,
        "passed": result.passed,
        "suites": [
            {
                "title": suite.title,
                "passed": suite.passed,
                "cases": [
                    {"name": case.case.name, "passed": case.passed, "problems": list(case.problems)}
                    for case in suite.cases
                ],
            }
            for suite in result.suites
        ],
        "unexercised": list(result.unexercised),
    }
