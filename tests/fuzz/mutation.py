"""Other inputs from good ones: JSON as a tree, YAML and SQL by their tokens, and everything by its bytes.

All chance comes from the `random.Random` that is given, so that a run can be repeated and hypothesis
can shrink what falls.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

LARGEST = 64 * 1024
"""Bytes of an input; files have limits of their own, which tests ask for."""

JUNK: tuple[Any, ...] = (
    None, True, False, [], {}, [[]], {"": {}}, "", " ", 0, -1, 1, 7, 1.5, -0.0, 2**31, 2**63, 2**64, 10**30,
    "\ud800", "é", "\U0001f600", "\u2028", "\x1b[31m", "\x00", "a\x00b", "\u202e", "\n", "a\nb", "'", '"',
    "..", "../../x", "/etc/passwd", "~", "~nobody/x", "-", "--", "C:\\x", "oci://", "oci-layout:~nouser/x",
    "(", "(a+)+$", "(?=a)", "[a-", ".*", "a{99999}", "\\", "*", "{{ x }}", "{% for %}", "{{ 1 / 0 }}", "${X}",
    "1e999", "NaN", "0x1F", "1_000", "0o7", "1.10", "9" * 400, "v1.2.3", "v1.*.*", ">=0", "99999999999.0.0",
    "2026-13-45", "9999999-01-01", "2026-01-01", "Wed, 21 Oct 9999999999", "AAAA", "MAA=", "====",
    "sha256:" + "0" * 64, "sha256:x", "sha512:" + "0" * 128, "pii", "gold", "strict", "x" * 5000,
    [1, "a", None], ["a", "a"], {"a": {"b": {"c": []}}}, {"name": "x"}, {"type": {}}, [["a"], {"a": 1}],
)  # fmt: skip
"""Values that somebody may put where another was meant."""

RAW = ("1e999", "-1e999", "NaN", "Infinity", "1" * 5000, "[" * 3000 + "]" * 3000, '{"a":1,"a":2}', "1E400")
"""What JSON's grammar, or nearly so, allows and Python's writer does not make."""

TOKENS: tuple[str, ...] = (
    *(text for text in JUNK if isinstance(text, str)),
    "- ", ": ", "\n", "  ", "{", "}", "[", "]", "&a ", "*a", "<<: *a", "#", "|", ">", "|-\n", "? ", "!!str ",
    "!!binary ", "---\n", "...\n", "%YAML 1.1\n", "\t", "null", "true", "on", "80", "\r", "\r\n", "\ufeff",
    "{{", "}}", "{%", "%}", "{#", "#}", "{{ ref('a') }}", "{{ source('a', 'b') }}", "{{ config(x=1) }}",
    "{% if %}", "{% endif %}", "{% set a = a %}", "{% macro m() %}{{ m() }}{% endmacro %}", "range(10**9)",
    "select", "from", "join", "with a as (", ")", "(", ",", "union all", "*", "--", "/*", "*/", "'", ";",
)  # fmt: skip

BYTES = (
    b"\xff",
    b"\xfe\xff",
    b"\x00",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\xc2\x85",
    b"\x1b",
    b"\r",
    b"\x80",
)

_TOKEN = re.compile(r"\w+|\s+|[^\w\s]")


def mutated(seeds: Sequence[bytes], chance: random.Random) -> bytes:
    """Another input: one of `seeds` with a few changes."""
    data = chance.choice(seeds)
    for _ in range(chance.randint(1, 3)):
        data = _change(data, seeds, chance)
    return data[:LARGEST]


def _change(data: bytes, seeds: Sequence[bytes], chance: random.Random) -> bytes:
    ways: list[Callable[[bytes, Sequence[bytes], random.Random], bytes]] = [_by_bytes]
    if _json(data) is not _NONE:
        ways += [_by_tree] * 6
    else:
        ways += [_by_tokens] * 3 + [_by_lines] * 3
    return chance.choice(ways)(data, seeds, chance)


# --- bytes ----------------------------------------------------------------------------------------


def _by_bytes(data: bytes, seeds: Sequence[bytes], chance: random.Random) -> bytes:
    start = chance.randint(0, len(data))
    length = min(chance.choice((0, 1, 1, 4, 16, 200)), len(data) - start)
    way = chance.randint(0, 4)
    if way == 0:
        return data[:start]
    if way == 1:
        other = chance.choice(seeds)
        return data[:start] + other[chance.randint(0, len(other)) :]
    new = {2: chance.choice(BYTES), 3: b""}.get(way, bytes([chance.randint(0, 255)]))
    return data[:start] + new + data[start + length :]


# --- text -----------------------------------------------------------------------------------------


def _by_tokens(data: bytes, seeds: Sequence[bytes], chance: random.Random) -> bytes:
    tokens = _TOKEN.findall(_text(data))
    if not tokens:
        return chance.choice(TOKENS).encode("utf-8", "surrogatepass")
    at = chance.randrange(len(tokens))
    way = chance.randint(0, 4)
    if way == 0:
        del tokens[at]
    elif way == 1:
        tokens.insert(at, chance.choice(TOKENS))
    elif way == 2:
        tokens[at] = chance.choice(TOKENS)
    elif way == 3:
        others = _TOKEN.findall(_text(chance.choice(seeds)))
        begin = chance.randrange(len(others)) if others else 0
        tokens[at : at + 1] = others[begin : begin + chance.randint(1, 12)]
    else:
        tokens.insert(at, tokens[at] * chance.choice((1, 2, 50)))
    return _bytes("".join(tokens))


def _by_lines(data: bytes, seeds: Sequence[bytes], chance: random.Random) -> bytes:
    lines = _text(data).split("\n")
    at = chance.randrange(len(lines))
    way = chance.randint(0, 5)
    if way == 0:
        del lines[at]
    elif way == 1:
        lines.insert(chance.randint(0, len(lines)), lines[at])
    elif way == 2:
        others = _text(chance.choice(seeds)).split("\n")
        lines.insert(at, chance.choice(others))
    elif way == 3:
        lines[at] = lines[at][1:] if chance.random() < 0.5 else f" {lines[at]}"
    else:  # another value for a key
        key, colon, _ = lines[at].partition(":")
        value = chance.choice(JUNK)
        text = chance.choice(TOKENS) if chance.random() < 0.3 else json.dumps(value)
        lines[at] = f"{key}: {text}" if colon else f"{lines[at]}: {text}"
    return _bytes("\n".join(lines))


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _bytes(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


# --- JSON -----------------------------------------------------------------------------------------

_NONE = object()


@lru_cache(512)
def _json(data: bytes) -> Any:
    if data[:1] not in (b"{", b"["):
        return _NONE
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return _NONE


def _by_tree(data: bytes, seeds: Sequence[bytes], chance: random.Random) -> bytes:
    document = json.loads(data)  # a copy of its own: what is cached is not to be changed
    try:
        places = list(_places(document))
    except RecursionError:
        return data
    holder, key = chance.choice(places) if places else (None, None)
    raw = ""
    way = chance.randint(0, 9)
    if holder is None:
        document = chance.choice(JUNK)
    elif way < 4:
        holder[key] = chance.choice(JUNK)
    elif way == 4:
        raw, holder[key] = chance.choice(RAW), "@raw@"
    elif way == 5:
        del holder[key]
    elif way == 6 and isinstance(holder, dict):
        name = chance.choice(JUNK)
        holder[name if isinstance(name, str) else str(key).upper()] = holder[key]
    elif way == 7:
        holder[key] = [holder[key]] if chance.random() < 0.5 else {"x": holder[key]}
    elif way == 8:  # a value of another place, here or in another seed
        other = _json(chance.choice(seeds))
        there = places if other is _NONE else list(_places(other)) or places
        source, name = chance.choice(there)
        holder[key] = json.loads(json.dumps(source[name]))
    elif isinstance(holder, list):
        holder.insert(chance.randint(0, len(holder)), holder[key])
    else:
        holder[str(chance.choice(JUNK))] = chance.choice(JUNK)
    # Half a surrogate pair can only be spelt as an escape.
    text = json.dumps(document, ensure_ascii=chance.random() < 0.7, separators=(",", ":"))
    return _bytes(text.replace('"@raw@"', raw) if raw else text)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Each container of a document with each of its keys."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield value, key
        yield from _places(inner)
