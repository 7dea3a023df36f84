"""For a pull request: a summary that fits a comment, the details folded away."""

from __future__ import annotations

from collections.abc import Iterator

from floe_engine.acts import Act
from floe_engine.output.notation import COMMENT_LIMIT, markdown
from floe_engine.policy.evaluate import Evaluation
from floe_engine.policy.finding import Finding, located
from floe_engine.policy.remedies import remedies
from floe_engine.text import plural

MARKER = "<!-- floe-findings -->"
"""First line, by which an action finds the comment it wrote before."""

_OUTCOMES = {"done": "✅", "failed": "❌", "warned": "⚠️", "skipped": "➖"}


def findings_markdown(evaluation: Evaluation, *, prefix: str = "") -> str:
    """An evaluation as GitHub-flavoured Markdown of at most `COMMENT_LIMIT` characters.

    `prefix` leads from the repository to the project (``dbt/``).
    """
    head = list(_head(evaluation))
    rows = [_row(f, prefix) for f in evaluation.findings if not f.waived and not f.baseline]
    if not rows:
        return "\n".join(head) + "\n"
    open_, close = _FOLD, ["", "</details>"]
    room = COMMENT_LIMIT - sum(len(line) + 1 for line in (*head, *open_, *close)) - 100
    kept: list[str] = []
    for row in rows:
        room -= len(row) + 1
        if room < 0:
            break
        kept.append(row)
    left = len(rows) - len(kept)
    more = ["", f"…and {plural(left, 'finding')} more; {Act.COMPILE} lists them all."] if left else []
    return "\n".join((*head, *open_, *kept, *more, *close)) + "\n"


_FOLD = [
    "",
    "<details><summary>Findings</summary>",
    "",
    "| | rule | subject | what | fix |",
    "|---|---|---|---|---|",
]


def _head(evaluation: Evaluation) -> Iterator[str]:
    counts = evaluation.counts
    yield MARKER
    verdict = "passes" if evaluation.passed and not evaluation.nothing_checked else "does not pass"
    yield f"### {markdown(evaluation.project)} {verdict} {markdown(evaluation.platform)}"
    yield ""
    for step in evaluation.steps:
        yield f"- {_OUTCOMES[step.outcome]} {step.title}"
    yield ""
    said = [plural(counts.errors, "error"), plural(counts.warnings, "warning")]
    said += [f"{counts.waived} waived"] if counts.waived else []
    said += [f"{counts.baseline} in the baseline"] if counts.baseline else []
    share = evaluation.coverage.project
    tested = f"; {share} {evaluation.coverage.metric.replace('_', ' ')} tested" if share.total else ""
    yield f"**{', '.join(said)}** in {plural(evaluation.models, 'model')}{tested}."
    edits = [edit for edit in remedies(evaluation) if edit.blocking]
    if edits:
        yield ""
        yield "#### Start here"
        yield ""
        for edit in edits:
            yield f"1. {markdown(edit.title)}: resolves {plural(edit.resolves, 'finding')}"


def _row(finding: Finding, prefix: str) -> str:
    sign = {"error": "❌", "warning": "⚠️", "info": "ℹ️"}[finding.severity]
    place = (
        f"<br><sub>{markdown(f'{located(prefix, finding.path)}:{finding.line}')}</sub>"
        if finding.path
        else ""
    )
    cells = (
        sign,
        finding.rule,
        f"{markdown(finding.subject)}{place}",
        markdown(finding.message),
        markdown(finding.suggestion),
    )
    return f"| {' | '.join(cells)} |"
