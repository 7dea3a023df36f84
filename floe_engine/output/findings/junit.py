"""For CI systems that read JUnit's XML (the dialect of the Jenkins xUnit plugin, junit-10.xsd).

A rule is a suite and each subject a case: a failure where the build stops, skipped where a waiver
or the baseline excuses it, and a note in ``system-out`` for warnings, which JUnit does not know.
Texts are without what XML permits nowhere, and what a web page would obey (bidi) or hide.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from floe_engine.acts import Act
from floe_engine.output.findings.outcomes import AskedRule, checks
from floe_engine.policy.evaluate import Evaluation
from floe_engine.policy_tests.running import TestRun
from floe_engine.text import printable


def evaluations_junit(evaluations: Sequence[Evaluation], prefixes: Sequence[str] = ()) -> str:
    """Evaluations of one or more projects, one suite a rule that was asked of anything.

    `prefixes` lead from the repository to each project (``dbt/``).
    """
    names = ", ".join(evaluation.project for evaluation in evaluations)
    root = Element("testsuites", name=printable(f"{Act.COMPILE.line()}: {names}"))
    for evaluation, prefix in zip(evaluations, prefixes or [""] * len(evaluations), strict=True):
        name = f"{evaluation.project} " if len(evaluations) > 1 else ""
        _add_suites(root, evaluation, name, prefix)
    _count(root)
    return _xml(root)


def _add_suites(root: Element, evaluation: Evaluation, name: str, prefix: str) -> None:
    for rule, asked in itertools.groupby(checks(evaluation), key=lambda check: check.rule):
        suite = SubElement(root, "testsuite", name=printable(f"{name}{rule.id} {rule.title}"))
        key = f"{name}{rule.id}".replace(" ", ".")
        for check in asked:
            _case(suite, check, key, prefix)
        _count(suite)


def run_junit(run: TestRun) -> str:
    """A run of policy tests, one suite a suite."""
    root = Element("testsuites", name=printable(f"{Act.TEST.line()}: {run.platform}"))
    for result in run.suites:
        suite = SubElement(root, "testsuite", name=printable(result.title), time=f"{result.seconds:.3f}")
        for case in result.cases:
            element = SubElement(
                suite, "testcase", name=printable(case.case.name), classname=printable(result.title)
            )
            if not case.passed:
                failure = SubElement(
                    element, "failure", message=printable(case.problems[0]), type="PolicyTest"
                )
                lines = (f"given: {case.case.given}", *case.problems)
                failure.text = "\n".join(map(printable, lines))
        _count(suite)
    _count(root)
    return _xml(root)


def _case(suite: Element, check: AskedRule, key: str, prefix: str) -> None:
    """`key` and the subject's name tell the case from every other, in all projects."""
    element = SubElement(suite, "testcase", name=printable(check.subject), classname=printable(key))
    text = "\n".join(map(printable, check.lines(prefix)))
    match check.came:
        case "failed":
            failure = SubElement(element, "failure", message=printable(check.headline), type=check.rule.id)
            failure.text = text
        case "excused":
            SubElement(element, "skipped", message=printable(check.excuse))
        case "warned":
            SubElement(element, "system-out").text = text


def _count(element: Element) -> None:
    cases: Iterable[Element] = list(element.iter("testcase"))
    counts = {
        "tests": sum(1 for _ in cases),
        "failures": sum(case.find("failure") is not None for case in cases),
        "skipped": sum(case.find("skipped") is not None for case in cases),
        "errors": 0,
    }
    for name, count in counts.items():
        if name != "skipped" or element.tag == "testsuite":
            element.set(name, str(count))


def _xml(root: Element) -> str:
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'
