"""What an upgrade does to one project: its findings under the old platform and under the new.

A finding that is gone is not always good news: if its rule no longer looks at the subject, it was
not resolved but masked. Both evaluations say what they looked at, so the two are told apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Literal

from msgspec import Struct

from floe_engine.artifact.paths import LAYER_CONSTRAINTS, NAMING_RULES
from floe_engine.artifact.shape import Path
from floe_engine.policy.all_rules import rule_by_id
from floe_engine.policy.evaluate import Evaluation
from floe_engine.policy.finding import Finding, homes
from floe_engine.policy.rules.custom import TestsOfType
from floe_engine.policy.rules.required_tests import RequiredTest
from floe_engine.upgrade.folding import FOLLOWERS
from floe_engine.upgrade.readers import over_all, readers
from floe_engine.upgrade.rules import UNKNOWN, Assessment, Entry

Status = Literal["new", "worsened", "resolved", "eased", "no_longer_evaluated", "unchanged"]

STATUSES: tuple[Status, ...] = ("new", "worsened", "resolved", "eased", "no_longer_evaluated", "unchanged")


class Effect(Struct, frozen=True):
    """What becomes of one finding. `causes` are the upgrade entries behind it, costliest first."""

    status: Status
    before: Finding | None
    """Under the old platform; None where it is new."""
    after: Finding | None
    """Under the new platform; None where it is gone."""
    causes: tuple[Entry, ...] = ()

    @property
    def finding(self) -> Finding:
        """The finding as it is now, or as it was where it is gone."""
        found = self.after or self.before
        assert found is not None  # one of the two is always there
        return found

    @property
    def breaks(self) -> bool:
        """Whether it stops a build that it did not stop before."""
        was = self.before is not None and self.before.blocking
        return self.after is not None and self.after.blocking and not was


class Impact(Struct, frozen=True, dict=True):
    """Everything that an upgrade does to a project, what breaks first."""

    effects: tuple[Effect, ...]

    @property
    def breaking(self) -> tuple[Effect, ...]:
        """What would stop a build that runs today."""
        return tuple(effect for effect in self.effects if effect.breaks)

    @cached_property
    def counts(self) -> Mapping[Status, int]:
        """How many effects there are of each status."""
        found = Counter(effect.status for effect in self.effects)
        return {status: found[status] for status in STATUSES}

    @cached_property
    def causes(self) -> Mapping[str, int]:
        """Upgrade rule ID to how many findings it is the first cause of, of those that got worse."""
        found: Counter[str] = Counter()
        for effect in self.of("new", "worsened"):
            found[effect.causes[0].rule.id if effect.causes else ""] += 1
        return dict(found.most_common())

    def of(self, *statuses: Status) -> tuple[Effect, ...]:
        """The effects of some statuses."""
        return tuple(effect for effect in self.effects if effect.status in statuses)


def impact(old: Evaluation, new: Evaluation, assessment: Assessment | None = None) -> Impact:
    """Compare two evaluations of one project, under the old platform and the new.

    `assessment` is of the same two platforms; with it, effects name their causes. Findings are
    matched by rule, subject and parameter, so a reworded message is no change.
    """
    before, after = _by_identity(old), _by_identity(new)
    causes = _Causes(assessment, old, new) if assessment is not None else None
    effects = []
    for identity in (*after, *(key for key in before if key not in after)):
        effect = _effect(before.get(identity), after.get(identity), new)
        if causes is not None and effect.status != "unchanged":
            effect = Effect(effect.status, effect.before, effect.after, causes.of(effect.finding))
        effects.append(effect)
    return what_breaks_first(effects)


def what_breaks_first(effects: Iterable[Effect]) -> Impact:
    """Effects in the order in which they are told."""
    order = sorted(effects, key=lambda effect: (not effect.breaks, STATUSES.index(effect.status)))  # stable
    return Impact(tuple(order))


def _by_identity(evaluation: Evaluation) -> dict[tuple[str, str, str, int], Finding]:
    """Findings by what makes them the same; equal ones are numbered.

    Which kinds of test a custom rule counts tells its findings apart in a report, but a rule that
    counts more kinds still finds the same.
    """
    found: dict[tuple[str, str, str, int], Finding] = {}
    for finding in evaluation.findings:
        number = 0
        parameter = "" if finding.rule == TestsOfType.id else finding.parameter
        while (key := (finding.rule, finding.subject, parameter, number)) in found:
            number += 1
        found[key] = finding
    return found


def _effect(before: Finding | None, after: Finding | None, new: Evaluation) -> Effect:
    if before is None:
        return Effect("new", None, after)
    if after is None:
        return Effect("resolved" if new.was_checked(before) else "no_longer_evaluated", before, None)
    if _weight(after) > _weight(before):
        return Effect("worsened", before, after)
    return Effect("eased" if _weight(after) < _weight(before) else "unchanged", before, after)


def _weight(finding: Finding) -> tuple[int, int]:
    """How much a finding matters, and for how many; what is excused or known already matters least."""
    if finding.waived or finding.baseline:
        return 0, 0
    return {"info": 1, "warning": 2, "error": 3}[finding.severity], finding.count


# --- causes ------------------------------------------------------------------------------------

_OF_LAYERS = {place[:2] for place in dict(FOLLOWERS)[LAYER_CONSTRAINTS, "*"] if len(place) == 3} - {
    (NAMING_RULES, "aliases")  # by them a layer takes models that were in another one
}
"""Places with an entry for each layer, which goes with the layer."""


class _Causes:
    """Which changes can have brought a finding about, remembered by rule and layer."""

    def __init__(self, assessment: Assessment, old: Evaluation, new: Evaluation) -> None:
        self.assessment = assessment
        self.old = old
        self.new = new
        self._known: dict[tuple[str, frozenset[str], str], tuple[Entry, ...]] = {}

    def of(self, finding: Finding) -> tuple[Entry, ...]:
        subjects = finding.models or (finding.subject,)
        layers = frozenset(layer for subject in subjects for layer in self._layers(subject))
        key = (finding.rule, layers, finding.parameter)
        if key not in self._known:
            judged = [entry for entry in self.assessment.entries if _reaches(entry, finding)]
            near = [entry for entry in judged if _is_about(entry, finding, layers)]
            # A change that is named outright explains more than one that could touch any rule.
            direct = [entry for entry in near if not _over_all(entry)]
            self._known[key] = tuple(direct or near or judged)
        return self._known[key]

    def _layers(self, subject: str) -> Iterator[str]:
        """The layers of a model, of a column's model, or the layer that is itself the subject."""
        for home in homes(subject):
            for evaluation in (self.old, self.new):
                layer = evaluation.layers.get(home)
                if layer is not None:
                    yield layer
                elif home in evaluation.coverage.layers:
                    yield home


def _reaches(entry: Entry, finding: Finding) -> bool:
    return _over_all(entry) or finding.rule in readers(entry.change)


def _over_all(entry: Entry) -> bool:
    """Whether a change may touch any finding: it is about every rule, or nobody knows what it is about."""
    return entry.rule is UNKNOWN or over_all(entry.change.path)


def _is_about(entry: Entry, finding: Finding, layers: frozenset[str]) -> bool:
    layer = _layer_of(entry.change.path)
    if layer is not None and layers and layer not in layers:
        return False
    if entry.rule.id in ("TST001", "TST002"):  # a test of that name is required, or no longer
        rule = rule_by_id(finding.rule)
        wanted = rule.test if isinstance(rule, RequiredTest) else finding.parameter
        return not wanted or wanted == entry.change.path[-1]
    return True


def _layer_of(path: Path) -> str | None:
    """The one layer that a place is about; None where it is about several, or none."""
    if path[0] == LAYER_CONSTRAINTS:
        return path[1] if len(path) > 1 and path[1] != "_meta" else None
    return path[2] if len(path) > 2 and path[:2] in _OF_LAYERS else None
