"""For harnesses that read the Test Anything Protocol, version 14 (testanything.org).

A check that stops the build is ``not ok``; a warning is a failure that is expected (``# TODO``), which no
harness counts; what a waiver or the baseline excuses is ``# SKIP``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from floe_engine.output.findings.outcomes import AskedRule, checks
from floe_engine.policy.evaluate import Evaluation
from floe_engine.policy_tests.running import TestRun
from floe_engine.text import printable


def evaluations_tap(evaluations: Sequence[Evaluation], prefixes: Sequence[str]) -> str:
    """A line for every check of all projects, with what was found below it."""
    many = len(evaluations) > 1
    tests = [
        _check(check, f"{evaluation.project} " if many else "", prefix)
        for evaluation, prefix in zip(evaluations, prefixes, strict=True)
        for check in checks(evaluation)
    ]
    return _stream(tests)


def run_tap(run: TestRun) -> str:
    """A line for every case of a run of policy tests."""
    return _stream(
        [
            (
                case.passed,
                f"{suite.title}: {case.case.name}",
                "",
                "" if case.passed else _block(case.problems),
            )
            for suite in run.suites
            for case in suite.cases
        ]
    )


_Test = tuple[bool, str, str, str]
"""Whether it is ok, what it is, its directive, and the YAML below it."""


def _check(check: AskedRule, name: str, prefix: str) -> _Test:
    title = f"{name}{check.rule.id} {check.subject}"
    match check.came:
        case "passed":
            return True, title, "", ""
        case "excused":
            return True, title, f"SKIP {check.excuse}", ""
        case "warned":
            return False, title, f"TODO {check.headline}", _block(check.lines(prefix))
        case _:
            return False, title, "", _block(check.lines(prefix))


def _block(lines: Iterable[str]) -> str:
    """What was found, as the YAML that TAP has room for; JSON's strings are YAML's."""
    written = (f"    - {json.dumps(printable(line), ensure_ascii=False)}\n" for line in lines)
    return f"  ---\n  found:\n{''.join(written)}  ...\n"


def _stream(tests: Sequence[_Test]) -> str:
    text = f"TAP version 14\n1..{len(tests)}\n"
    for number, (ok, title, directive, block) in enumerate(tests, 1):
        ending = f" # {_escaped(directive)}" if directive else ""
        text += f"{'ok' if ok else 'not ok'} {number} - {_escaped(title)}{ending}\n{block}"
    return text.rstrip("\n")


def _escaped(text: str) -> str:
    """Text in which nothing begins a directive: a backslash and a hash are escaped."""
    return printable(text).replace("\\", "\\\\").replace("#", "\\#")
