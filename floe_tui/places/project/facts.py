"""What the project place shows of a judged project, as values and rows. `judge` runs in a worker."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from floe_engine import CancelToken, FloeError, Report
from floe_tui.pinning import SEVERITIES, Ask, is_pinned
from floe_tui.places.project.mending import ALLOWED, Allowance, allowance
from floe_tui.text import count, shorten
from floe_tui.themes import GLYPHS
from floe_tui.widgets.marks import Toned, bar
from floe_tui.widgets.row_view import Row, Tone
from floe_tui.widgets.source_view import Remark

if TYPE_CHECKING:
    from floe_engine import Finding, Reached, StepStatus, Waiver

GROUPS = ("rule", "file", "severity", "waiver")

SOON = 30
"""Days before its end at which a waiver begins to be counted down."""

ORDER = {"error": 0, "warning": 1, "info": 2}

SOURCE_LIMIT = 2_000_000
"""Bytes of a source that are shown."""

_SHARE = re.compile(r"(\d+) of (\d+) \(")

_PERCENT = re.compile(r"(\d+)\s*%")

BAR, SMALL_BAR = 18, 10
"""Cells of a bar, and of one beside words that need the room."""

NAME = 14
"""Cells of the name before it, at most where the room is narrow."""

BESIDE = 2 + len(" 100 %  9999 of 9999")
"""Cells of what stands beside a name and its bar, with the air between them."""

UNPINNED = (
    "Nothing is pinned here yet: a platform is what a dbt project is judged by.\n"
    "F6  shows the versions there are, and i pins one\n"
    "0, then i  joins a platform that is published elsewhere"
)

SPEC = "floe.yaml"


class LocatedFinding(Struct, frozen=True):
    """A finding, and the file that it is in."""

    finding: Finding
    file: Path | None
    """Absolute; None where the platform itself is at fault, which has no file here."""
    shown: str
    """The file as seen from the directory that is worked in."""
    key: str = ""
    """Finds its row again, in every grouping."""

    @property
    def place(self) -> str:
        """``models/customers.sql:3``."""
        return f"{self.shown}:{self.finding.line}" if self.file is not None else "the platform"

    @property
    def quiet(self) -> bool:
        """Whether it stops nobody, because it is waived or was known before."""
        return bool(self.finding.waived or self.finding.baseline)

    @property
    def waiver(self) -> str:
        """The waiver that excuses it and how long it does; empty where none does."""
        waiver = self.finding.waiver
        return f"{waiver.id}, {_until(waiver)}" if waiver is not None else ""


class Covered(Struct, frozen=True):
    """How much of a layer, or of what somebody owns, is tested, in the platform's metric."""

    name: str
    tested: int
    total: int

    @property
    def percent(self) -> float:
        """0 to 100."""
        return 100 * self.tested / self.total if self.total else 0.0


class SensitiveWay(Struct, frozen=True):
    """A column that something sensitive is in, so deep below where it comes in."""

    reached: Reached
    file: Path
    shown: str
    lead: str
    """What is drawn before it: the branches of the tree."""

    @property
    def sign(self) -> tuple[str, Tone, str]:
        """Sign, tone and words for what it says of itself."""
        return {
            "declared": (GLYPHS["done"], "success", "declared"),
            "too low": (GLYPHS["error"], "error", "too low"),
            "passes": ("·", "info", "passed on"),
            "stopped": (GLYPHS["skipped"], "dim", "no longer sensitive"),
        }[self.reached.state]  # type: ignore[return-value]  # the tones are literals


class Judged(Struct, frozen=True):
    """One judgement of the project."""

    platform: str
    steps: tuple[tuple[str, str, str], ...]
    """Title, outcome and numbers of the seed's three lines."""
    findings: tuple[LocatedFinding, ...]
    rows: Mapping[str, Row]
    """Key to row, made in the worker: of thousands it takes longer than the screen can wait."""
    models: int
    profile: str
    layers: tuple[Covered, ...] = ()
    """How well each layer is tested, in the platform's order."""
    least: int = 0
    """Percent that the platform wants tested."""
    owners: tuple[Covered, ...] = ()
    """How well what each owner has is tested, the least first; empty where nobody is named."""
    ways: tuple[SensitiveWay, ...] = ()
    """Where what is sensitive goes: each column under the one that it comes from."""
    allowed: Allowance = ALLOWED
    """What the platform says of the data team's waivers."""


def judge(
    directory: Path, write: bool, ask: Ask, report: Report, cancel: CancelToken, *, read_only: bool = False
) -> Judged:
    """Compile the project of a directory; where `read_only`, only by the version that is locked."""
    from floe_engine import CompileOptions, Workspace, compile_project, overview

    options = CompileOptions(write_profile=write, frozen=read_only)
    workspace = Workspace.open(directory)
    done = compile_project(workspace, options=options, ask=ask, report=report, cancel=cancel)
    findings = [
        located(item, directory, project.directory)
        for project, evaluation in zip(done.projects, done.evaluations, strict=True)
        for item in evaluation.findings
    ]
    steps = [
        (step.title, step.outcome, "".join(_numbers(step)))
        for evaluation in done.evaluations
        for step in evaluation.steps
    ]
    written = f"✓ profiles.yml {done.profile_outcome}" if write and done.profile_path else ""
    models = sum(evaluation.models for evaluation in done.evaluations)
    platform = f"{done.platform.name} {done.platform.version}"
    keyed = tuple(_keyed(findings))
    rows = {item.key: row_of(item.key, item) for item in keyed}
    coverages = [evaluation.coverage for evaluation in done.evaluations]
    least = max((coverage.minimum for coverage in coverages), default=0)
    layers = tuple(
        Covered(layer or "no layer", share.tested, share.total)
        for coverage in coverages
        for layer, share in coverage.layers.items()
    )
    views = [overview(done.platform, project) for project in done.projects]
    owners = tuple(
        Covered(owner or "nobody", share.tested, share.total)
        for view in views
        for owner, share in view.owners.items()
    )
    if not any(owner for view in views for owner in view.owners):
        owners = ()
    ways = tuple(
        way
        for view, project in zip(views, done.projects, strict=True)
        for way in _ways(view.sensitive, project.directory, directory)
    )
    return Judged(
        platform, tuple(steps), keyed, rows, models, written, layers, least, owners, ways, allowance(done)
    )


def _ways(
    found: Sequence[Reached], project: Path, directory: Path, lead: str = "", top: bool = True
) -> Iterator[SensitiveWay]:
    """The ways as lines of a tree; of what comes in, the longest way first."""
    ordered = sorted(found, key=_spread, reverse=True) if top else found
    for at, reached in enumerate(ordered):
        last = at == len(ordered) - 1
        branch = "" if top else "└─ " if last else "├─ "
        file = project / reached.path
        shown = Path(os.path.relpath(file, directory)).as_posix()
        yield SensitiveWay(reached, file.absolute(), shown, lead + branch)
        deeper = lead if top else lead + ("   " if last else "│  ")
        yield from _ways(reached.onward, project, directory, deeper, top=False)


def _spread(reached: Reached) -> int:
    """How many places something reaches."""
    return 1 + sum(_spread(further) for further in reached.onward)


def way_rows(judged: Judged) -> list[Row]:
    """A row a place, under the one that it comes from."""
    rows = []
    for at, way in enumerate(judged.ways):
        sign, tone, words = way.sign
        again = ", as above" if way.reached.again else ""
        cells = (f"{way.lead}{way.reached.place}", way.reached.level, f"{words}{again}")
        rows.append(Row(f"way {at}", cells, sign, tone))
    return rows


def about_way(way: SensitiveWay) -> str:
    """Where a sensitive column is, and what is said of it."""
    reached, (sign, _, words) = way.reached, way.sign
    return "\n".join(
        (
            f"{sign} {words}",
            f"at         {way.shown}:{reached.line or 1}",
            f"level      {reached.level}",
            f"goes on to {', '.join(further.place for further in reached.onward) or 'nowhere'}",
        )
    )


def coverage_rows(judged: Judged, room: int) -> list[list[Toned]]:
    """A bar a layer, then a bar an owner, in `room` cells."""
    owners = [replace(owner, name=name) for owner, name in zip(judged.owners, _alone(judged), strict=True)]
    longest = max((len(part.name) for part in (*judged.layers, *owners)), default=0)
    cells = BAR if longest + BAR + BESIDE <= room else SMALL_BAR
    width = min(max(NAME, room - cells - BESIDE), longest)
    lines = [_bar(layer, width, cells, judged.least) for layer in judged.layers]
    if owners:
        lines.append([("by owner", "faint")])
        lines += [_bar(owner, width, cells, judged.least) for owner in owners]
    return lines


def _alone(judged: Judged) -> list[str]:
    """The owners' names, without the domain where they are addresses of one."""
    parts = [owner.name.partition("@") for owner in judged.owners]
    one = len({domain for _, _, domain in parts}) == 1
    return [
        local if one and local else owner.name
        for owner, (local, _, _) in zip(judged.owners, parts, strict=True)
    ]


def _bar(part: Covered, width: int, cells: int, least: int) -> list[Toned]:
    return [
        (f"{shorten(part.name, width):<{width}}  ", ""),
        *bar(part.percent, cells, least),
        (f" {part.percent:3.0f} %", ""),
        (f"  {part.tested} of {part.total}", "muted"),
    ]


def _keyed(findings: Sequence[LocatedFinding]) -> Iterator[LocatedFinding]:
    seen: Counter[str] = Counter()
    for item in findings:
        fingerprint = item.finding.fingerprint
        yield replace(item, key=f"{fingerprint} {seen[fingerprint]}")
        seen[fingerprint] += 1


def _numbers(step: StepStatus) -> Iterator[str]:
    if step.errors:
        yield f" {step.errors}"
    if step.warnings:
        yield f" {GLYPHS['warning']}{step.warnings}"


def read_source(file: Path) -> list[str]:
    """The lines of a file. Raises `FloeError`."""
    from floe_engine import read_bounded

    return read_bounded(file, SOURCE_LIMIT, what="source").decode("utf-8", "replace").splitlines()


def source_of(item: LocatedFinding) -> tuple[list[str], Remark]:
    """The lines of the file that a finding is in, and what is said of one. Raises `FloeError`."""
    assert item.file is not None
    lines = read_source(item.file)
    finding = item.finding
    sign, tone = (
        GLYPHS[finding.severity],
        {"error": "error", "warning": "warning"}.get(finding.severity, "muted"),
    )
    if item.quiet:
        sign, tone = GLYPHS["skipped"], "muted"
    if share := _SHARE.match(finding.actual):
        message = f"{share[1]} of {share[2]} tested, {finding.expected} demanded".replace("≥ ", "")
    else:
        message = finding.message.removeprefix(f"{finding.subject} ")
    return lines, Remark(finding.line, sign, tone, message)


def located(finding: Finding, directory: Path, project: Path) -> LocatedFinding:
    """Where a finding's file is: a path of the dbt project, but floe.yaml is the data product's."""
    if not finding.path:
        return LocatedFinding(finding, None, "")
    file = (directory if finding.path == SPEC else project) / finding.path
    shown = Path(os.path.relpath(file, directory)).as_posix()
    return LocatedFinding(finding, file.absolute(), shown)


def mistakes(error: FloeError, directory: Path) -> tuple[LocatedFinding, ...]:
    """The problems of floe.yaml that an error tells of, as findings, so that they open at their lines."""
    from floe_engine import ConfigurationError, Finding

    if not isinstance(error, ConfigurationError) or Path(error.where).name != SPEC:
        return ()
    return tuple(
        located(
            Finding(
                problem.code,
                SPEC,
                problem.message,
                SPEC,
                problem.span.start.line + 1,
                suggestion=problem.hint,
                severity=problem.severity.value,
            ),
            directory,
            directory,
        )
        for problem in error.diagnostics
    )


def reasons(error: FloeError, directory: Path) -> list[Row]:
    """Why nothing could be judged, as rows over all columns."""
    if not is_pinned(directory):
        return []
    lines = [*error.message.splitlines(), f"→ {error.hint}" if error.hint else ""]
    rows = [Row("reason", (error.title,), "✗", "error", heading=True)]
    return rows + [Row(f"reason {line}", (line,), tone="dim") for line in lines if line]


def grouped(findings: Sequence[LocatedFinding], by: str) -> list[tuple[str, list[LocatedFinding]]]:
    """Findings in groups; the groups with the worst findings first, then the largest."""
    groups: dict[str, list[LocatedFinding]] = {}
    for item in findings:
        name = {
            "rule": item.finding.rule,
            "file": item.shown or "the platform",
            "severity": item.finding.severity,
            "waiver": item.waiver or "no waiver",
        }[by]
        groups.setdefault(name, []).append(item)

    def worst(group: tuple[str, list[LocatedFinding]]) -> tuple[int, int, str]:
        name, members = group
        rank = min(ORDER[item.finding.severity] + 3 * item.quiet for item in members)
        return rank, -len(members), name

    return sorted(groups.items(), key=worst)


def group_title(name: str, members: Sequence[LocatedFinding], by: str) -> tuple[str, str, str]:
    """What stands over a group: a code, a title, and how many there are."""
    if by == "severity":
        noun = SEVERITIES[members[0].finding.severity]
        return "", f"{noun}s" if len(members) > 1 else noun, str(len(members))
    if by == "rule":
        from floe_engine import rule_by_id

        known = rule_by_id(name)
        if known is not None:
            return name.removeprefix("FLOE-"), known.title, str(len(members))
    return "", name, str(len(members))


def about_rule(rule_id: str) -> str:
    """What a rule demands, why, and where the platform asks for it; empty for what is no rule."""
    from floe_engine import rule_by_id

    rule = rule_by_id(rule_id)
    if rule is None:
        return ""
    # As it stands in the source it has line breaks of its own, and marks code.
    paragraphs = [" ".join(part.split()) for part in rule.documentation.replace("``", "").split("\n\n")]
    text = "\n\n".join(paragraphs)
    return f"# {rule.id}\n{text}\n\n# Asked for by\n{rule.setting} of manifest.yaml"


def row_of(key: str, item: LocatedFinding) -> Row:
    """A finding as a row."""
    tones: dict[str, Tone] = {"error": "error", "warning": "warning", "info": "info"}
    finding = item.finding
    sign, tone = GLYPHS[finding.severity], tones[finding.severity]
    if item.quiet:
        sign, tone = GLYPHS["skipped"], "dim"
    excused = f" (waived {_until(finding.waiver)})" if finding.waived and finding.waiver else ""
    # Who it is about stands before it already.
    cells = (finding.subject, f"{shortly(finding)}{excused}")
    search = f"{finding.rule} {finding.message} {item.shown} {finding.severity} {item.waiver}"
    return Row(key, cells, sign, tone, search, tail=tuple(_measure(finding)))


def shortly(finding: Finding) -> str:
    """What is wrong, where who it is about and the rule's title stand beside it."""
    if share := _SHARE.match(finding.actual):
        return f"{share[1]} of {share[2]}"
    return str(finding.message.removeprefix(f"{finding.subject} "))


def _measure(finding: Finding) -> Iterator[Toned]:
    """How far a share is from what is demanded, drawn."""
    share, least = _SHARE.match(finding.actual), _PERCENT.search(finding.expected)
    if share and least:
        percent = 100 * int(share[1]) / max(1, int(share[2]))
        yield from bar(percent, SMALL_BAR, float(least[1]))
        yield f" {percent:3.0f} %", "muted"


def in_full(item: LocatedFinding) -> str:
    """A finding with everything that helps to mend it."""
    finding = item.finding
    lines = [finding.message, "", f"at         {item.place}"]
    for label, value in (
        ("expected", finding.expected),
        ("actual", finding.actual),
        ("do", finding.suggestion),
        ("depends", count(finding.downstream, "dependent") if finding.downstream else ""),
    ):
        if value:
            lines.append(f"{label:<10} {value}")
    if waiver := finding.waiver:
        lines += ["", f"# Waiver {waiver.id}", waiver.reason]
        lines.append(f"owner      {waiver.owner or 'nobody'}")
        lines.append(f"expires    {waiver.expires or 'never'}{_left(waiver)}")
        if not finding.waived:
            lines.append("It makes less of the finding, but does not take it out of the count.")
    if finding.baseline:
        lines += ["", "Known from the baseline: it stops nothing."]
    return "\n".join(lines)


def _until(waiver: Waiver) -> str:
    return f"until {waiver.expires}{_left(waiver)}" if waiver.expires else "for ever"


def _left(waiver: Waiver) -> str:
    """How long a waiver still excuses, where that is not long."""
    try:
        days = (date.fromisoformat(waiver.expires or "") - date.today()).days
    except ValueError:
        return ""
    return f", {count(days, 'day')} left" if 0 <= days <= SOON else ""
