"""What may be meant where a text is no YAML: the mistakes people make, each with its mend.

libyaml names the place where it can go no further, which is often lines below the mistake.
From its words and the lines around, this makes guesses, the likeliest first; `recovery` tries
them. A guess says which lines would have to read otherwise, and how to say so to a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct

from floe_engine.document.codes import (
    BRACKET_OPEN,
    COLON_SPACE,
    ESCAPE,
    INDENTATION,
    ITEM_AMONG_KEYS,
    KEY_AMONG_ITEMS,
    LIST_BESIDE_KEY,
    NEEDS_QUOTES,
    NO_COLON,
    QUOTE_OPEN,
    TAB,
    TEXT_BEHIND_VALUE,
    TWO_COLONS,
    UNREADABLE,
)
from floe_engine.document.diagnostics import Span
from floe_engine.document.libyaml import SyntaxProblem
from floe_engine.document.scalars import quoted
from floe_engine.document.text import shown
from floe_engine.patterns import pattern


class Guess(Struct, frozen=True):
    """One reading of what went wrong: `replaced` maps lines to what they would have to be.

    `fix` is the title of the quick fix that makes the replacement; "" where the replacement
    only drops what cannot be read (`drops`).
    """

    code: str
    span: Span
    message: str
    hint: str
    replaced: Mapping[int, str]
    fix: str = ""

    @property
    def drops(self) -> bool:
        """Whether text is lost to the tree."""
        return not self.fix


_KEY: Final = r"(?:[\w./$-][\w./$ -]*?|\"[^\"]*\"|'[^']*')"
_ENTRY: Final = pattern(rf"(?P<head> *(?:- +)*(?:{_KEY} *:(?= |$))? *)(?P<value>.*?)(?P<tail>(?: +#.*)? *)")
_OPENING_QUOTE: Final = pattern(r"""(?:^|[\s,\[{:-])(["'])""")
_ESCAPE: Final = pattern(
    r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0abtnvfre \"/\\N_LP\t]|(.?))"
)
_NO_SPACE: Final = pattern(r"(?P<head> *(?:- +)*)(?P<key>[A-Za-z_][\w.-]*):(?P<value>[^\s:/].*)")
_RESERVED: Final = frozenset("@`%*&!|>[]{},?\"'")
_LONGEST_LINE: Final = 2_000
"""Longer lines are not written by people, and these patterns would take long on them."""
_CLOSERS: Final = {"[": "]", "{": "}"}


def guesses(lines: list[str], problem: SyntaxProblem, odd_quotes: list[int]) -> Iterator[Guess]:
    """Guesses at `problem` in `lines`, the likeliest first; `odd_quotes` are lines with a lone quote."""
    here = min(problem.line, len(lines) - 1)
    before = _content_above(lines, here)
    context = min(problem.context_line, here)
    if not lines[here].strip():
        here = before
    if any(len(lines[number]) > _LONGEST_LINE for number in (here, before, context)):
        for number in dict.fromkeys((here, context, before)):
            yield from _unreadable(lines, number)
        return
    suspects = list(dict.fromkeys((context, before, here)))

    for number in (here, before, context):
        yield from _tab(lines, number)
    if "escape" in problem.problem:
        yield from _escape(lines, min(problem.line, len(lines) - 1))
    opened = [number for number in odd_quotes if number <= here and _open_quote(lines[number]) >= 0]
    in_quote = [context] if "quoted" in problem.context else []
    for number in dict.fromkeys((*in_quote, *opened[-1:], *opened[:1])):
        yield from _quote(lines, number)
    if "flow" in problem.context:
        yield from _bracket(lines, context, before)
    for number in (here, context):
        yield from _value(lines, number)
    for number in suspects:
        yield from _colon_space(lines, number)
    for number in suspects:
        yield from _no_colon(lines, number)
    yield from _item_or_key(lines, here, problem)
    yield from _indentation(lines, here)
    for number in dict.fromkeys((here, before)):
        yield from _unreadable(lines, number)


def _tab(lines: list[str], number: int) -> Iterator[Guess]:
    line = lines[number]
    margin = re.match(r"[ \t]*", line)
    if margin is None or "\t" not in margin.group():
        return
    width = margin.end()
    span = Span.at(number, 0, number, width)
    message, hint = "a tab indents this line; YAML wants spaces", "set the editor to insert spaces for tabs"
    for level in _levels(lines, number):
        replaced = {number: " " * level + line[width:]}
        yield Guess(TAB, span, message, hint, replaced, "replace the tab by spaces")
    together: dict[int, str] = {}
    for below in range(number, len(lines)):
        text = lines[below]
        rest = text.lstrip(" \t")
        if rest and "\t" not in text[: len(text) - len(rest)]:
            break
        together[below] = text[: len(text) - len(rest)].replace("\t", "  ") + rest
    yield Guess(TAB, span, message, hint, together, "replace the tabs of these lines by spaces")


def _escape(lines: list[str], number: int) -> Iterator[Guess]:
    line = lines[number]
    unknown = [found for found in _ESCAPE.finditer(line) if found.group(1) is not None]
    if not unknown:
        return
    first = unknown[0]
    mended = _ESCAPE.sub(
        lambda found: found.group() if found.group(1) is None else "\\" + found.group(), line
    )
    yield Guess(
        ESCAPE,
        Span.at(number, first.start(), number, first.end()),
        f"`{shown(first.group())}` is no escape that YAML knows in double quotes",
        "write the backslash twice, or use single quotes",
        {number: mended},
        "write the backslash twice",
    )


def open_quote_lines(lines: list[str]) -> list[int]:
    """The lines on which a quote opens that does not close there."""
    return [
        number
        for number, line in enumerate(lines)
        if (line.count('"') % 2 or line.count("'") % 2) and _open_quote(line) >= 0
    ]


def _open_quote(line: str) -> int:
    """The column of a quote that opens a value on this line and is not closed on it, or -1."""
    start = 0
    while found := _OPENING_QUOTE.search(line, start):
        if re.search(r"(?:^|\s)#", line[start : found.start(1)]):
            return -1
        quote, at = found.group(1), found.end(1)
        body = r"(?:[^\"\\]|\\.)*\"" if quote == '"' else r"(?:[^']|'')*'"
        closed = re.compile(body).match(line, at)
        if closed is None:
            return found.start(1)
        start = closed.end()
    return -1


def _quote(lines: list[str], number: int) -> Iterator[Guess]:
    line = lines[number]
    column = _open_quote(line)
    if column < 0:
        return
    end = len(line.rstrip())
    comment = re.search(r"\s+#", line[column:end])
    end = column + comment.start() if comment else end
    span = Span.at(number, column, number, max(end, column + 1))
    message, hint = "this quote is never closed", f"close it with {line[column]}"
    brackets = len(line[:end]) - len(line[:end].rstrip("]},"))
    for close in (end, end - brackets) if "[" in line[:column] or "{" in line[:column] else (end,):
        if close > column:
            mended = f"{line[:close]}{line[column]}{line[close:]}"
            yield Guess(QUOTE_OPEN, span, message, hint, {number: mended}, "close the quote")
    yield Guess(QUOTE_OPEN, span, message, hint, {number: _without_value(line)})


def _bracket(lines: list[str], opener: int, before: int) -> Iterator[Guess]:
    missing = _unclosed_brackets(lines[opener])
    if not missing:
        return
    column, bracket = missing[-1]
    span = Span.at(opener, column, opener, column + 1)
    closers = "".join(_CLOSERS[each] for _, each in reversed(missing))
    message, hint = f"this {bracket} is never closed", f"close it with {_CLOSERS[bracket]}"
    for number in dict.fromkeys((opener, before)):
        if number >= opener:
            end = _end_of_content(lines[number])
            mended = f"{lines[number][:end].rstrip(' ,')}{closers}{lines[number][end:]}"
            yield Guess(BRACKET_OPEN, span, message, hint, {number: mended}, f"close it with {closers}")
    yield Guess(BRACKET_OPEN, span, message, hint, {opener: _without_value(lines[opener])})


def _unclosed_brackets(line: str) -> list[tuple[int, str]]:
    opened: list[tuple[int, str]] = []
    for found in re.finditer(
        r"\"(?:[^\"\\]|\\.)*\"|(?<![^\s,\[{:-])'(?:[^']|'')*'|(?<!\S)#.*|[\[\]{}]", line
    ):
        bracket = found.group()
        if bracket in _CLOSERS:
            opened.append((found.start(), bracket))
        elif opened and bracket == _CLOSERS[opened[-1][1]]:
            opened.pop()
    return opened


def _value(lines: list[str], number: int) -> Iterator[Guess]:
    """The value of this line cannot stand there without quotes."""
    line = lines[number]
    entry = _ENTRY.fullmatch(line)
    if entry is None or not entry["value"]:
        return
    value, start = entry["value"], entry.end("head")
    span = Span.at(number, start, number, start + len(value))
    mended = {number: f"{entry['head']}{quoted(value)}{entry['tail']}"}
    fix = "put the value in quotes"
    if value.startswith("- ") and entry["head"].rstrip().endswith(":"):
        message = "a list cannot begin on the line of its key"
        items = {number: f"{entry['head']}[{value[2:].strip()}]{entry['tail']}"}
        yield Guess(LIST_BESIDE_KEY, span, message, "begin it on the next line", items, "write it as [ … ]")
        yield Guess(LIST_BESIDE_KEY, span, message, "begin it on the next line", mended, fix)
    elif value[0] in "\"'":
        message = "text follows behind the closing quote"
        yield Guess(TEXT_BEHIND_VALUE, span, message, "quote all of it", mended, "put all of it in quotes")
    elif value[0] in _RESERVED:
        message = f"a value that begins with {value[0]} must be in quotes"
        yield Guess(NEEDS_QUOTES, span, message, f"write {shown(quoted(value))}", mended, fix)
    elif re.search(r":(?: |$)", value) and entry["head"].rstrip(" -"):
        message = "there is a second colon in this value; a text with a colon and a space must be in quotes"
        yield Guess(TWO_COLONS, span, message, f"write {shown(quoted(value))}", mended, fix)


def _colon_space(lines: list[str], number: int) -> Iterator[Guess]:
    line = lines[number]
    found = _NO_SPACE.fullmatch(line)
    if found is None:
        return
    span = Span.at(number, found.start("key"), number, len(line.rstrip()))
    message = f"`{shown(line.strip())}` needs a space after the colon"
    mended = {number: f"{found['head']}{found['key']}: {found['value']}"}
    hint = f"write {shown(mended[number].strip())}"
    yield Guess(COLON_SPACE, span, message, hint, mended, "put a space after the colon")


def _no_colon(lines: list[str], number: int) -> Iterator[Guess]:
    line = lines[number]
    content = line[: _end_of_content(line)].strip()
    if not content or content.startswith(("- ", "#")) or content == "-" or re.search(r":(?:\s|$)", content):
        return
    start = _indent(line)
    span = Span.at(number, start, number, start + len(content))
    message = f"`{shown(content)}` has no colon: it is neither a key nor a value here"
    yield Guess(NO_COLON, span, message, "write `key: value`", {number: ""})


def _item_or_key(lines: list[str], number: int, problem: SyntaxProblem) -> Iterator[Guess]:
    line = lines[number]
    start = _indent(line)
    span = Span.at(number, start, number, len(line.rstrip()))
    if line[start:].startswith("- ") and "block mapping" in problem.context:
        span = Span.at(number, start, number, start + 1)
        message = "a list item cannot stand among keys"
        mended = {number: line[:start] + line[start + 2 :].lstrip(" ")}
        hint = "remove the dash, or indent it under the key whose list this is"
        yield Guess(ITEM_AMONG_KEYS, span, message, hint, mended, "remove the dash")
        yield Guess(ITEM_AMONG_KEYS, span, message, hint, _without_block(lines, number))
    elif "'-' indicator" in problem.problem:
        message = "a key cannot stand among list items"
        hint = "indent it under its item, or align it with the key of the list"
        yield Guess(KEY_AMONG_ITEMS, span, message, hint, _without_block(lines, number))


def _indentation(lines: list[str], number: int) -> Iterator[Guess]:
    """The line, with all that is further in below it, belongs to another column."""
    line = lines[number]
    start = _indent(line)
    if not line.strip() or line[start : start + 1] in "\t#":
        return
    block = _block(lines, number)
    span = Span.at(number, 0, number, start) if start else Span.at(number, 0, number, len(line.rstrip()))
    message = "this line is indented differently from its neighbours"
    for level in [level for level in _levels(lines, number) if level != start][:3]:
        shift = level - start
        moved = {
            below: " " * (_indent(lines[below]) + shift) + lines[below].lstrip(" ")
            for below in block
            if lines[below].strip()
        }
        hint = f"indent it by {level} spaces" if level else "do not indent it"
        yield Guess(INDENTATION, span, message, hint, moved, hint)


def _unreadable(lines: list[str], number: int) -> Iterator[Guess]:
    line = lines[number]
    if not line.strip():
        return
    span = Span.at(number, _indent(line), number, len(line.rstrip()))
    message, hint = "this cannot be read as YAML", "a value with special characters must be in quotes"
    if len(line) > _LONGEST_LINE:
        yield Guess(UNREADABLE, span, message, hint, {number: ""})
        return
    kept = _without_value(line)
    if kept != line.rstrip():
        yield Guess(UNREADABLE, span, message, hint, {number: kept})
    yield Guess(UNREADABLE, span, message, hint, {number: ""})
    block = _without_block(lines, number)
    if len(block) > 1:
        yield Guess(UNREADABLE, span, message, hint, block)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _end_of_content(line: str) -> int:
    """Where a comment or trailing space of this line begins."""
    found = re.search(r"\s+(?:#.*)?$", line)
    return found.start() if found else len(line)


def _without_value(line: str) -> str:
    entry = _ENTRY.fullmatch(line)
    return entry["head"].rstrip() if entry is not None else ""


def _block(lines: list[str], number: int) -> list[int]:
    """The line and those below that are further in."""
    block = [number]
    for below in range(number + 1, len(lines)):
        if lines[below].strip():
            if _indent(lines[below]) <= _indent(lines[number]):
                break
            block.append(below)
    return block


def _without_block(lines: list[str], number: int) -> dict[int, str]:
    return dict.fromkeys(_block(lines, number), "")


def _content_above(lines: list[str], number: int) -> int:
    """The closest line above that is neither empty nor a comment, or 0."""
    for above in range(number - 1, -1, -1):
        content = lines[above].strip()
        if content and not content.startswith("#"):
            return above
    return 0


def _levels(lines: list[str], number: int) -> list[int]:
    """Columns in which a line may begin at `number`, the closest to its own first."""
    columns: list[int] = []
    above = number
    while above > 0:
        above = _content_above(lines, above)
        line = lines[above]
        indent = _indent(line)
        found = re.match(r"(?: *- +)+", line)
        inner = found.end() if found else indent
        for column in (
            (inner + 2, inner, indent) if not columns and line.rstrip().endswith(":") else (inner, indent)
        ):
            if not columns or column < columns[-1]:
                columns.append(column)
        if indent == 0 or (number - above) > 2000:
            break
    own = len(lines[number][: len(lines[number]) - len(lines[number].lstrip(" \t"))].expandtabs(2))
    return sorted(columns, key=lambda column: abs(column - own))
