"""A key's fingerprint as people write it, in the one spelling that is compared.

No key and no cryptography may enter: settings files are read on every start.
"""

from __future__ import annotations

import re

from floe_engine.errors import ConfigurationError
from floe_engine.signing.outside import decode_base64, quoted

_PREFIX = re.compile(r"\s*sha-?256(?:\s*fingerprint)?\s*[:= ]\s*", re.IGNORECASE)
_HEX = re.compile(r"[0-9a-f]{64}", re.IGNORECASE)
_SEPARATORS = re.compile(r"[\s:]+")


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
    try:
        raw = decode_base64(bare + "=" * (-len(bare) % 4))
    except ValueError:
        raw = b""
    if len(raw) == 32:
        return f"sha256:{raw.hex()}"
    raise ConfigurationError(
        "a key's fingerprint cannot be read",
        f"it is {quoted(text)}",
        hint="write sha256: and 64 hex digits, as `floe platform fingerprint FILE` prints them",
        where=where,
    )
