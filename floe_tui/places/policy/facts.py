"""What the policy place shows of tests and mutants, as values, rows and text.

`run_tests`, `mutate` and `changed_files` run in workers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from floe_engine import CancelToken, FloeError, Report, read_bounded
from floe_tui.text import count
from floe_tui.widgets.row_view import Row, Tone
from floe_tui.widgets.rule_pane import asked

if TYPE_CHECKING:
    from floe_engine import CaseResult, RuleTrial, Stamps, Trial

MANIFEST = "manifest.yaml"

HOUSE_RULES = "House rules"
"""The suite of the platform's own rules; the engine counts their examples as cases of quality."""

_ASKS_HOUSE_RULES = "FLOE-E283"

LIMIT = 16_000_000
"""Bytes of a manifest that is shown."""

_KEY = re.compile(r"( *)([\w-]+) *:(?: |$)")


class Tested(Struct, frozen=True):
    """One run: each case's result by suite title and case name, in their order."""

    platform: str
    results: Mapping[tuple[str, str], CaseResult]
    paths: Mapping[str, Path | None]
    """Suite title to its file; None for the generated ones."""
    unexercised: tuple[str, ...]
    manifest: tuple[str, ...] = ()
    """The lines of the manifest that the generated cases are made from."""
    rules: Mapping[str, RuleTrial] = field(default_factory=dict)
    """The manifest's own house rules by their ids."""

    @property
    def suites(self) -> dict[str, list[tuple[str, CaseResult]]]:
        """Suite title to the names and results of its cases."""
        found: dict[str, list[tuple[str, CaseResult]]] = {title: [] for title in self.paths}
        for (suite, name), result in self.results.items():
            found[suite].append((name, result))
        return found

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the cases that did not pass."""
        return tuple(name for (_, name), result in self.results.items() if not result.passed)

    def renewed_by(self, some: Tested) -> Tested:
        """The same with the results of some cases that were run again."""
        results = {**self.results, **some.results}
        return replace(
            self, platform=some.platform, results=results, manifest=some.manifest, rules=some.rules
        )


class Mutated(Struct, frozen=True):
    """What became of every weakened platform."""

    trials: tuple[Trial, ...]
    own: bool
    """Whether only the team's own cases were asked."""

    @property
    def survivors(self) -> tuple[Trial, ...]:
        """Those that no case noticed."""
        return tuple(trial for trial in self.trials if trial.survived)

    @property
    def title(self) -> str:
        """As a suite."""
        return f"Mutants{', by the own cases alone' if self.own else ''}"

    @property
    def said(self) -> str:
        """In a few words."""
        return f"{len(self.survivors)} of {count(len(self.trials), 'mutant')} survived"


class Shown(Struct, frozen=True):
    """What a row stands for: a suite (neither result nor trial), a case, or a mutant."""

    suite: str
    case: str = ""
    result: CaseResult | None = None
    trial: Trial | None = None
    path: Path | None = None
    house: RuleTrial | None = None
    """The house rule that the case is an example of, where the manifest itself has it."""

    @property
    def title(self) -> str:
        """What it is called by itself."""
        return self.case or (self.trial.rule if self.trial is not None else self.suite)

    @property
    def is_head(self) -> bool:
        """Whether others stand under it."""
        return self.result is None and self.trial is None

    @property
    def rule(self) -> str:
        """The rule that a case is judged by first, or that a mutant weakens; empty: none."""
        if self.result is not None:
            return next(iter(self.result.case.rules), "")
        return str(self.trial.rule) if self.trial is not None else ""

    @property
    def line(self) -> int:
        """Where its file has it (from 1)."""
        return max(1, self.result.case.line) if self.result is not None else 1


def run_tests(directory: Path, names: Sequence[str], report: Report, cancel: CancelToken) -> Tested:
    """Run the policy tests of a directory's manifest; with `names`, only the cases of these names."""
    from floe_engine import Workspace, test_policies, try_rules

    run = test_policies(Workspace.open(directory), select=tuple(names), report=report, cancel=cancel)
    suites = [suite for suite in run.suites if suite.suite.path is None]
    own = [suite for suite in run.suites if suite.suite.path is not None]
    results = {
        (_suite_of(suite.title, result, suite in own), result.case.name): result
        for suite in run.suites
        for result in suite.cases
        if not names or result.case.name in names
    }
    paths: dict[str, Path | None] = {suite.title: None for suite in suites}
    if any(suite == HOUSE_RULES for suite, _ in results):
        paths[HOUSE_RULES] = None
    paths |= {suite.title: suite.suite.path for suite in own}
    try:
        text = read_bounded(directory / MANIFEST, LIMIT, what="manifest").decode("utf-8", "replace")
    except FloeError:
        text = ""  # it was read a moment ago; the tests themselves say what is wrong with it
    rules = {rule.id: rule for rule in try_rules(text)}
    return Tested(run.platform, results, paths, tuple(run.unexercised), tuple(text.splitlines()), rules)


def _asked_of(result: CaseResult) -> str:
    return next((expected.resource for expected in result.case.expect), "")


def _suite_of(title: str, result: CaseResult, own: bool) -> str:
    return HOUSE_RULES if not own and result.case.rules == (_ASKS_HOUSE_RULES,) else title


def mutate(directory: Path, own: bool, report: Report, cancel: CancelToken) -> Mutated:
    """Weaken one demand of the platform at a time, and judge every case by it."""
    from floe_engine import Workspace, mutate_policies

    run = mutate_policies(Workspace.open(directory), own=own, report=report, cancel=cancel)
    return Mutated(run.trials, own)


def changed_files(
    directory: Path, files: Callable[[], Sequence[Path]] | None
) -> tuple[Callable[[], Sequence[Path]], Stamps]:
    """What decides about the tests, and the state of it now; `files` is what an earlier call gave."""
    from floe_engine import Workspace, platform_files, stamps

    files = files or platform_files(Workspace.open(directory), cases=True)
    return files, stamps(files())


def rows_of(
    tested: Tested, mutated: Mutated | None, folded: Collection[str], *, only_failed: bool
) -> tuple[list[Row], dict[str, Shown]]:
    """Suites with their cases, then the mutants, as rows; and what each row stands for."""
    rows: list[Row] = []
    shown: dict[str, Shown] = {}

    def add(row: Row, what: Shown) -> None:
        rows.append(row)
        shown[row.key] = what

    for suite, cases in tested.suites.items():
        good = sum(1 for _, result in cases if result.passed)
        if only_failed and good == len(cases):
            continue
        path = tested.paths[suite]
        sign, tone = _judged(good == len(cases))
        head = ("", _head(suite, folded), f"{good}/{len(cases)}")
        add(Row(suite, head, sign, tone, heading=True), Shown(suite, path=path))
        for name, result in cases if suite not in folded else ():
            if not (only_failed and result.passed):
                sign, tone = _judged(result.passed)
                row = Row(f"{suite}\n{name}", (name, ""), sign, tone, suite)
                house = tested.rules.get(_asked_of(result)) if suite == HOUSE_RULES else None
                add(row, Shown(suite, name, result, path=path, house=house))
    if mutated is not None:
        for row, what in _mutants(mutated, folded, only_failed):
            add(row, what)
    return rows, shown


def _mutants(mutated: Mutated, folded: Collection[str], only_failed: bool) -> Iterator[tuple[Row, Shown]]:
    title, every, dead = mutated.title, len(mutated.trials), len(mutated.trials) - len(mutated.survivors)
    sign, tone = _judged(not mutated.survivors)
    yield Row(title, ("", _head(title, folded), f"{dead}/{every}"), sign, tone, heading=True), Shown(title)
    if title in folded:
        return
    # Survivors first: they are what one came for.
    for trial in sorted(mutated.trials, key=lambda trial: not trial.survived):
        if trial.survived or not only_failed:
            sign, tone = _judged(not trial.survived)
            key = f"{title}\n{trial.rule} {trial.change}"
            row = Row(
                key, (f"{trial.rule} {trial.change}", ""), sign, tone, "survivor" if trial.survived else ""
            )
            yield row, Shown(title, trial=trial)


def _head(title: str, folded: Collection[str]) -> str:
    return f"{'▸' if title in folded else '▾'} {title}"


def _judged(passed: bool) -> tuple[str, Tone]:
    return ("✓", "success") if passed else ("✗", "error")


def explained(shown: Shown) -> str:
    """A case (given, expected, found) or a mutant in full."""
    if shown.result is not None:
        rule = ["# House rule", asked(shown.house), ""] if shown.house is not None else []
        return "\n".join([*rule, _case(shown.result)])
    return _mutant(shown.trial) if shown.trial is not None else ""


def _mutant(trial: Trial) -> str:
    lines = [f"# {trial.rule}", trial.change, ""]
    if trial.survived:
        lines += [
            "✗ No case notices.",
            "Somebody could weaken the manifest so, and every test would stay green.",
            "",
            f"→ add a case that expects {trial.rule} to fail",
        ]
    else:
        lines.append(f"✓ noticed by {trial.noticed_by}")
    return "\n".join(lines)


def _case(result: CaseResult) -> str:
    case = result.case
    lines = ["# Given", case.given or count(len(case.project.models), "model")]
    lines += [f"  {model.name}" for model in case.project.models[:10]] if not case.given else []
    for label, value in (
        ("judged by", ", ".join(case.rules)),
        ("enforced", case.enforcement or ""),
        ("waivers", ", ".join(waiver.id for waiver in case.waivers)),
        ("on", str(case.today or "")),
    ):
        if value:
            lines.append(f"{label:<10} {value}")
    lines += ["", "# Expected and found"]
    for checked in result.checked:
        wanted = checked.expected
        sign = "✓" if checked.ok else "✗"
        severity = f" ({checked.severity})" if wanted.severity and checked.severity else ""
        lines.append(f"{sign} {wanted.rule} on {wanted.resource}")
        asked = f" ({wanted.severity})" if wanted.severity else ""
        lines.append(f"    expected {wanted.result}{asked}, found {checked.actual}{severity}")
        if checked.detail:
            lines.append(f"    {checked.detail}")
        if checked.actual == "skip":
            lines.append(f"    {wanted.rule} asks: {rule_title(wanted.rule)} ({rule_setting(wanted.rule)})")
    if result.unexpected:
        lines += ["", "# Found, and not expected"]
        lines += [f"✗ {item.rule} {item.subject}: {item.message}" for item in result.unexpected]
    return "\n".join(lines)


def unexercised_text(tested: Tested) -> str:
    """The rules that nothing would miss."""
    if not tested.unexercised:
        return "Every rule has a case that expects it to fail."
    return "\n".join(["# Rules that no case expects to fail", *tested.unexercised])


def rule_setting(rule: str) -> str:
    """Where a platform asks for it."""
    from floe_engine import rule_by_id

    known = rule_by_id(rule)
    return known.setting if known is not None else ""


def line_of(lines: Sequence[str], setting: str, hint: str = "") -> int:
    """The line (from 1) of a setting, or of the deepest part of it that a YAML text has; 0: of none.

    Of ``<layer>`` and the like the one that `hint` names is taken, or else the first.
    """
    found, start, outer = 0, 0, -1
    words = set(re.findall(r"[\w-]+", hint))
    for part in setting.split("."):
        inner, chosen = None, None
        for number in range(start, len(lines)):
            match = _KEY.match(lines[number])
            if match is None:
                continue
            depth = len(match[1])
            if depth <= outer:
                break
            inner = depth if inner is None else inner
            if depth != inner:
                continue
            if match[2] == part or (part.startswith("<") and match[2] in words):
                chosen = (number, depth)
                break
            if part.startswith("<") and chosen is None:
                chosen = (number, depth)
        if chosen is None:
            break
        start, outer = chosen[0] + 1, chosen[1]
        found = start
    return found


def rule_title(rule: str) -> str:
    """What a rule demands, in a few words."""
    from floe_engine import rule_by_id

    known = rule_by_id(rule)
    return known.title if known is not None else ""
