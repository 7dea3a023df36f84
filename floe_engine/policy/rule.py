"""What a rule is: one class with an ID, a reason, and a question asked of one subject.

A rule knows nothing of dbt's JSON, of reports or of severity: the platform's enforcement decides
that (`enforcement.py`). Its docstring is its documentation: the first line is its title, the rest
says why and what passes; `docs/rules.md` and ``floe explain`` print it.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from msgspec import Struct

from floe_engine.artifact.paths import CLASSIFICATION
from floe_engine.artifact.platform import Platform
from floe_engine.artifact.sections import LevelRule
from floe_engine.manifest.terms import Enforcement, governor_of
from floe_engine.policy.finding import Finding, FindingSeverity
from floe_engine.policy.reads import SENSITIVITY, Place
from floe_engine.policy.view import View
from floe_engine.project.facts import Beside, Column, Group, Macro, Model, Source

if TYPE_CHECKING:
    from floe_engine.policy.resources import ExampleNodes

Node: TypeAlias = Model | Source | Beside | Group
"""What the project of an example is made of."""

Examined = tuple[str, Sequence[Finding]]
"""A subject and what a rule found there: nothing, if it passed."""


class Family(StrEnum):
    """The part of the platform that a rule belongs to; it decides the default enforcement."""

    NAMING = "naming"
    QUALITY = "quality"
    CLASSIFICATION = "classification"
    ACCESS = "access"
    WAIVERS = "waivers"


_FAMILIES = {
    "FLOE-E20": Family.NAMING,
    "FLOE-E24": Family.CLASSIFICATION,
    "FLOE-E25": Family.CLASSIFICATION,
    "FLOE-E26": Family.ACCESS,
    "FLOE-E29": Family.WAIVERS,
}
"""By how an ID begins; the others are the quality gates'."""


def spelt(rule_id: str) -> str:
    """A rule ID, or a glob over some, as rules write it: upper case, with ``FLOE-``."""
    return f"FLOE-{rule_id.strip().upper().removeprefix('FLOE-')}"


def family_of(rule_id: str) -> Family:
    """The part of the platform that the rule of an ID belongs to."""
    return _FAMILIES.get(rule_id[:8], Family.QUALITY)


class Example(Struct, frozen=True):
    """What a rule must pass, or must not: its own case among a platform's policy tests."""

    name: str
    given: str
    """The project in a few words, for people."""
    subject: str
    """The resource that the rule is asked about."""
    nodes: tuple[Node, ...]
    """What the project has."""
    passes: bool | None
    """None: the rule is not asked of it."""
    also: tuple[tuple[str, bool], ...] = ()
    """What else the rule says: a resource, and whether that passes."""
    ask: Callable[[Platform], ExampleAnswer] | None = None
    """Asks the platform by itself, where what is judged is no project."""
    severity: FindingSeverity = "error"
    """The most that enforcement may make of it, as in `Rule.finding`."""


class ExampleAnswer(Struct, frozen=True):
    """What is said of an example that is no project: whether it passes (None: it is not judged), and why."""

    passes: bool | None
    why: str
    severity: FindingSeverity = "error"


def of_model(name: str, given: str, model: Model, passes: bool | None, *others: Node, **more: Any) -> Example:
    """An example of a model; `others` are in its project too, and `more` are fields of the example."""
    return Example(name, given, model.name, (*others, model), passes, **more)


def met_and_not(title: str, met: Model | None, not_met: Model | None) -> Iterator[Example]:
    """The same demand of a model's columns, once met and once not; None: another example shows that."""
    for model, word in ((met, "met"), (not_met, "not met, and refused")):
        if model is not None:
            columns = ", ".join(f"{each.name} {each.data_type or ''}".strip() for each in model.columns)
            given = f"model {model.name} with {columns or 'no columns'}"
            yield of_model(f"{title}: {word}", given, model, model is met)


class Rule(ABC):
    """One demand of a platform on a project."""

    id: ClassVar[str]
    """Stable, such as ``FLOE-E201``; never used again for another demand. The number says the family."""
    setting: ClassVar[str]
    """Where manifest.yaml asks for it, such as ``naming.enforcement``."""
    reads: ClassVar[tuple[Place, ...]]
    """What it reads of the platform: a change there, and nowhere else, can change what it finds."""
    asked: ClassVar[str] = ""
    """The attribute of the platform that says something where it asks for this, ``gates.require_sources``;
    empty: `active` tells, or every platform does."""
    advisory: ClassVar[bool] = False
    """Whether it only informs: no enforcement makes it stop a build."""

    @cached_property
    def family(self) -> Family:
        """The part of the platform that it belongs to."""
        return family_of(self.id)

    @cached_property
    def title(self) -> str:
        """The first line of its documentation, without a final stop."""
        return (type(self).__doc__ or "").strip().partition("\n")[0].rstrip(".")

    @property
    def documentation(self) -> str:
        """Its docstring."""
        return inspect.getdoc(type(self)) or ""

    def active(self, platform: Platform) -> bool:
        """Whether the platform asks for this at all."""
        return not self.asked or bool(attrgetter(self.asked)(platform))

    def enforcement(self, platform: Platform) -> Enforcement:
        """How it bites where neither a setting of its own nor the cap says otherwise."""
        match governor_of(self.id):
            case "naming":
                return platform.naming.enforcement
            case "propagation":
                return platform.classification.propagation.enforcement
            case "gates":
                return "strict" if platform.gates.block_on_failure else "warn"
            case "warns":
                return "warn"
            case "nothing":
                return "strict"

    @abstractmethod
    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """What passes and what does not, built from a platform that asks for this (``make.platform``).

        All else in what `make` gives is as the platform wants it, so that an example can fail for this rule
        alone. A platform's policy tests are these; nobody else pays for them.
        """

    @abstractmethod
    def examine(self, view: View) -> Iterator[Examined]:
        """Every subject that the rule applies to, each with what is wrong there."""

    def finding(
        self,
        subject: Model | Source | Beside | str,
        message: str,
        *,
        column: Column | None = None,
        expected: str = "",
        actual: str = "",
        suggestion: str = "",
        parameter: str = "",
        fix: str = "",
        config: str = "",
        measure: float | None = None,
        severity: FindingSeverity = "error",
        at: tuple[str, int] | None = None,
    ) -> Finding:
        """A finding of this rule, placed where a reader can mend it.

        That is `at` a path and a line, else where the subject is: as text it is the project or a layer, which
        has no line of its own. `fix` names the
        edit that would resolve it where that edit is not on the subject itself, `config` the config that
        causes it and what that says (``access:public``), by which the folder is found that has it.
        `severity` is the most that enforcement may make of it.
        """
        if isinstance(subject, str):
            name, (path, line) = subject, at or ("dbt_project.yml", 1)
        else:
            name, (path, line) = subject.label, at or place(subject, column)
        if column is not None:
            name = f"{name}.{column.name}"
        return Finding(
            rule=self.id,
            subject=name,
            message=message,
            path=path,
            line=line,
            parameter=parameter,
            expected=expected,
            actual=actual,
            suggestion=suggestion,
            fix=fix,
            config=config,
            measure=measure,
            severity=severity,
        )


class ModelRule(Rule):
    """A rule that is asked of each model by itself."""

    def applies(self, model: Model, view: View) -> bool:
        """Whether the rule has anything to say of this model; if not, it was not checked."""
        return True

    @abstractmethod
    def check(self, model: Model, view: View) -> Iterator[Finding]:
        """What is wrong with the model. Only called where the rule applies."""

    def models(self, view: View) -> Sequence[Model]:
        """Which resources it looks at: models, unless a subclass says otherwise."""
        return view.models

    def examine(self, view: View) -> Iterator[Examined]:
        """Ask every model that the rule applies to."""
        for model in self.models(view):
            if self.applies(model, view):
                yield model.label, tuple(self.check(model, view))


class LevelDemand(ModelRule):
    """A rule that a level asks of the models whose data, at its most sensitive, is of it."""

    demand: ClassVar[str]
    """What asks for it in ``governance.classification.rules``."""
    reads_besides: ClassVar[tuple[Place, ...]] = ()
    _unset: ClassVar[Any]

    def __init_subclass__(cls) -> None:
        """Name the setting, and the places at which a level is told and what it demands."""
        cls.setting = f"governance.classification.rules.<level>.{cls.demand}"
        cls.reads = (*cls.reads_besides, *SENSITIVITY, (CLASSIFICATION, "rules", "*", cls.demand))
        cls._unset = getattr(LevelRule(), cls.demand)

    def demanded(self, rule: LevelRule | None) -> Any:
        """What a level demands; None where it says nothing of it."""
        said = getattr(rule, self.demand, None)
        return said if said != self._unset else None

    def active(self, platform: Platform) -> bool:
        """Where some level demands something."""
        return any(self.demanded(rule) is not None for rule in platform.classification.rules.values())

    def applies(self, model: Model, view: View) -> bool:
        """Where the model's level demands something."""
        return self.demanded(view.level_rule(model)) is not None

    def check(self, model: Model, view: View) -> Iterator[Finding]:
        """Compare the model with what its level demands."""
        level = view.highest[model.unique_id].level
        return self.compare(model, level, self.demanded(view.level_rule(model)), view)

    @abstractmethod
    def compare(self, model: Model, level: str, demanded: Any, view: View) -> Iterator[Finding]:
        """What is wrong with the model beside what its level demands."""


class NodeRule(Rule):
    """A rule that is asked of models, seeds, snapshots and sources alike."""

    @abstractmethod
    def check(self, node: Model | Source, view: View) -> Iterator[Finding]:
        """What is wrong with the node."""

    def examine(self, view: View) -> Iterator[Examined]:
        """Ask every node."""
        for node in view.nodes:
            yield node.label, tuple(self.check(node, view))


def place(node: Model | Source | Beside, column: Column | None = None) -> tuple[str, int]:
    """Path and line of a node, or of one of its columns where that is known."""
    if not isinstance(node, Model | Macro):
        path, line = node.path, node.line or 1
    else:
        path, line = node.where
    if column is not None and column.line and isinstance(node, Model | Source):
        owner = node.path if isinstance(node, Source) else node.properties_path
        return owner or path, column.line
    return path, line
