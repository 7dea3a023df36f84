"""How a value is written as YAML: which texts need quotes, and which quotes.

A text is quoted when a YAML 1.2 *or* a YAML 1.1 reader would take it for something else, since
the same file is read by editors, CI and other languages: `off`, `no`, `1.10`, `12:30:00`.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final

from floe_engine.document.nodes import Style, core_value
from floe_engine.patterns import pattern

_OLD_WORDS: Final = frozenset(
    word
    for lower in ("y", "n", "yes", "no", "on", "off", "true", "false", "null")
    for word in (lower, lower.capitalize(), lower.upper())
)
_OLD_NUMBER: Final = pattern(
    r"[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0o?[0-7_]+"  # base 2, 16, 8
    r"|[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"  # base 60
    r"|(?:[0-9][0-9_]*)?\.?[0-9_]*(?:[eE][-+]?[0-9]+)?|\.(?:inf|nan))",
    re.IGNORECASE,
)
_DATE: Final = pattern(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt \t].*)?")
_INDICATORS: Final = frozenset("-?:,[]{}#&*!|>'\"%@`")
_FLOW_INDICATORS: Final = pattern(r"[\[\]{},]")


def is_plain(text: str, *, in_flow: bool = False) -> bool:
    """Whether `text` may be written without quotes and every reader takes it for this text."""
    if not text or text != text.strip(" ") or not text.isprintable() or isinstance(core_value(text), bool):
        return False
    if not isinstance(core_value(text), str) or text in _OLD_WORDS or text in ("=", "<<", "---", "..."):
        return False
    if _OLD_NUMBER.fullmatch(text) or _DATE.fullmatch(text):
        return False
    if text[0] in _INDICATORS and not (text[0] in "-?:" and len(text) > 1 and text[1] not in " ,[]{}-"):
        return False
    if ": " in text or " #" in text or text.endswith(":") or text.startswith(("--- ", "... ")):
        return False
    return not (in_flow and (_FLOW_INDICATORS.search(text) or ":" in text))


def quoted(text: str, style: Style = Style.DOUBLE) -> str:
    """`text` in quotes: double as JSON does, or single where asked for or where that is easier to read."""
    if _fits_single(text) and (style is Style.SINGLE or "\\" in text or '"' in text):
        return "'" + text.replace("'", "''") + "'"
    return _double(text)


def scalar(value: Any, *, style: Style = Style.PLAIN, in_flow: bool = False) -> str:
    """`value` (None, bool, number or text) on one line, in `style` where that is possible.

    Raises `TypeError` for anything else.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _float(value)
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} is no YAML scalar")
    if style in (Style.SINGLE, Style.DOUBLE) or not is_plain(value, in_flow=in_flow):
        return quoted(value, style)
    return value


def _fits_single(text: str) -> bool:
    return text.isprintable()


def _double(text: str) -> str:
    escaped = json.dumps(text, ensure_ascii=False)
    return "".join(c if c.isprintable() else _escape(c) for c in escaped)


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _float(value: float) -> str:
    if math.isnan(value):
        return ".nan"
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    text = repr(value)
    # YAML 1.1 readers want a point in `1e16`.
    return text if "." in text or "e" not in text else text.replace("e", ".0e")
