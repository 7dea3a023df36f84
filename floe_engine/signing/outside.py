"""Bytes and words as strangers write and read them: decoded strictly, shown harmlessly.

What they mean must not enter.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from floe_engine.text import printable

SHOWN = 200
"""The most characters of foreign text that a message repeats."""


class Unacceptable(ValueError):
    """One signature does not count; the text says why. It becomes a `Rejected`, never a crash."""


def decode_base64(text: object) -> bytes:
    """Standard base64, strictly. Raises `ValueError` where it is anything else."""
    if not isinstance(text, str):
        raise ValueError("not base64 text")
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError("not base64 text") from None


def encode_base64(data: bytes) -> str:
    """Standard base64."""
    return base64.b64encode(data).decode("ascii")


def compact_json(value: object) -> bytes:
    """JSON without a space that it does not need, as cosign writes it."""
    return json.dumps(value, separators=(",", ":")).encode()


def mapping(value: object, what: str) -> dict[str, Any]:
    """`value` if it is a JSON object, else `Unacceptable`."""
    if not isinstance(value, dict):
        raise Unacceptable(f"{what} is not a JSON object")
    return value


def texts(value: object) -> dict[str, str]:
    """The entries of a JSON object whose values are text; anything else counts as none."""
    if not isinstance(value, dict):
        return {}
    return {key: text for key, text in value.items() if isinstance(text, str)}


def reason(error: Exception) -> str:
    """The first line of what an exception says, shortened, safe to show: it may quote strangers."""
    shown = printable(str(error).partition("\n")[0])
    return shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}…"


def quoted(value: object) -> str:
    """`value` as Python writes it, shortened: control characters come out as escapes."""
    shown = repr(value)
    return shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}…"
