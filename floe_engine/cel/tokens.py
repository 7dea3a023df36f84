"""The signs of an expression: names, numbers, texts and operators, each with its place."""

from __future__ import annotations

import re
from typing import Any, Literal

from msgspec import Struct

Kind = Literal["name", "value", "sign", "end"]

LONGEST = 2_000
"""Characters of an expression."""

LARGEST = 2**63
"""Integers are from -2⁶³ up to, not including, 2⁶³."""

RESERVED = frozenset(
    (
        *("as", "break", "const", "continue", "else", "for", "function", "if", "import"),
        *("let", "loop", "package", "namespace", "return", "var", "void", "while"),
    )
)
"""Words that are no names of variables (cel-spec, langdef.md)."""

WORDS = {"true": True, "false": False, "null": None}


class Malformed(ValueError):
    """What was written is no expression. `start` and `end` count code points from 0."""

    def __init__(self, message: str, start: int, end: int, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = max(end, start)
        self.hint = hint


class Token(Struct, frozen=True):
    """One sign. `text` is a name or an operator as written; `value` what a literal means."""

    kind: Kind
    text: str
    start: int
    end: int
    value: Any = None


_SPACE = re.compile(r"(?:[ \t\n\f\r]+|//[^\n]*)+")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMBER = re.compile(r"0x[0-9a-fA-F]+|(?:[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+)|[0-9]+")
_FRACTION = re.compile(r"\.[0-9]+(?:[eE][+-]?[0-9]+)?")
_TEXT = re.compile(r"(?P<prefix>[rRbB]{0,2})(?P<quote>\"\"\"|'''|\"|')")
_SIGN = re.compile(r"&&|\|\||[<>=!]=|[-+*/%<>!?:.,()\[\]{}]")
_ESCAPE = re.compile(
    r"\\(?:(?P<plain>[abfnrtv\\?\"'`])|[xX](?P<two>[0-9a-fA-F]{2})|u(?P<four>[0-9a-fA-F]{4})"
    r"|U(?P<eight>[0-9a-fA-F]{8})|(?P<octal>[0-3][0-7]{2}))"
)
_PLAIN = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def tokens(source: str) -> list[Token]:
    """All signs of `source`, and one for its end. Raises `Malformed`."""
    if len(source) > LONGEST:
        message = f"the expression is {len(source):,} characters long; at most {LONGEST:,} are allowed"
        raise Malformed(message, LONGEST, len(source), "make several rules of it")
    found: list[Token] = []
    at = 0
    while True:
        if space := _SPACE.match(source, at):
            at = space.end()
        if at >= len(source):
            break
        token = _token(source, at, found[-1] if found else None)
        found.append(token)
        at = token.end
    found.append(Token("end", "", len(source), len(source)))
    return found


def _token(source: str, at: int, before: Token | None) -> Token:
    if text := _TEXT.match(source, at):
        return _text(source, text)
    if name := _NAME.match(source, at):
        word = name.group()
        if word in WORDS:
            return Token("value", word, at, name.end(), WORDS[word])
        return Token("name", word, at, name.end())
    follows = before is not None and before.end == at and (before.kind == "name" or before.text in (")", "]"))
    if number := _NUMBER.match(source, at) or (None if follows else _FRACTION.match(source, at)):
        return _number(source, number)
    if sign := _SIGN.match(source, at):
        return Token("sign", sign.group(), at, sign.end())
    hint = {"=": "equal is `==`", "&": "and is `&&`", "|": "or is `||`"}.get(source[at], "")
    raise Malformed(f"`{source[at]}` means nothing here", at, at + 1, hint)


def _number(source: str, found: re.Match[str]) -> Token:
    text, end = found.group(), found.end()
    if source[end : end + 1] in ("u", "U"):
        raise Malformed("unsigned numbers are not known here", found.start(), end + 1, "leave the `u` out")
    if _NAME.match(source, end):
        raise Malformed("a number ends here, or an operator is missing", end, end + 1)
    if text.startswith("0x"):
        value: int | float = int(text, 16)
    else:
        value = int(text) if text.isdigit() else float(text)
    if isinstance(value, int) and value > LARGEST:  # the least number is written as minus 2⁶³
        raise Malformed("the number is too large", found.start(), end)
    return Token("value", text, found.start(), end, value)


def _text(source: str, opening: re.Match[str]) -> Token:
    prefix, quote = opening["prefix"].lower(), opening["quote"]
    start, at = opening.start(), opening.end()
    if "b" in prefix:
        raise Malformed("bytes are not known here", start, at, "leave the `b` out")
    raw = "r" in prefix
    parts = []
    while not source.startswith(quote, at):
        character = source[at : at + 1]
        if not character or (len(quote) == 1 and character in "\r\n"):
            raise Malformed("the text is not closed", start, at, f"end it with {quote}")
        if character == "\\" and not raw:
            escape = _ESCAPE.match(source, at)
            if escape is None:
                hint = "write `\\\\` for a backslash, or put `r` before the text"
                raise Malformed(f"`{source[at : at + 2]}` means nothing in a text", at, at + 2, hint)
            parts.append(_escaped(escape))
            at = escape.end()
        else:
            parts.append(character)
            at += 1
    end = at + len(quote)
    return Token("value", source[start:end], start, end, "".join(parts))


def _escaped(escape: re.Match[str]) -> str:
    if plain := escape["plain"]:
        return _PLAIN.get(plain, plain)
    octal = escape["octal"]
    number = int(octal, 8) if octal else int(escape["two"] or escape["four"] or escape["eight"], 16)
    if number > 0x10FFFF or 0xD800 <= number <= 0xDFFF:
        raise Malformed("there is no such character", escape.start(), escape.end())
    return chr(number)
