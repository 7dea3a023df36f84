"""Laws: how a setting of manifest.yaml may move. Each declared setting has one.

A law knows which way demands more, what a platform below its parent may say, how that is said to
people, and which upgrade rule is whose move. Laws are values and know no setting and no file;
`declarations` finds them at the settings.

    Law
    ├── AtLeast, AtMost      a number
    ├── OnlyOn               a switch, or a word, that never becomes lax again
    ├── Ranked               words from the laxest to the strictest
    ├── Fixed                no move is stricter than another
    ├── Asked                an expression; one more clause is stricter
    ├── Superset             a list of demands
    ├── Subset               a list of what is allowed
    ├── InOrder              a list in which order means something
    ├── Keyed                records that have a name
    ├── Named                a mapping of name to section
    └── Unheld               not the parent's to bind by a law
        ├── Free             everybody's own choice
        └── Special          code of its own judges it
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal, NamedTuple

from msgspec import Struct

Move = Literal["tighter", "looser", "other"]
"""A way that a platform below may go, the way back, and one that is neither."""


class Holds(NamedTuple):
    """What holds below a parent. `problem` is a sentence about ``{setting}``, ``{parent}`` and ``{held}``.

    `allowed` is the value that would do, where the child's did not.
    """

    value: Any
    problem: str = ""
    allowed: Any = None


class Declared(NamedTuple):
    """A law, and those of the fields of its records where it is about records."""

    law: Law
    fields: Mapping[str, Declared] = {}


class Law(Struct, frozen=True, kw_only=True):
    """How one setting may move."""

    kind: ClassVar[str] = "looser"
    """What a child's wrong value is called: see `inheritance.Violation`."""
    _says: ClassVar[str]
    _step: ClassVar[tuple[Any, Any]] = None, "x"
    _refusal: ClassVar[str] = "`{setting}` is {held} in {parent} and cannot change below it"

    tighter: str = ""
    """ID of the upgrade rule for a move that a platform below may make."""
    looser: str = ""
    """ID of the upgrade rule for the way back."""
    other: str = ""
    """ID of the upgrade rule for a move that is neither, or of which it does not matter."""
    provided: bool = False
    """Whether it is something that a platform gives its projects: with less of it, who uses it fails."""
    renamed: str = ""
    """ID of the upgrade rule for an entry that only goes by another name, where that has its own."""

    @property
    def between_versions(self) -> Law:
        """The law by which one version of a platform is compared with the next."""
        return self

    @property
    def says(self) -> str:
        """What a platform below its parent may write, as a person would say it."""
        return self._says

    @property
    def changes(self) -> Mapping[str, str]:
        """Upgrade rule to the one for the way back; empty where code of its own judges changes."""
        ways = {self.tighter: self.looser, self.looser: self.tighter}
        ways |= {self.other: self.other, self.renamed: self.renamed}
        return {rule: back for rule, back in ways.items() if rule}

    def change(self, kind: str, old: Any, new: Any) -> str:
        """The upgrade rule of a change: of the value (``changed``), or of an entry of a list (``added``,
        ``removed``, ``renamed``) or their order (``moved``). Empty where no rule is named."""
        if kind == "renamed" and self.renamed:
            return self.renamed
        move = self.move(kind, old, new)
        return {"tighter": self.tighter, "looser": self.looser, "other": ""}[move] or self.other

    @property
    def step(self) -> tuple[Any, Any]:
        """Two values of which the second demands more, for an example."""
        return self._step

    def weaker(self, value: Any) -> Iterator[tuple[Any, str]]:
        """The nearest values that demand less, and what is said of each after the setting's name."""
        return iter(())

    def move(self, kind: str, old: Any, new: Any) -> Move:
        """Which way a change goes."""
        order = self.stricter(old, new)
        return "tighter" if order > 0 else "looser" if order < 0 else "other"

    def stricter(self, old: Any, new: Any) -> int:
        """Above 0 where `new` demands more than `old`, below 0 where less, 0 where neither can be said."""
        return 0

    def below(self, held: Any, given: Any, fields: Mapping[str, Declared]) -> Holds:
        """What holds where the parent holds `held` and the child says `given`.

        `fields` are the laws of the entries, where the setting is a list of records.
        """
        if given == held or self.stricter(held, given) > 0:
            return Holds(given)
        return Holds(held, self.refusal(held), held)

    def refusal(self, held: Any) -> str:
        """Why a child may not say what it says."""
        return self._refusal


class AtLeast(Law, frozen=True):
    """A minimum; none counts as 0."""

    _says = "never lower than the parent's"
    _step = 1, 2
    _refusal = "`{setting}` must be at least {held}, the minimum of {parent}"

    def weaker(self, value: Any) -> Iterator[tuple[Any, str]]:
        if value:
            yield value - 1, f"is {value - 1}"

    def stricter(self, old: Any, new: Any) -> int:
        return int((new or 0) - (old or 0))


class AtMost(Law, frozen=True):
    """A maximum, of numbers or of days; none is no limit."""

    _says = "never higher than the parent's"
    _step = 2, 1
    _refusal = "`{setting}` must be at most {held}, the maximum of {parent}"

    def weaker(self, value: Any) -> Iterator[tuple[Any, str]]:
        if value is not None:
            yield value + 1, f"is {value + 1}"

    def stricter(self, old: Any, new: Any) -> int:
        before, after = ((value is None, value) for value in (old, new))
        return (before > after) - (before < after)


class OnlyOn(Law, frozen=True, kw_only=True):
    """What has left `lax` never becomes it again; other words are neither stricter nor laxer."""

    lax: bool | str = False

    @property
    def step(self) -> tuple[Any, Any]:
        return self.lax, not self.lax

    def weaker(self, value: Any) -> Iterator[tuple[Any, str]]:
        if value != self.lax:
            yield self.lax, f"is {str(self.lax).lower()}"

    @property
    def says(self) -> str:
        if isinstance(self.lax, str):
            return f"not {self.lax}, unless the parent's is"
        return f"{say(not self.lax)} stays {say(not self.lax)}"

    def stricter(self, old: Any, new: Any) -> int:
        return int(new != self.lax) - int(old != self.lax)

    def below(self, held: Any, given: Any, fields: Mapping[str, Declared]) -> Holds:
        if given != self.lax or held == self.lax:
            return Holds(given)
        return Holds(held, self.refusal(held), held)

    def refusal(self, held: Any) -> str:
        if isinstance(self.lax, str):
            return f"`{{setting}}` may not be {self.lax}: {{parent}} has {{held}}"
        return "`{setting}` is {held} in {parent} and stays {held}"


class Ranked(Law, frozen=True, kw_only=True):
    """Words from the laxest to the strictest."""

    order: tuple[str, ...]
    top: str = ""
    """ID of the upgrade rule for a move to the last word, where that has its own."""

    @property
    def changes(self) -> Mapping[str, str]:
        return {**({self.top: self.looser} if self.top else {}), **super().changes}

    def change(self, kind: str, old: Any, new: Any) -> str:
        to_top = self.top and new == self.order[-1]
        return self.top if to_top and new != old else super().change(kind, old, new)

    @property
    def step(self) -> tuple[Any, Any]:
        return self.order[0], self.order[1]

    def weaker(self, value: Any) -> Iterator[tuple[Any, str]]:
        if value in self.order[1:]:
            less = self.order[self.order.index(value) - 1]
            yield less, f"is {less}"

    @property
    def says(self) -> str:
        return f"only towards the right: {', '.join(self.order)}"

    def stricter(self, old: Any, new: Any) -> int:
        return self.order.index(new) - self.order.index(old)

    def refusal(self, held: Any) -> str:
        enough = " or ".join(f"`{word}`" for word in self.order[self.order.index(held) :])
        return f"`{{setting}}` must be {enough}: {{parent}} has {{held}}"


class Fixed(Law, frozen=True, kw_only=True):
    """Nobody can say which value is stricter. `open` leaves the choice to the platforms below."""

    open: str | None = None

    def weaker(self, value: Any) -> Iterator[tuple[Any, str]]:
        if self.open not in (None, value):
            yield self.open, f"is {self.open}"

    @property
    def says(self) -> str:
        return "the parent's" if self.open is None else f"the parent's, unless that is {self.open}"

    def stricter(self, old: Any, new: Any) -> int:
        return int(old == self.open) - int(new == self.open)


class Asked(Law, frozen=True, kw_only=True):
    """An expression in CEL. What can be proven is that nothing but its spelling changed, and that clauses
    came or went; of any other change nobody can say which way it goes. `narrows`: it says which subjects
    are asked, so that one more clause asks fewer; none asks all.
    """

    narrows: bool = False
    same: str = ""
    """ID of the upgrade rule for another spelling."""

    @property
    def changes(self) -> Mapping[str, str]:
        return {**super().changes, self.same: self.same}

    def change(self, kind: str, old: Any, new: Any) -> str:
        return self.same if _clauses(old) == _clauses(new) else super().change(kind, old, new)

    def weaker(self, value: Any) -> Iterator[tuple[Any, str]]:
        from floe_engine.cel.weakening import weaker

        if self.narrows:
            if value is not None:
                yield "false", "is never true"
        elif isinstance(value, str):
            yield from ((changed, f"is `{changed}`") for changed in weaker(value))

    @property
    def says(self) -> str:
        return "the parent's, or fewer of its clauses" if self.narrows else "the parent's, or more clauses"

    def stricter(self, old: Any, new: Any) -> int:
        before, after = _clauses(old), _clauses(new)
        more = int(before < after) - int(after < before)
        return -more if self.narrows else more


def _clauses(source: Any) -> frozenset[str]:
    """What an expression joins by ``&&``, however it is spelt; what is no expression is its own clause."""
    from floe_engine.cel.weakening import clauses

    return clauses(source) if isinstance(source, str) else frozenset()


class Listed(Law, frozen=True):
    """A list, of which a platform below may have more entries."""

    def move(self, kind: str, old: Any, new: Any) -> Move:
        ways: Mapping[str, Move] = {"added": "tighter", "removed": "looser", "renamed": "looser"}
        return ways.get(kind, "other")


class Superset(Listed, frozen=True):
    """A list of demands: one more is stricter."""

    _says = "the parent's and the child's together"
    _step = [], ["x"]

    def weaker(self, value: Any) -> Iterator[tuple[Any, str]]:
        yield from _without(value)

    def below(self, held: Any, given: Any, fields: Mapping[str, Declared]) -> Holds:
        return Holds([*held, *(entry for entry in given if entry not in held)])


class Subset(Law, frozen=True):
    """A list of what is allowed: one less is stricter, and no list allows anything."""

    _says = "a part of the parent's"
    _step = ["x", "y"], ["x"]

    def weaker(self, value: Any) -> Iterator[tuple[Any, str]]:
        if value is not None:
            yield None, "allows anything"

    def move(self, kind: str, old: Any, new: Any) -> Move:
        if isinstance(old, list) or isinstance(new, list):
            return "tighter" if old is None else "looser" if new is None else "other"
        return {"removed": "tighter", "added": "looser"}.get(kind, "other")  # type: ignore[return-value]

    def below(self, held: Any, given: Any, fields: Mapping[str, Declared]) -> Holds:
        extra = [entry for entry in given if entry not in held]
        if not extra:
            return Holds(given)
        kept = [entry for entry in given if entry in held]
        return Holds(kept, f"`{{setting}}` may not add {say(extra)}: {{parent}} allows {{held}}", kept)


class InOrder(Listed, frozen=True):
    """A list in which places are compared: more may stand between, none may go or change places."""

    _says = "all of the parent's in their order; more may stand between"

    kind: ClassVar[str] = "levels"

    def below(self, held: Any, given: Any, fields: Mapping[str, Declared]) -> Holds:
        if [entry for entry in given if entry in held] == list(held):
            return Holds(given)
        missing = [entry for entry in held if entry not in given]
        if missing:
            problem = f"`{{setting}}` may not leave out {say(missing)} of {{parent}}"
        else:
            problem = "`{setting}` must keep the order of {parent}: {held}"
        return Holds(held, problem, _with_own(held, given))


def _with_own(held: Sequence[Any], given: Sequence[Any]) -> list[Any]:
    """The parent's in their order, and each of the child's own behind what it stands behind."""
    result, before = list(held), -1
    for entry in given:
        if entry not in result:
            result.insert(before + 1, entry)
        before = result.index(entry)
    return result


class Keyed(Listed, frozen=True, kw_only=True):
    """Records told apart by the key `by` (by all they say where they have none).

    The parent's stay, each as strict as its fields' laws demand; the child's own come beside them.
    """

    _says = "the parent's, none of them laxer, and the child's together"

    by: str

    def weaker(self, value: Any) -> Iterator[tuple[Any, str]]:
        yield from _without(value)

    def below(self, held: Any, given: Any, fields: Mapping[str, Declared]) -> Holds:
        result, looser = list(held), []
        for entry in given:
            rivals = [other for other in held if other.get(self.by) == entry.get(self.by) is not None]
            if not rivals:
                result += [entry] if entry not in held else []
                continue
            joined = next(filter(None, (_joined(other, entry, fields) for other in rivals)), None)
            if joined is None:
                looser.append(entry[self.by])
            else:
                result[result.index(joined[0])] = joined[1]
        if looser:
            names = say(list(dict.fromkeys(looser)))
            return Holds(result, f"`{{setting}}` may not say anything else of {names}, which {{parent}} has")
        return Holds(result)


def _joined(held: Any, given: Any, fields: Mapping[str, Declared]) -> tuple[Any, Any] | None:
    """The parent's record, and the two together; None where the child's is laxer in some field."""
    joined = dict(held)
    for key, value in given.items():
        law, inner = fields[key]
        # Of an expression that is not there something is known: where none narrows, all are asked.
        if held.get(key) is not None or isinstance(law, Asked):
            value, problem, _ = law.below(held.get(key), value, inner)
            if problem:
                return None
        joined[key] = value
    return held, joined


class Named(Law, frozen=True):
    """A mapping of name to section: names come together, each section by its own laws."""

    _says = "the parent's and the child's together"

    def below(self, held: Any, given: Any, fields: Mapping[str, Declared]) -> Holds:
        return Holds({**held, **given})


class Unheld(Law, frozen=True, kw_only=True):
    """No parent binds it by this law. `moves` is the law between versions, where there is one."""

    moves: Law | None = None

    @property
    def between_versions(self) -> Law:
        return self.moves or self

    def below(self, held: Any, given: Any, fields: Mapping[str, Declared]) -> Holds:
        return Holds(given)


class Free(Unheld, frozen=True, kw_only=True):
    """Everybody's own choice, for a reason."""

    _says = "free"

    because: str


class Special(Unheld, frozen=True, kw_only=True):
    """Code of its own judges it, because what counts lies outside the setting: `where` says what and why."""

    where: str

    @property
    def says(self) -> str:
        return self.where


def _without(value: Any) -> Iterator[tuple[Any, str]]:
    """A list without each of its entries, which goes by its name, its first word, or all of it."""
    for place, entry in enumerate(value if isinstance(value, list) else ()):
        name = next(iter(entry.values())) if isinstance(entry, dict) else entry
        yield [*value[:place], *value[place + 1 :]], f"is without {name}"


def say(value: Any) -> str:
    """A value as a person would write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ", ".join(f"`{entry}`" for entry in value) or "none"
    return f"`{value}`" if isinstance(value, str) else str(value)
