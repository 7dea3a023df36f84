"""BER as DER, as far as timestamps need it: every OCTET STRING in one piece, every length told at once.

A timestamp is a CMS message, which may be BER; who reads it here reads DER alone. What is signed in one
is DER already, so a signature that held before holds after. Format: ITU-T X.690.
"""

from __future__ import annotations

_CONSTRUCTED = 0x20
_OCTETS = 0x04
_DEEPEST = 32


def in_one_piece(data: bytes) -> bytes:
    """The same value in DER's form. Raises `ValueError` where it is no BER, or nested too deeply."""
    encoded, end = _element(data, 0, len(data), 0)
    if end != len(data):
        raise ValueError("there is something behind it")
    return encoded


def _element(data: bytes, start: int, stop: int, depth: int) -> tuple[bytes, int]:
    """The element at `start`, and where it ends."""
    tag, begin, end = _header(data, start, stop)
    if not tag & _CONSTRUCTED:
        if end is None:
            raise ValueError("a primitive value without a length")
        return data[start:end], end
    if depth == _DEEPEST:
        raise ValueError("nested too deeply")
    parts, position = [], begin
    while position < (stop if end is None else end):
        if end is None and data[position : position + 2] == b"\0\0":
            break
        part, position = _element(data, position, stop if end is None else end, depth + 1)
        parts.append(part)
    if end is None:
        end = position + 2
        if data[position:end] != b"\0\0":
            raise ValueError("a value without an end")
    if tag == _OCTETS | _CONSTRUCTED:
        if any(part[0] != _OCTETS for part in parts):
            raise ValueError("octets in pieces that are none")
        return _encoded(_OCTETS, b"".join(part[_header(part, 0, len(part))[1] :] for part in parts)), end
    return _encoded(tag, b"".join(parts)), end


def _header(data: bytes, start: int, stop: int) -> tuple[int, int, int | None]:
    """The tag, where the value begins and where it ends; None where only a mark tells that."""
    if stop - start < 2 or data[start] & 0x1F == 0x1F:
        raise ValueError("no tag of one byte")
    tag, size, begin = data[start], data[start + 1], start + 2
    if size == 0x80:
        return tag, begin, None
    if size > 0x80:
        begin += size - 0x80
        size = int.from_bytes(data[start + 2 : begin], "big")
    if begin + size > stop:
        raise ValueError("a value that is cut off")
    return tag, begin, begin + size


def _encoded(tag: int, value: bytes) -> bytes:
    size = len(value)
    if size < 0x80:
        return bytes((tag, size)) + value
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + value
