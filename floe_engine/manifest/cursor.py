"""Where in a manifest a cursor stands, told from the lines alone.

A line that is being typed is often not YAML yet, so completion cannot ask the document: it goes
by indentation, dashes and the open brackets of the cursor's own line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from floe_engine.document.diagnostics import Position, Span
from floe_engine.document.nodes import KeyPath

_LINE = re.compile(
    r"""(?P<dashes>[ ]*(?:-[ ]+)*)
        (?:(?P<key>"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s#:{\[\]},"'&*!|>%@`-][^#:{\[\]},]*?|-[^\s#:]+)
        [ ]*:(?=[ ]|$))?""",
    re.VERBOSE,
)


class Cursor(Struct, frozen=True):
    """What is being typed: a key of the mapping at `path`, or (`is_value`) the value at `path`.

    `typed` is the word before the cursor, `span` the whole word it belongs to. `indent` is the
    column of the key (for lines below it), `flow` whether it stands inside brackets, `glued`
    whether the space behind the colon is still missing.
    """

    path: KeyPath
    is_value: bool
    typed: str
    span: Span
    indent: int
    flow: bool = False
    glued: bool = False


def cursor_at(lines: Sequence[str], position: Position) -> Cursor | None:
    """The cursor's place; None inside a comment or a quoted text that cannot be completed."""
    if position.line >= len(lines):
        return None
    line = lines[position.line]
    before = line[: position.column]
    found = _LINE.match(before)
    assert found is not None  # the pattern matches the empty text
    dashes, key = found["dashes"], found["key"]
    start = len(dashes)
    if re.search(r"(^|\s)#", _without_quotes(before)):
        return None
    if key is None:
        column = start if before[start:].strip() or dashes.strip() else position.column
        path = _ancestors(lines, position.line, column, dashes)
        rest = before[start:]
    else:
        column = start
        path = (*_ancestors(lines, position.line, column, dashes), _unquoted(key))
        rest = before[found.end() :]
    flow = _flow(rest)
    if flow is not None:
        steps, is_value, typed = flow
        return Cursor((*path, *steps), is_value, typed, _word(line, position, typed), column, flow=True)
    if key is None:
        item = bool(path) and isinstance(path[-1], int) and "-" in dashes
        typed = rest.strip()
        if " " in typed or typed[:1] in ("'", '"'):
            return None if not item else Cursor(path, True, typed, _word(line, position, rest), column)
        return Cursor(path, False, typed, _word(line, position, rest), column)
    typed = rest.lstrip()
    return Cursor(path, True, typed, _word(line, position, typed), column, glued=not rest)


def _word(line: str, position: Position, typed: str) -> Span:
    """From the start of what was typed to the end of the word under the cursor."""
    end = position.column
    while end < len(line) and (line[end].isalnum() or line[end] in "_-./"):
        end += 1
    return Span.at(position.line, position.column - len(typed), position.line, end)


def _without_quotes(text: str) -> str:
    return re.sub(r'"(?:[^"\\]|\\.)*"|' + r"'(?:[^']|'')*'", lambda found: "_" * len(found.group()), text)


def _unquoted(key: str) -> str:
    return key[1:-1] if key[:1] in ("'", '"') else key.strip()


def _flow(text: str) -> tuple[KeyPath, bool, str] | None:
    """The steps into the brackets that are open at the end of `text`; None where none are."""
    frames: list[list[str | int | None]] = []
    token = ""
    for character in _without_quotes(text):
        if character == "{":
            frames.append(["{", None])
            token = ""
        elif character == "[":
            frames.append(["[", 0])
            token = ""
        elif character in "}]" and frames:
            frames.pop()
            token = ""
        elif character == "," and frames:
            index = frames[-1][1]
            frames[-1][1] = index + 1 if isinstance(index, int) else None
            token = ""
        elif character == ":" and frames and frames[-1][0] == "{":
            frames[-1][1] = _unquoted(token.strip())
            token = ""
        else:
            token += character
    if not frames:
        return None
    steps = tuple(step for _, step in frames if step is not None)
    return steps, frames[-1][1] is not None, token.strip()


def _ancestors(lines: Sequence[str], number: int, column: int, dashes: str) -> KeyPath:
    """The path of the mapping or list that something at `column` of a line belongs to."""
    path: list[str | int] = []
    key_limit = dash_limit = column
    counting: tuple[int, int] | None = None  # the column of the dashes being counted, place in path
    columns = [index for index, character in enumerate(dashes) if character == "-"]

    def take_dashes(places: Sequence[int]) -> None:
        nonlocal key_limit, dash_limit, counting
        for place in reversed(places):
            if counting is not None and place == counting[0]:
                step = path[counting[1]]
                assert isinstance(step, int)
                path[counting[1]] = step + 1
            elif place < dash_limit:
                path.append(0)
                counting = (place, len(path) - 1)
                key_limit, dash_limit = place + 1, place

    take_dashes(columns)
    while number > 0 and (key_limit > 0):
        number -= 1
        line = lines[number]
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = _LINE.match(line)
        assert found is not None
        start = len(found["dashes"])
        if found["key"] is not None and start < key_limit:
            path.append(_unquoted(found["key"]))
            key_limit = dash_limit = start
            counting = None
        take_dashes([index for index, character in enumerate(found["dashes"]) if character == "-"])
    return tuple(reversed(path))
