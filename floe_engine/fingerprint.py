"""A key's fingerprint as people write it, in the one spelling that is compared.

No cryptography may enter: settings files are read on every start, and a manifest at every key.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re

from floe_engine.acts import Act
from floe_engine.errors import ConfigurationError
from floe_engine.patterns import pattern
from floe_engine.text import printable

_PREFIX = pattern(r"\s*sha-?256(?:\s*fingerprint)?\s*[:= ]\s*", re.IGNORECASE)
_HEX = pattern(r"[0-9a-f]{64}", re.IGNORECASE)
_SEPARATORS = pattern(r"[\s:]+")


def looks_like_fingerprint(text: str) -> bool:
    """Whether `text` is meant as a fingerprint, well written or not, rather than as a file's name."""
    return bool(_PREFIX.match(text) or _HEX.fullmatch(_SEPARATORS.sub("", text)))


def parse_fingerprint(text: str, *, where: str = "") -> str:
    """``sha256:`` and 64 lower-case hex digits, from any usual spelling of that.

    Taken are bare hex, upper case, colons or spaces between the digits, a prefix such as
    ``SHA256:``, and base64 as ``ssh-keygen`` and a sigstore bundle's hint write it. Raises
    `ConfigurationError` for anything else: a fingerprint that is not understood protects nobody.
    """
    bare = _PREFIX.sub("", text, count=1).strip()
    digits = _SEPARATORS.sub("", bare)
    if _HEX.fullmatch(digits):
        return f"sha256:{digits.lower()}"
    raw = _decoded(bare + "=" * (-len(bare) % 4))
    if len(raw) == 32:
        return f"sha256:{raw.hex()}"
    raise ConfigurationError(
        "a key's fingerprint cannot be read",
        f"it is {printable(repr(text[:200]))}",
        hint=f"write sha256: and 64 hex digits, as {Act.FINGERPRINT:FILE} prints them",
        where=where,
    )


def fingerprint_of_pem(pem: str) -> str:
    """The fingerprint of a public key's PEM text; empty where it is none.

    The body of such a text is the SubjectPublicKeyInfo itself, so nothing has to be parsed.
    """
    begin, end = "-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----"
    _, found, rest = pem.partition(begin)
    body, closed, _ = rest.partition(end)
    raw = _decoded("".join(body.split())) if found and closed else b""
    return f"sha256:{hashlib.sha256(raw).hexdigest()}" if raw else ""


def _decoded(text: str) -> bytes:
    """Standard base64, strictly; nothing where it is anything else."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
