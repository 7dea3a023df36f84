"""libyaml behind a typed face: its events, and the place and words of its errors.

Nothing else in this package knows PyYAML's parsers.
"""

from __future__ import annotations

from typing import Final, Protocol, cast

from msgspec import Struct

from floe_engine.patterns import compiled_on_use

# PyYAML's own readers, which are asked nothing where libyaml is, have an expression over all of Unicode:
# to compile it took 57 of the 870 million instructions of `floe compile`.
with compiled_on_use():
    import yaml
    from yaml.events import CollectionEndEvent, CollectionStartEvent


class SyntaxProblem(Struct, frozen=True):
    """Where libyaml gave up, zero-based, and its words; `context` is what it was in the middle of."""

    line: int
    column: int
    problem: str
    context: str
    context_line: int
    context_column: int

    @classmethod
    def of(cls, error: SyntaxFault) -> SyntaxProblem:
        """The same facts as PyYAML's error."""
        mark = error.problem_mark or error.context_mark
        context = error.context_mark or mark
        return cls(
            line=mark.line if mark else 0,
            column=mark.column if mark else 0,
            problem=error.problem or "",
            context=error.context or "",
            context_line=context.line if context else 0,
            context_column=context.column if context else 0,
        )


class Mark(Protocol):
    """A place, zero-based, in code points."""

    line: int
    column: int


class Event(Protocol):
    """What PyYAML's events hold; which attributes there are depends on the event's class."""

    start_mark: Mark
    end_mark: Mark
    anchor: str | None
    tag: str | None
    value: str
    style: str | None
    flow_style: bool
    explicit: bool


class Parser(Protocol):
    """A text that is read event by event."""

    def get_event(self) -> Event | None:
        """The next event, None behind the last; raises `SyntaxFault` where the text is no YAML."""

    def dispose(self) -> None:
        """Let go of libyaml's memory."""


SyntaxFault = yaml.MarkedYAMLError
"""What a parser raises; `SyntaxProblem.of` says what it means."""


def event_parser(text: str) -> Parser:
    """libyaml's parser, or PyYAML's own, ten times slower, where the C extension is missing."""
    if yaml.__with_libyaml__:
        from yaml.cyaml import CParser  # type: ignore[attr-defined]  # the stubs forget it

        return cast("Parser", CParser(text))
    return cast("Parser", yaml.SafeLoader(text))


MAX_DEPTH: Final = 200
"""Levels of mappings and lists, aliases expanded, that are read; real manifests have about eight."""

_MANY_BRACKETS: Final = 10_000


def first_problem(text: str) -> SyntaxProblem | None:
    """Where libyaml cannot go on in `text`; None where all of it is YAML, or nested beyond `MAX_DEPTH`."""
    parser = event_parser(text)
    try:
        # raw_parse makes no Python objects. But libyaml takes minutes for many brackets that never
        # close, so where there are many, the depth is watched.
        if yaml.__with_libyaml__ and text.count("[") + text.count("{") < _MANY_BRACKETS:
            parser.raw_parse()  # type: ignore[attr-defined]  # libyaml's parser alone has it
        else:
            depth = 0
            while depth <= MAX_DEPTH and (event := parser.get_event()) is not None:
                kind: type = event.__class__
                depth += issubclass(kind, CollectionStartEvent) - issubclass(kind, CollectionEndEvent)
    except SyntaxFault as error:
        return SyntaxProblem.of(error)
    finally:
        parser.dispose()
    return None
