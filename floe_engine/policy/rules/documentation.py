"""What is written about resources of each kind: descriptions, meta, tags."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec import Struct

from floe_engine.artifact.paths import QUALITY_GATES
from floe_engine.artifact.platform import Platform
from floe_engine.artifact.sections import MetaKey
from floe_engine.expressions import fullmatch
from floe_engine.policy.fact_rule import bad, finding_of, good, not_judged
from floe_engine.policy.finding import Finding
from floe_engine.policy.meta import lookup
from floe_engine.policy.rule import Examined, Example, Rule
from floe_engine.policy.view import View
from floe_engine.policy.words import words
from floe_engine.project.facts import Beside, Column, Model, Source, folded
from floe_engine.text import plural

if TYPE_CHECKING:
    from floe_engine.policy.resources import ExampleNodes

_NO_WORDS = frozenset({"none", "null", "n/a"})
_EMPTY: tuple[Any, ...] = (None, "", [], {})


class Written(Struct, frozen=True):
    """Something that is written about: a resource, a column of it, or a part that has no place of its own."""

    of: Any
    """What has ``description``, ``meta`` and ``tags``."""
    home: Model | Source | Beside
    column: Column | None = None
    part: str = ""
    """Which part: ``argument amount``; empty: the whole."""

    @property
    def name(self) -> str:
        """As a sentence begins with it."""
        if self.column is not None:
            return f"{self.home.label}.{self.column.name}"
        return f"{self.part} of {self.home.label}" if self.part else self.home.label


def written(view: View, kind: str) -> Iterator[Written]:
    """Everything of a kind that is to be judged, as `terms.Described` and `terms.Kept` name them."""
    match kind:
        case "column":
            yield from (Written(column, model, column) for model in view.models for column in model.columns)
        case "argument":
            for macro in view.macros:
                yield from (Written(each, macro, part=f"argument {each.name}") for each in macro.arguments)
        case "source" | "source_group":
            seen = set()
            for source in view.sources:
                if kind == "source":
                    yield Written(source, source)
                elif source.source_name not in seen:  # told once, at its first table
                    seen.add(source.source_name)
                    yield Written(source, source, part=f"source {source.source_name}")
        case "model" | "seed" | "snapshot":
            yield from (Written(node, node) for node in view.resources if node.resource_type == kind)
        case _:
            yield from (Written(each, each) for each in getattr(view, f"{kind}s"))


class WrittenRule(Rule):
    """A rule that a platform sets by kind of resource."""

    listed: ClassVar[str]
    """What ``governance.documentation`` calls it."""

    def __init_subclass__(cls) -> None:
        cls.setting = f"governance.documentation.{cls.listed}"
        cls.reads = ((QUALITY_GATES, "documentation", cls.listed),)

    def by_kind(self, platform: Platform) -> Mapping[str, Any]:
        """What is asked of each kind."""
        said: Mapping[str, Any] = getattr(platform.gates.documentation, self.listed)
        return said

    def active(self, platform: Platform) -> bool:
        return any(self.by_kind(platform).values())

    @abstractmethod
    def missing(self, each: Written, kind: str, asked: Any, view: View) -> Iterator[Finding]:
        """What something lacks. May raise `Unknown`."""

    def examine(self, view: View) -> Iterator[Examined]:
        from floe_engine.cel.values import Unknown

        found: dict[str, list[Finding]] = {}
        untold: dict[str, list[Written]] = {}
        for kind, asked in self.by_kind(view.platform).items():
            for each in written(view, kind) if asked else ():
                here = found.setdefault(each.home.label, [])
                try:
                    here.extend(self.missing(each, kind, asked, view))
                except Unknown as error:
                    untold.setdefault(str(error), []).append(each)
        unsaid = {each.home.label for several in untold.values() for each in several}
        yield from ((label, here) for label, here in found.items() if here or label not in unsaid)
        for why, several in untold.items():
            project, count = view.project.name, len(several)
            name = several[0].name + (f" and {plural(count - 1, 'other')}" if count > 1 else "")
            yield project, [finding_of(self, project, None, name, not_judged(why, count))]


class Described(WrittenRule):
    """What the platform wants described is described.

    ``governance.documentation.descriptions`` says of which kinds of resources, and how many characters a
    description has at least. ``none``, ``null`` and ``n/a`` describe nothing. Models and columns are asked
    for any description by ``quality_gates.require_descriptions`` and ``require_column_descriptions``.
    """

    id = "FLOE-E300"
    listed = "descriptions"

    def missing(self, each: Written, kind: str, asked: int, view: View) -> Iterator[Finding]:
        text = each.of.source_description if kind == "source_group" else each.of.description
        text = text.strip()
        if asked > 1 and "{{" in text and view.project.reader == "static":
            from floe_engine.cel.values import Unknown

            raise Unknown("only dbt could tell the words of a doc block")
        length = 0 if text.casefold() in _NO_WORDS else len(text)
        if length < asked:
            yield self.finding(
                each.home,
                f"{each.name} has no description"
                if not length
                else f"the description of {each.name} has {length} of {asked} characters",
                column=each.column,
                expected=f"a description of at least {asked} characters" if asked > 1 else "a description",
                actual=f"{length} characters" if length else "no description",
                suggestion=f"describe it in at least {asked} characters" if asked > 1 else "describe it",
                parameter=each.part,
            )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """A description that is just long enough, and one that is just too short."""
        asked = self.by_kind(make.platform)
        whole = {kind: _described(kind, least) for kind, least in asked.items()}
        for kind, least in asked.items():
            for length, told in ((least, good), (least - 1, bad)):
                subject = make.whole(kind, {**whole, kind: _described(kind, length)})
                yield told(f"{kind} with {length} characters of description", subject)


class MetaKept(WrittenRule):
    """Resources have the keys of meta that the platform wants of their kind.

    ``governance.documentation.meta`` names them, each with an expression for its value where any will not
    do. An empty value does not count; of a list each item has to match.
    """

    id = "FLOE-E301"
    listed = "meta"

    def missing(self, each: Written, kind: str, asked: tuple[MetaKey, ...], view: View) -> Iterator[Finding]:
        for wanted in asked:
            value = lookup(each.of.meta, wanted.key)
            if value in _EMPTY:
                yield self._found(each, wanted, f"{each.name} has no meta key {wanted.key}", "absent")
                continue
            values = value if isinstance(value, list) else [value]
            if wanted.pattern is not None and not all(
                fullmatch(wanted.pattern, _text(one)) for one in values
            ):
                said = ", ".join(map(_text, values))
                yield self._found(each, wanted, f"{wanted.key} of {each.name} is {said}", said)

    def _found(self, each: Written, wanted: MetaKey, message: str, actual: str) -> Finding:
        return self.finding(
            each.home,
            message,
            column=each.column,
            expected=f"{wanted.key}: {wanted.pattern or '…'}",
            actual=actual,
            suggestion=f"write a {wanted.key} like {wanted.pattern} into its meta"
            if wanted.pattern
            else f"add {wanted.key} to its meta",
            parameter=f"{each.part} {wanted.key}".strip(),
        )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        values = {
            kind: {key.key: next(words(key.pattern), "") if key.pattern else "x" for key in keys}
            for kind, keys in self.by_kind(make.platform).items()
        }
        if any("" in each.values() for each in values.values()):
            return  # no word was found that an expression takes
        whole = {kind: {"meta": keys} for kind, keys in values.items()}
        for kind, keys in values.items():
            yield good(f"{kind} with {', '.join(keys)}", make.whole(kind, whole))
            for key in keys:
                lacking = {"meta": {name: value for name, value in keys.items() if name != key}}
                yield bad(f"{kind} without {key}", make.whole(kind, {**whole, kind: lacking}))


class Tagged(WrittenRule):
    """Resources carry the tags that the platform wants of their kind.

    ``governance.documentation.tags`` names them. A tag of a folder in dbt_project.yml counts.
    """

    id = "FLOE-E302"
    listed = "tags"

    def missing(self, each: Written, kind: str, asked: tuple[str, ...], view: View) -> Iterator[Finding]:
        for tag in asked:
            if tag not in each.of.tags:
                yield self.finding(
                    each.home,
                    f"{each.name} lacks the tag {tag}",
                    column=each.column,
                    expected=f"tags {', '.join(asked)}",
                    actual=", ".join(sorted(each.of.tags)) or "no tags",
                    suggestion=f"add {tag} to its tags",
                    parameter=tag,
                )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        asked = self.by_kind(make.platform)
        whole = {kind: {"tags": frozenset(tags)} for kind, tags in asked.items()}
        for kind, tags in asked.items():
            if tags:
                yield good(f"{kind} with the tags {', '.join(tags)}", make.whole(kind, whole))
            for tag in tags:
                lacking = {"tags": frozenset(tags) - {tag}}
                yield bad(f"{kind} without the tag {tag}", make.whole(kind, {**whole, kind: lacking}))


class CompleteColumns(Rule):
    """Every column of a table is declared.

    ``governance.documentation.complete_columns`` says of which kinds of resources. What columns a table has
    tells dbt's ``target/catalog.json`` (``dbt docs generate``); a table that is not in it is not judged.
    """

    id = "FLOE-E304"
    setting = "governance.documentation.complete_columns"
    asked = "gates.documentation.complete_columns"
    reads = ((QUALITY_GATES, "documentation", "completeColumns"),)

    def examine(self, view: View) -> Iterator[Examined]:
        untold: list[Model | Source] = []
        for kind in view.platform.gates.documentation.complete_columns:
            for each in written(view, kind):
                node: Model | Source = each.of
                if (columns := view.project.table_columns(node)) is not None:
                    yield node.label, list(self._undeclared(node, columns))
                elif view.project.no_tables:
                    untold.append(node)
        if untold:
            names = untold[0].label
            if len(untold) > 1:
                names += f" and {plural(len(untold) - 1, 'other')}"
            yield (
                view.project.name,
                [
                    self.finding(
                        view.project.name,
                        f"the columns of {names} were not judged: {view.project.no_tables}",
                        expected="a catalog that has every table",
                        actual=view.project.no_tables,
                        suggestion="run dbt docs generate",
                        parameter="unread",
                        measure=-float(len(untold)),
                    )
                ],
            )

    def _undeclared(self, node: Model | Source, columns: tuple[str, ...]) -> Iterator[Finding]:
        declared = {column.folded for column in node.columns}
        missing = [name for name in columns if folded(name) not in declared]
        if missing:
            more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
            yield self.finding(
                node,
                f"{node.label} has {', '.join(missing[:5])}{more}, which nothing declares",
                expected="every column of its table under columns:",
                actual=f"{len(missing)} of {len(columns)} undeclared",
                measure=-float(len(missing)),
            )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """A table of the declared column, and one with another."""
        for kind in make.platform.gates.documentation.complete_columns:
            for columns, told in ((("id",), good), (("id", "more"), bad)):
                subject = make.of(kind, columns=(Column("id"),), table_columns=columns)
                yield told(f"a {kind} whose table has {' and '.join(columns)}", subject)


class OneDescription(Rule):
    """Columns of one name are described in the same words.

    In every model that describes them. The words that most models use are taken to be right, and the others
    are told; where there is no most, the first. A doc block keeps them the same, and another thing has
    another name.
    """

    id = "FLOE-E303"
    setting = "governance.documentation.one_description"
    asked = "gates.documentation.one_description"
    reads = ((QUALITY_GATES, "documentation", "oneDescription"),)

    def examine(self, view: View) -> Iterator[Examined]:
        """Compare what each column is said to be with what most models say; all of them have a say."""
        texts: dict[str, Counter[str]] = {}
        for model in view.project.models:
            for column in model.columns if model.resource_type == "model" else ():
                if text := column.description.strip():
                    texts.setdefault(column.name, Counter())[text] += 1
        usual = {name: counts.most_common(1)[0] for name, counts in texts.items() if len(counts) > 1}
        for model in view.models:
            if model.columns:
                yield model.label, list(self._unusual(model, usual))

    def _unusual(self, model: Model, usual: dict[str, tuple[str, int]]) -> Iterator[Finding]:
        for column in model.columns:
            text = column.description.strip()
            words, count = usual.get(column.name, (text, 0))
            if text and text != words:
                yield self.finding(
                    model,
                    f"{model.label}.{column.name} is described in other words than elsewhere",
                    column=column,
                    expected=f"{words} ({count} times)",
                    actual=text,
                    suggestion=f"describe it as the others do: {words}",
                )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        from msgspec.structs import replace

        one, other = make.model(), make.other()
        changed = replace(other, columns=tuple(replace(each, description="Else.") for each in other.columns))
        third = replace(one, unique_id=f"{one.unique_id}_3", name=f"{one.name}_3")
        yield good("a column that all models describe alike", other, one)
        yield bad("a column that most models describe otherwise", changed, one, third)


def _described(kind: str, length: int) -> dict[str, Any]:
    return {"source_description" if kind == "source_group" else "description": "x" * length}


def _text(value: Any) -> str:
    """A value of meta as YAML writes it, nearly."""
    return str(value).lower() if isinstance(value, bool) else str(value)
