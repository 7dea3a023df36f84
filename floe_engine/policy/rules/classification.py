"""How sensitive data is, is said, is said right, and has consequences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache, partial
from itertools import chain, islice
from typing import TYPE_CHECKING

from msgspec import structs

from floe_engine.artifact.model import ClassificationPolicy
from floe_engine.artifact.paths import CLASSIFICATION
from floe_engine.artifact.sections import NamePattern
from floe_engine.expressions import found_in_any_case
from floe_engine.policy.finding import Finding
from floe_engine.policy.levels import Levels
from floe_engine.policy.meta import lookup, with_key
from floe_engine.policy.reads import PLACEMENT, SENSITIVITY
from floe_engine.policy.rule import Examined, Example, LevelDemand, ModelRule, NodeRule, Rule, of_model
from floe_engine.policy.view import View
from floe_engine.project.facts import Column, Model, Source
from floe_engine.sifting import sift
from floe_engine.text import as_words

if TYPE_CHECKING:
    from floe_engine.policy.resources import ExampleNodes


class LevelDeclared(ModelRule):
    """Every model declares how sensitive its data is.

    The model itself does, by meta or a tag, or every one of its declared columns does. Without
    that the default level is only an assumption.
    """

    id = "FLOE-E240"
    setting = "governance.classification.require_declared"
    asked = "classification.require_declared"
    reads = (*SENSITIVITY, (CLASSIFICATION, "require_declared"))

    def models(self, view: View) -> Sequence[Model]:
        """Seeds and snapshots hold data too."""
        return view.resources

    def check(self, model: Model, view: View) -> Iterator[Finding]:
        """Look at the model, then at all of its columns."""
        if view.declared[model.unique_id] is not None:
            return
        columns = view.declared_columns[model.unique_id]
        if model.columns and len(columns) == len(model.columns_by_name):
            return
        yield self.finding(
            model,
            f"{model.label} does not declare its classification",
            expected=f"one of {', '.join(view.levels.names)} in meta or tags",
            actual=f"{len(columns)} of {len(model.columns)} columns declare one" if columns else "none",
        )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """A model that says nothing, and one that says its level."""
        model = make.model()
        default = make.platform.classification.default
        yield of_model(
            "a model that declares no level is refused", f"model {model.name} without a level", model, False
        )
        declares = make.holding(make.layers[0], default)
        yield of_model(
            "a model whose columns declare their level passes",
            f"model {declares.name}, its key is {default}",
            declares,
            True,
        )


class KnownLevel(NodeRule):
    """A declared level is one of the platform's.

    A misspelt level protects nothing and follows no column downstream. Sources are asked too.
    """

    id = "FLOE-E241"
    setting = "governance.classification.levels"
    reads = SENSITIVITY

    def check(self, node: Model | Source, view: View) -> Iterator[Finding]:
        own, columns = view.declared[node.unique_id], view.declared_columns[node.unique_id]
        if (own is None or own.known) and all(level.known for level in columns.values()):
            return
        for column in (None, *node.columns):
            level = own if column is None else columns.get(column.folded)
            if level is not None and not level.known:
                name = node.label if column is None else f"{node.label}.{column.name}"
                yield self.finding(
                    node,
                    f"{name} declares the unknown level {level.level}",
                    column=column,
                    expected=f"one of {', '.join(view.levels.names)}",
                    actual=level.level,
                    config=f"meta:{level.level}" if column is None else "",
                )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        policy = make.platform.classification
        for level in policy.levels:
            model = make.holding(make.layers[0], level)
            given = f"model {model.name}, column {model.columns[0].name} is {level}"
            yield of_model(f"{level} is a level", given, model, True)
        stranger, model = make.unused("no_such_level", policy.levels), make.model()
        column = structs.replace(model.columns[0], meta={Levels(policy).keys[0]: stranger})
        yield Example(
            "an unknown level is refused",
            f"model {model.name}, column {column.name} is {stranger}",
            f"{model.name}.{column.name}",
            (structs.replace(model, columns=(column,)),),
            passes=False,
        )


class LooksSensitive(Rule):
    """A column whose name looks like sensitive data says what it is.

    Only columns that declare nothing are named, in models, seeds, snapshots and sources; any
    declaration, also a lower one, answers the question. A level declared for the whole model
    answers it too where it is high enough. Patterns are searched in the name and in its words;
    ``name_exceptions`` say which names only sound so.
    """

    id = "FLOE-E242"
    setting = "governance.classification.name_patterns"
    asked = "classification.name_patterns"
    reads = (*SENSITIVITY, (CLASSIFICATION, "namePatterns"), (CLASSIFICATION, "nameExceptions"))

    def examine(self, view: View) -> Iterator[Examined]:
        """Search each undeclared column's name; one name is searched once."""
        names = {column.name for node in view.nodes for column in node.columns}
        levels = view.once(sensitive_names).among(names)
        for node in view.nodes:
            own = view.declared[node.unique_id]
            declared = view.declared_columns[node.unique_id]
            findings = []
            for column in [column for column in node.columns if column.name in levels]:
                name, level = column.name, levels[column.name]
                if column.folded in declared:
                    continue
                if own is not None and own.rank >= view.levels.named(level).rank:
                    continue
                findings.append(
                    self.finding(
                        node,
                        f"{node.label}.{name} looks like {level} and declares no classification",
                        column=column,
                        expected="a declared classification",
                        actual="none",
                    )
                )
            yield node.label, tuple(findings)

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """For each pattern a column that it means, silent and declared."""
        from floe_engine.policy.words import words

        policy = make.platform.classification
        looks = SensitiveNames(policy)
        # All at once, and words are made from an expression where none of these is meant: that takes longest.
        known = looks.among(_LOOK_ALIKES)
        possible = sift([entry.pattern for entry in policy.name_patterns], known)
        for number, entry in enumerate(policy.name_patterns):
            means = partial(looks.is_in, entry.pattern)
            tried = (name for text, name in enumerate(known) if number in possible.get(text, ()))
            made = filter(looks.like, filter(means, islice(words(entry.pattern), 8)))
            name = next(chain(filter(means, tried), made), None)
            if name is None:
                continue
            silent = make.model(columns=(Column(name),))
            yield Example(
                f"a silent column {name} looks like {entry.level}",
                f"model {silent.name} with a column {name}",
                f"{silent.name}.{name}",
                (silent,),
                passes=False,
            )
            yield of_model(
                f"a declared column {name} passes",
                f"model {silent.name} with a column {name} that is {entry.level}",
                make.model(columns=(Column(name, **make.labelled(entry.level)),)),
                True,
            )


class ForbiddenLayer(LevelDemand):
    """Data of a level stays out of the layers that the level forbids.

    The level is the most sensitive one of the model and its columns.
    """

    id = "FLOE-E243"
    demand = "forbidden_layers"
    reads_besides = PLACEMENT

    def compare(self, model: Model, level: str, demanded: Sequence[str], view: View) -> Iterator[Finding]:
        layer = view.layer(model)
        if layer in demanded:
            yield self.finding(
                model,
                f"{model.label} holds {level} data in layer {layer}",
                expected=f"{level} data outside {', '.join(demanded)}",
                actual=f"layer {layer}",
            )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """Every layer that a level forbids, and one that it does not."""
        for level, rule in make.platform.classification.rules.items():
            others = [layer for layer in make.platform.layers if layer not in rule.forbidden_layers]
            for forbidden in rule.forbidden_layers:
                for layer in (forbidden, *others[:1]):
                    word = "is refused" if layer == forbidden else "is taken"
                    model = make.holding(layer, level)
                    title, given = f"{level} {word} in {layer}", f"model {model.name} holds {level}"
                    yield of_model(title, given, model, layer != forbidden)


class RequiredMeta(LevelDemand):
    """A model carries the meta keys that its level requires.

    Such as an owner or a retention period. An empty value does not count.
    """

    id = "FLOE-E244"
    demand = "requires_meta"

    def compare(self, model: Model, level: str, demanded: Sequence[str], view: View) -> Iterator[Finding]:
        for key in demanded:
            if lookup(model.meta, key) in (None, "", [], {}):
                yield self.finding(
                    model,
                    f"{model.label} is {level} and has no meta key {key}",
                    expected=f"meta: {{{key}: …}}",
                    actual="absent",
                    suggestion=f"add {key} to the model's meta",
                    parameter=key,
                )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """Every key absent, and given, beside all others that the level requires."""
        for level, rule in make.platform.classification.rules.items():
            for key in rule.requires_meta:
                others = {name: "given" for name in rule.requires_meta if name != key}
                whole = make.holding(make.layers[0], level)
                model = structs.replace(whole, meta=with_key({**whole.meta, **others}, key, None))
                given = f"model {model.name} holds {level}"
                yield of_model(f"{level} without meta {key} is refused", given, model, False)
                yield of_model(
                    f"{level} with meta {key} passes",
                    f"{given} and has {key}",
                    structs.replace(model, meta={**model.meta, key: "given"}),
                    True,
                )


_LOOK_ALIKES = (
    "email", "phone", "phone_number", "ssn", "dob", "birth_date", "first_name", "last_name",
    "home_address", "iban", "credit_card_number", "ip_address", "diagnosis", "mrn", "patient_id",
    "salary", "password", "vat_id", "mobile_number", "whatsapp", "customer_name", "spouse", "street",
    "postal_code", "latitude", "gender", "lunch_status",
)  # fmt: skip
"""Names tried against a platform's expressions; one that matches is an example."""


_REMEMBERED = 100_000
"""Names; a longer memory would only grow."""


@lru_cache(maxsize=16)
def _known(patterns: tuple[NamePattern, ...], exceptions: tuple[str, ...]) -> dict[str, str | None]:
    """What is known of names by now."""
    return {}


def sensitive_names(view: View) -> SensitiveNames:
    """What names look like to the view's platform, for `View.once`: many ask about the same names."""
    return SensitiveNames(view.platform.classification)


class SensitiveNames:
    """Which level a column's name looks like; a name that comes again is not searched again.

    What is known is shared by all that ask about the same expressions: a platform's policy tests ask
    hundreds of times about the same names.
    """

    def __init__(self, policy: ClassificationPolicy) -> None:
        self._patterns = policy.name_patterns
        self._sources = tuple(entry.pattern for entry in policy.name_patterns)
        self._exceptions = policy.name_exceptions
        self._known = _known(policy.name_patterns, policy.name_exceptions)
        self._searches: dict[str, Callable[[str], bool]] = {}

    def among(self, names: Iterable[str]) -> dict[str, str]:
        """The levels of those of many names that look like one: only what can be meant is searched for."""
        wanted = list(names)
        found = {name: self._known[name] for name in wanted if name in self._known}
        asked = [name for name in wanted if name not in found]
        if asked:
            found |= self._searched(asked)
        return {name: level for name in wanted if (level := found[name]) is not None}

    def like(self, name: str) -> str | None:
        """The level; None where no pattern means the name."""
        return self._known[name] if name in self._known else self.among([name]).get(name)

    def _searched(self, names: Sequence[str]) -> dict[str, str | None]:
        found: dict[str, str | None] = dict.fromkeys(names)
        for name, index in self._first(self._sources, names).items():
            found[name] = self._patterns[index].level
        # Few names look like anything, and only of these it matters that they only sound so.
        found.update(dict.fromkeys(self._first(self._exceptions, [n for n in names if found[n] is not None])))
        if len(self._known) < _REMEMBERED:
            self._known.update(found)
        return found

    def _first(self, sources: Sequence[str], names: Sequence[str]) -> dict[str, int]:
        """The first expression that is in a name as it is written, else in its words; by the name."""
        found = {}
        # Every word of a name is a part of it, so that nothing is lost where they are found later.
        for number, possible in sift(sources, names).items():
            name = names[number]
            words = as_words(name)
            for form in (name,) if words == name else (name, words):
                index = next((each for each in possible if self.is_in(sources[each], form)), None)
                if index is not None:
                    found[name] = index
                    break
        return found

    def is_in(self, source: str, text: str) -> bool:
        """Whether an expression is in a text, case apart."""
        search = self._searches.get(source)
        if search is None:
            search = self._searches[source] = found_in_any_case(source)
        return search(text)
