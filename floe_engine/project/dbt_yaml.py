"""dbt's YAML as values with line numbers: YAML 1.1, as PyYAML's SafeLoader reads it.

dbt reads ``yes`` as true and ``2024-01-01`` as a date, so its files cannot go through
`floe_engine.document`, which reads YAML 1.2 for ours. Built from libyaml's events with a stack of
our own: no recursion, so no text can exhaust the C stack, and aliases share what they name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import yaml
from yaml.constructor import ConstructorError, SafeConstructor
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

MAX_REPEATED = 1_000_000
"""Values that the aliases of a file may stand for together: short YAML can be an endless value."""

MAX_DEPTH = 100
"""Levels of nesting; dbt's own files have fewer than ten."""

_LONGEST = 4_000
"""Characters of a number or date; Python does not write longer ones either."""

_STRING = "tag:yaml.org,2002:str"
_MERGE = "tag:yaml.org,2002:merge"
_RESOLVERS: dict[str, list[tuple[str, Any]]] = yaml.SafeLoader.yaml_implicit_resolvers
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Lined(dict[Any, Any]):
    """A mapping that knows the line of its first key (1-based)."""

    __slots__ = ("line",)
    line: int


class BrokenYaml(Exception):
    """The text is not YAML. `line` is 1-based."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def load(text: str, *, render: Callable[[str], Any] | None = None) -> Any:
    """The first document of a text; None where it is empty. Raises `BrokenYaml`.

    `render` turns each string with a ``{`` in it into the value that stands for it.
    """
    try:
        return _Builder(render).build(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = " ".join(part for part in (error.context, error.problem) if part)
        raise BrokenYaml(message, mark.line + 1 if mark else 1) from None
    except yaml.YAMLError as error:
        raise BrokenYaml(str(error).split("\n", 1)[0], 1) from None


class _Builder:
    """Turns events into values."""

    def __init__(self, render: Callable[[str], Any] | None) -> None:
        self._render = render
        self._anchors: dict[str, Any] = {}
        self._sizes: dict[str, tuple[int, int, Any]] = {}
        """Anchor to how many values its value holds, how deep they lie, and that value."""
        self._repeated = 0
        """What aliases have named again."""
        self._scalars: dict[str, Any] = {}

    def build(self, text: str) -> Any:
        loader = _LOADER(text)
        try:
            return self._built(loader.get_event)
        finally:
            loader.dispose()

    def _built(self, next_event: Callable[[], Any]) -> Any:
        # One loop, because there are as many events as words: calls for each would take longer than libyaml.
        stack: list[tuple[Any, Any]] = []  # the collections around the open one, with their pending keys
        root: Any = None
        parent: Any = None
        key: Any = _NO_KEY
        plain = self._scalars
        while True:
            event = next_event()
            kind = type(event)
            if kind is ScalarEvent:
                text = event.value
                # Without quotes or tag, and not for the first time: most of them.
                value = plain[text] if event.implicit[0] and text in plain else self._scalar(event)
                if event.anchor is not None:
                    self._anchors[event.anchor] = value
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                if len(stack) >= MAX_DEPTH:
                    raise BrokenYaml("nested too deeply", event.start_mark.line + 1)
                stack.append((parent, key))
                key = _NO_KEY
                if kind is MappingStartEvent:
                    parent = Lined()
                    parent.line = event.start_mark.line + 1
                else:
                    parent = []
                if event.anchor is not None:
                    self._anchors[event.anchor] = parent
                continue
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                value = parent
                parent, key = stack.pop()
            elif kind is AliasEvent:
                value = self._named(event, parent, stack)
            elif kind is DocumentEndEvent or kind is StreamEndEvent:
                return root
            else:
                continue
            if type(parent) is list:
                parent.append(value)
            elif parent is None:
                root = value
            elif key is _NO_KEY:
                try:
                    hash(value)
                except TypeError:
                    raise BrokenYaml("a key must be a scalar", event.start_mark.line + 1) from None
                key = value
            else:
                if key is _MERGE_KEY:
                    _merge(parent, value)
                else:
                    parent[key] = value
                key = _NO_KEY

    def _named(self, event: Any, parent: Any, stack: list[tuple[Any, Any]]) -> Any:
        line = event.start_mark.line + 1
        if event.anchor not in self._anchors:
            raise BrokenYaml(f"undefined alias {event.anchor!r}", line)
        value = self._anchors[event.anchor]
        opened = [parent, *(outer for outer, _ in stack)]
        if isinstance(value, dict | list) and any(value is one for one in opened):
            raise BrokenYaml(f"alias {event.anchor!r} contains itself", line)
        size, depth = self._measured(event.anchor, value)
        self._repeated += size
        if len(stack) + depth > MAX_DEPTH:
            raise BrokenYaml("nested too deeply", line)
        if self._repeated > MAX_REPEATED:
            raise BrokenYaml(f"aliases repeat more than {MAX_REPEATED:,} values", line)
        return value

    def _measured(self, anchor: str, value: Any) -> tuple[int, int]:
        """Values and levels in `value`, those that aliases stand for too: bounded, for each alias was."""
        known = self._sizes.get(anchor)
        if known is None or known[2] is not value:
            size, depth, level = 0, 0, [value]
            while level:
                size += len(level)
                depth += 1
                inside = [part for part in level if isinstance(part, dict | list)]
                level = [
                    each for part in inside for each in (part.values() if isinstance(part, dict) else part)
                ]
            known = self._sizes[anchor] = (size, depth, value)
        return known[0], known[1]

    def _scalar(self, event: Any) -> Any:
        text: str = event.value
        if event.tag not in (None, "!"):
            return _construct(event.tag, text)
        if self._render is not None and "{" in text:
            return self._render(text)
        if not event.implicit[0]:  # quoted
            return text
        if text in self._scalars:
            return self._scalars[text]
        value = self._scalars[text] = _plain(text)
        return value


_NO_KEY = object()
_MERGE_KEY = object()


def _plain(text: str) -> Any:
    for tag, pattern in _RESOLVERS.get(text[:1], ()):
        if pattern.match(text):
            return _MERGE_KEY if tag == _MERGE else _construct(tag, text)
    return text


def _construct(tag: str, text: str) -> Any:
    """The value of a scalar by PyYAML's own rules; the text itself where they do not apply."""
    if tag == _STRING or len(text) > _LONGEST:
        return text
    try:
        return SafeConstructor().construct_object(yaml.ScalarNode(tag, text))
    # PyYAML trusts a tag that is written: of `!!bool maybe`, `!!int ""` and `!!timestamp x` it says so oddly.
    except (ConstructorError, ValueError, OverflowError, LookupError, AttributeError):
        return text


def _merge(target: Lined, value: Any) -> None:
    """``<<``: keys that are written win, wherever the merge stands."""
    sources = value if isinstance(value, list) else [value]
    for source in sources:
        if isinstance(source, dict):
            for key, inner in source.items():
                target.setdefault(key, inner)
