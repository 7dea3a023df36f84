"""For a GitHub workflow: one annotation a line (workflow commands ``::error file=…,line=…::…``).

GitHub shows ten errors and ten warnings a step, so the ones with most dependents come first.
"""

from __future__ import annotations

from collections.abc import Iterator

from floe_engine.policy.evaluate import Evaluation
from floe_engine.policy.finding import Finding

_COMMANDS = {"error": "error", "warning": "warning", "info": "notice"}


def github_annotations(evaluation: Evaluation, *, prefix: str = "") -> Iterator[str]:
    """An annotation for each finding that counts. `prefix` leads from the repository to the project."""
    counting = [finding for finding in evaluation.findings if not finding.waived and not finding.baseline]
    order = list(_COMMANDS)
    for finding in sorted(counting, key=lambda f: (order.index(f.severity), -f.downstream)):
        yield _annotation(finding, prefix)


def _annotation(finding: Finding, prefix: str) -> str:
    properties = {"title": f"{finding.rule} {finding.subject}"}
    if finding.path:
        properties = {"file": f"{prefix}{finding.path}", "line": str(max(finding.line, 1))} | properties
    written = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    fix = f"\nfix: {finding.suggestion}" if finding.suggestion else ""
    return f"::{_COMMANDS[finding.severity]} {written}::{_data(finding.message + fix)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
