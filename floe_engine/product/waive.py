"""A waiver for one finding, written into floe.yaml."""

from __future__ import annotations

import glob
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec import Struct

from floe_engine.acts import Act
from floe_engine.artifact.model import Waiver
from floe_engine.document.document import parse
from floe_engine.document.edit import append, apply, insert_key
from floe_engine.document.text import read_text, rewrite
from floe_engine.errors import Refused, UsageError
from floe_engine.events import CancelToken, Report, silent
from floe_engine.policy.all_rules import rule_by_id
from floe_engine.policy.finding import Finding
from floe_engine.policy.rules.waivers import Waivers
from floe_engine.product.compile_project import CompiledProject, CompileOptions, compile_project
from floe_engine.project.spec_check import check_spec
from floe_engine.text import did_you_mean, plural, unified_diff
from floe_engine.workspace import SPEC_FILE, Workspace


class Waived(Struct, frozen=True):
    """What waiving wrote, or would write."""

    findings: tuple[Finding, ...]
    """Those that the waiver excuses."""
    waiver: Waiver
    before: str
    after: str

    @property
    def diff(self) -> str:
        """The change of floe.yaml as ``diff -u`` writes it."""
        return unified_diff(self.before, self.after, old=f"a/{SPEC_FILE}", new=f"b/{SPEC_FILE}")


def waive(
    workspace: Workspace,
    finding: str,
    *,
    reason: str,
    owner: str,
    expires: str | None,
    write: bool = True,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> Waived:
    """Excuse a finding, and all of its rule on the same model, in the data team's own words.

    `finding` is a fingerprint (its first digits will do), or a rule and a subject: ``E201 stg_x``.
    `expires` is a day as YYYY-MM-DD. Raises `UsageError` where no finding, or more than one, is meant,
    and `Refused` where the platform permits no such waiver.
    """
    compiled = compile_project(
        workspace, options=CompileOptions(write_profile=False), report=report, cancel=cancel
    )
    chosen, model = _meant(finding, compiled)
    pattern = glob.escape(model)  # this model and no other, whatever its name
    wanted: dict[str, Any] = {"pattern": pattern, "rules": [chosen.rule], "reason": reason, "owner": owner}
    if expires is not None:
        wanted["expires"] = _day(expires).isoformat()
    waiver = Waiver(
        id=f"{SPEC_FILE}-{len(compiled.spec.waivers) + 1}",
        pattern=pattern,
        rules=(chosen.rule,),
        reason=reason,
        owner=owner,
        expires=expires,
    )
    (entry,) = Waivers(compiled.platform, (waiver,), datetime.now(UTC).date()).own
    if not entry.holds:
        raise Refused(
            f"{compiled.platform.name} permits no such waiver",
            entry.why,
            hint="mend the finding, or ask the platform team for a waiver in manifest.yaml",
            where=SPEC_FILE,
        )
    before = read_text(workspace.spec_path)
    after = _with_waiver(before, wanted)
    checked = check_spec(after, base=Path(workspace.directory))
    if checked.spec is None:
        raise Refused("the waiver cannot be written", checked.errors[0].message, where=SPEC_FILE)
    covered = tuple(
        found
        for evaluation in compiled.evaluations
        for found in evaluation.findings
        if found.rule == chosen.rule and evaluation.asked_of(found) == model
    )
    if write:
        rewrite(workspace.files, SPEC_FILE, before, after)
    return Waived(covered, waiver, before, after)


def draft_waiver(workspace: Workspace, rule: str, model: str) -> tuple[str, str]:
    """floe.yaml before and after a waiver whose reason and owner are left to be written, for an editor.

    Until they are, the file is not valid, and whoever reads it is told at its line. The waiver holds as
    long as the platform lets one hold. Raises `Refused` where the platform permits no waivers, and what
    compiling raises.
    """
    compiled = compile_project(workspace, options=CompileOptions(write_profile=False))
    policy = compiled.platform.gates.waiver_policy
    if policy.allow_in_product == "never":
        raise Refused(
            f"{compiled.platform.name} permits no waivers in floe.yaml",
            hint="mend the finding, or ask the platform team for a waiver in manifest.yaml",
            where=SPEC_FILE,
        )
    last = datetime.now(UTC).date() + timedelta(days=policy.max_days)
    wanted = {"pattern": glob.escape(model), "rules": [rule], "reason": "", "owner": ""}
    before = read_text(workspace.spec_path, what=SPEC_FILE)
    return before, _with_waiver(before, {**wanted, "expires": last.isoformat()})


def _with_waiver(text: str, wanted: dict[str, Any]) -> str:
    """floe.yaml with one more waiver at the end of its list."""
    document = parse(text)
    if document.find(("waivers",)) is None:
        return apply(text, insert_key(document, (), "waivers", [wanted]))
    return apply(text, append(document, ("waivers",), wanted))


def _meant(text: str, compiled: CompiledProject) -> tuple[Finding, str]:
    """The finding, and the subject that its rule was asked of."""
    words = text.replace(":", " ", 1).split() if not _hexadecimal(text) else [text]
    found = [
        (finding, evaluation.asked_of(finding))
        for evaluation in compiled.evaluations
        for finding in evaluation.findings
        if _is(finding, evaluation.asked_of(finding), words)
    ]
    subjects = {(finding.rule, subject) for finding, subject in found}
    if len(subjects) == 1:
        return found[0]
    if found:
        raise UsageError(
            f"{text} means {plural(len(subjects), 'finding')}",
            ", ".join(f"{rule} {subject}" for rule, subject in sorted(subjects)[:5]),
            hint=f"name one: a rule and a model, {Act.WAIVE:'E201 stg_x'}, or more of the fingerprint",
        )
    known = [f"{f.rule} {f.subject}" for evaluation in compiled.evaluations for f in evaluation.findings]
    near = did_you_mean(" ".join(words), known)
    raise UsageError(
        f"there is no finding {text}",
        hint=f"did you mean '{near}'?"
        if near
        else f"{Act.COMPILE:--output json} has each finding's fingerprint",
    )


def _is(finding: Finding, subject: str, words: list[str]) -> bool:
    if len(words) == 1:
        return _hexadecimal(words[0]) and finding.fingerprint.startswith(words[0].lower())
    rule = rule_by_id(words[0])
    return rule is not None and finding.rule == rule.id and words[1] in (finding.subject, subject)


def _hexadecimal(text: str) -> bool:
    return 4 <= len(text) <= 16 and all(character in "0123456789abcdefABCDEF" for character in text)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"not a day: {text}", hint="write it as YYYY-MM-DD") from None
