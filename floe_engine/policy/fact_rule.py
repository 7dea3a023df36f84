"""A rule that asks the facts that house rules ask too: what a reader cannot know is not judged."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Collection, Iterator
from typing import ClassVar, Generic, TypeAlias, TypeVar

from msgspec import Struct

from floe_engine.artifact.paths import QUALITY_GATES
from floe_engine.artifact.platform import Platform
from floe_engine.policy.finding import Finding
from floe_engine.policy.rule import Examined, Example, Rule
from floe_engine.policy.view import View
from floe_engine.project.facts import Beside, Column, Model, Source
from floe_engine.text import plural

_Subject: TypeAlias = Model | Source | Beside | str

F = TypeVar("F")
"""The facts of what is asked: `ModelFacts`, `SourceFacts`, `ExposureFacts` …"""


class Wrong(Struct, frozen=True):
    """What is wrong with a subject: a sentence that its name begins, and what is said beside it."""

    says: str
    expected: str
    actual: str = ""
    suggestion: str = ""
    parameter: str = ""
    measure: float | None = None
    config: str = ""
    """As in `Rule.finding`."""
    line: int = 0
    """Of the subject's own file, where it is there that this is mended (1-based)."""


class FactRule(Rule, Generic[F]):
    """A rule of the quality gates that is asked of every subject of a kind, each by itself."""

    kind: ClassVar[str]
    """One of `manifest.subjects`: ``model``, ``source``, ``exposure`` …"""

    def applies(self, of: F, view: View) -> bool:
        """Whether the rule has anything to say of a subject; if not, it was not checked."""
        return True

    @abstractmethod
    def check(self, of: F, view: View) -> Iterator[Wrong]:
        """What is wrong with a subject. Only called where the rule applies. May raise `Unknown`."""

    def examine(self, view: View) -> Iterator[Examined]:
        """Ask every subject. What could not be judged of several for one reason is told once."""
        # Most platforms ask for none of these rules, and the facts come with what house rules need.
        from floe_engine.cel.values import Unknown
        from floe_engine.policy.facts.subjects import Facts, subjects

        untold: dict[str, list[tuple[_Subject, Column | None, str, str]]] = {}
        for subject, column, values in subjects(view.once(Facts), self.kind):
            label = subject if isinstance(subject, str) else subject.label
            name = label if column is None else f"{label}.{column.name}"
            try:
                if self.applies(values[0], view):
                    wrong = tuple(self.check(values[0], view))
                    yield label, [finding_of(self, subject, column, name, each) for each in wrong]
            except Unknown as error:
                untold.setdefault(str(error), []).append((subject, column, label, name))
        for why, places in untold.items():
            subject, column, label, name = places[0]
            if len(places) > 1:
                subject = label = view.project.name
                name, column = f"{name} and {plural(len(places) - 1, 'other')}", None
            yield label, [finding_of(self, subject, column, name, not_judged(why, len(places)))]


def finding_of(rule: Rule, subject: _Subject, column: Column | None, name: str, wrong: Wrong) -> Finding:
    """The finding that something is wrong with a subject, which is called `name`."""
    return rule.finding(
        subject,
        f"{name} {wrong.says}",
        column=column,
        expected=wrong.expected,
        actual=wrong.actual,
        suggestion=wrong.suggestion,
        parameter=wrong.parameter,
        measure=wrong.measure,
        config=wrong.config,
        at=(subject.path, wrong.line) if wrong.line and not isinstance(subject, str) else None,
    )


def not_judged(why: str, count: int) -> Wrong:
    """What is said of so many that nobody can tell of, after their names."""
    return Wrong(
        f"{'was' if count == 1 else 'were'} not judged: {why}",
        expected="facts that can be told",
        actual=why,
        suggestion="run dbt parse and judge its manifest",
        parameter="unread",
        measure=-float(count),
    )


class WordRule(FactRule[F]):
    """A rule that a platform asks for by a word in one of its lists."""

    section: ClassVar[str]
    """The section of ``governance`` that has the list."""
    word: ClassVar[str]
    listed: ClassVar[str] = "require"
    """The list's name."""

    def __init_subclass__(cls) -> None:
        """Name the setting and the place that the word stands at."""
        if hasattr(cls, "section"):
            cls.setting = f"governance.{cls.section}.{cls.listed}"
            cls.reads = ((QUALITY_GATES, _camel(cls.section), cls.listed),)

    def active(self, platform: Platform) -> bool:
        """Where the word stands in the list."""
        asked: Collection[str] = getattr(getattr(platform.gates, self.section), self.listed)
        return self.word in asked


class LimitRule(FactRule[F]):
    """A rule that a platform asks for by a number: of each subject something is counted."""

    section: ClassVar[str]
    """The section of ``governance`` that has the number."""
    limit: ClassVar[str]
    """The number's name: ``max_…`` or ``min_…``."""
    otherwise: ClassVar[str] = ""
    """What else will do, beside another number."""
    line: ClassVar[int] = 0
    """As in `Wrong`."""

    def __init_subclass__(cls) -> None:
        """Name the setting and the place of the number."""
        if hasattr(cls, "limit"):
            cls.setting = f"governance.{cls.section}.{cls.limit}"
            cls.reads = ((QUALITY_GATES, _camel(cls.section), _camel(cls.limit)),)

    def number(self, platform: Platform) -> int | None:
        """The number; None where there is none."""
        said: int | None = getattr(getattr(platform.gates, self.section), self.limit)
        return said

    def active(self, platform: Platform) -> bool:
        """Where there is a number."""
        return self.number(platform) is not None

    @abstractmethod
    def counted(self, of: F, view: View) -> tuple[int, str]:
        """How many there are, and that as a sentence that the subject's name begins."""

    def shown(self, of: F, count: int) -> str:
        """What there is, for a report."""
        return str(count)

    def check(self, of: F, view: View) -> Iterator[Wrong]:
        """Compare, and say how far off it is."""
        limit, (count, says) = self.number(view.platform) or 0, self.counted(of, view)
        least = self.limit.startswith("min_")
        if count < limit if least else count > limit:
            yield Wrong(
                says,
                expected=f"at {'least' if least else 'most'} {limit}{self.otherwise}",
                actual=self.shown(of, count),
                measure=float(count if least else -count),
                line=self.line,
            )

    def around(self, platform: Platform) -> Iterator[tuple[int, Callable[..., Example]]]:
        """For examples: the number, which is `good`, and the next one that is `bad`."""
        limit = self.number(platform) or 0
        yield limit, good
        yield limit + (-1 if self.limit.startswith("min_") else 1), bad


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.title, rest))


def good(given: str, subject: Model | Source | Beside, *others: Model | Source | Beside) -> Example:
    """An example that passes: a subject, and what else the project has."""
    return Example(f"{given} is taken", given, subject.label, (subject, *others), passes=True)


def bad(given: str, subject: Model | Source | Beside, *others: Model | Source | Beside) -> Example:
    """An example that does not pass."""
    return Example(f"{given} is refused", given, subject.label, (subject, *others), passes=False)
