"""For a GitHub workflow: annotations, the most harmful findings first."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from floe_engine.acts import Act
from floe_engine.output.notation import annotation
from floe_engine.policy.evaluate import Evaluation
from floe_engine.policy.finding import Finding, located
from floe_engine.policy.harm import harm_of

if TYPE_CHECKING:
    from floe_engine.policy_tests.running import TestRun

SHOWN = 10
"""Annotations of a kind that GitHub shows of one step; it drops the others without a word."""

_COMMANDS = {"error": "error", "warning": "warning", "info": "notice"}


def step_annotations(evaluations: Sequence[tuple[Evaluation, str]]) -> Iterator[str]:
    """The worst findings that count of the projects of one step, as many as GitHub shows of each kind; the
    last line tells of the rest. Each project comes with the prefix that leads from the repository to it.
    """
    counting = [
        (finding, prefix)
        for evaluation, prefix in evaluations
        for finding in evaluation.findings
        if not finding.waived and not finding.baseline
    ]
    for severity, command in _COMMANDS.items():
        found = [(finding, prefix) for finding, prefix in counting if finding.severity == severity]
        found.sort(key=lambda pair: (harm_of(pair[0].rule), -pair[0].downstream))
        shown = found if len(found) <= SHOWN else found[: SHOWN - 1]
        for finding, prefix in shown:
            yield _annotation(finding, prefix)
        if len(shown) < len(found):
            rules = Counter(finding.rule for finding, _ in found[len(shown) :])
            worst = ", ".join(f"{rule} ×{count}" for rule, count in rules.most_common(6))
            yield annotation(
                command,
                f"{worst}{', …' if len(rules) > 6 else ''}: {Act.COMPILE} lists them",
                title=f"{len(found) - len(shown):,} more of the {command}s",
            )


def run_annotations(run: TestRun, base: Path) -> Iterator[str]:
    """An error for each policy test that fails, at its case; `base` is where files are named from."""
    failed = [(suite, result) for suite in run.suites for result in suite.failures]
    for suite, result in failed[:SHOWN]:
        where: dict[str, str | int] = {}
        if suite.suite.path is not None:
            path = Path(os.path.relpath(suite.suite.path, base)).as_posix()
            where = {"file": path, "line": max(result.case.line, 1)}
        title = f"{suite.title}: {result.case.name}"
        yield annotation("error", "\n".join(result.problems), **where, title=title)
    if len(failed) > SHOWN:
        yield annotation("error", f"{Act.TEST} lists them", title=f"{len(failed) - SHOWN} more cases")


def _annotation(finding: Finding, prefix: str) -> str:
    where: dict[str, str | int] = {}
    if finding.path:
        where = {"file": located(prefix, finding.path), "line": max(finding.line, 1)}
    fix = f"\nfix: {finding.suggestion}" if finding.suggestion else ""
    title = f"{finding.rule} {finding.subject}"
    return annotation(_COMMANDS[finding.severity], finding.message + fix, **where, title=title)
