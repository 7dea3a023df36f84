"""What single files of a dbt project say, as bytes: read by several processes, kept by `recalled`.

A model's calls and a properties file's document are what takes longest to read, and each depends on
nothing but the file's text and what templates are read with. Bytes stand for exactly one value, type
by type; what has no exact bytes (a date, an alias a thousand times over, broken YAML) is None, and
whoever needs it reads the file.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from floe_engine.project.dbt_yaml import BrokenYaml, Lined, load
from floe_engine.project.jinja.calls import Calls, Gap, Named
from floe_engine.project.jinja.templates import Templates
from floe_engine.typed import built

Text = tuple[str, bool]
"""A file's text, and whether it is YAML rather than SQL."""

TOGETHER = 500
"""Files below which a second process costs as much as it wins."""
_PROCESSES = 8

_CALLS: Any = tuple[dict[str, Any], list[Named], list[Gap], set[str]]
_PLAIN = frozenset({str, int, float, bool, type(None)})


def say(text: Text, templates: Templates) -> tuple[bytes, Any] | None:
    """What a file says, as `heard_calls` and `heard_document` take it, and the latter's document.

    None where that is nothing that could be kept.
    """
    content, is_yaml = text
    try:
        if is_yaml:
            document = load(content, render=templates.render_or_keep)
            return msgspec.msgpack.encode((document, _lines(document, len(content)))), document
        calls = templates.calls(content)
        _lines(calls.config, len(content))
        told = (calls.config, calls.parents, calls.gaps, sorted(calls.unread))
        return msgspec.msgpack.encode(told), None
    except (BrokenYaml, _Inexact, TypeError, ValueError, RecursionError, OverflowError):
        return None


def heard_document(said: bytes) -> Any:
    """The document of a properties file. Raises `Unheard` for what `say` has not written."""
    try:
        document, lines = msgspec.msgpack.decode(said, type=tuple[Any, list[int]])
        return _restored(document, iter(lines))
    except (msgspec.MsgspecError, ValueError, RecursionError, StopIteration):
        raise Unheard from None


def heard_calls(said: bytes) -> Calls:
    """The calls of a SQL file. Raises `Unheard` for what `say` has not written."""
    try:
        return Calls(*msgspec.msgpack.decode(said, type=built(_CALLS)))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise Unheard from None


class Unheard(Exception):
    """Bytes that say nothing: the file has to be read."""


class _Inexact(Exception):
    """A value that would not come back as it is."""


def _lines(document: Any, characters: int) -> list[int]:
    """The line of each mapping in the order of writing, 0 for one that has none.

    Raises `_Inexact` for a type that bytes would change, and for more values than a text of so many
    `characters` can write: an alias of an alias is exponential.
    """
    found: list[int] = []
    left = characters + 16

    def walk(value: Any) -> None:
        nonlocal left
        left -= 1
        kind = type(value)
        if kind in _PLAIN:
            return
        if left < 0:
            raise _Inexact
        if kind is list:
            for item in value:
                walk(item)
        elif kind is Lined or kind is dict:
            found.append(value.line if kind is Lined else 0)
            for key, item in value.items():
                if type(key) not in _PLAIN:
                    raise _Inexact
                walk(item)
        else:
            raise _Inexact

    walk(document)
    return found


def _restored(value: Any, lines: Iterator[int]) -> Any:
    kind = type(value)
    if kind is dict:
        line = next(lines)
        mapping: dict[Any, Any] = Lined() if line else {}
        if isinstance(mapping, Lined):
            mapping.line = line
        for key, item in value.items():
            inner = type(item)
            mapping[key] = _restored(item, lines) if inner is dict or inner is list else item
        return mapping
    if kind is list:
        return [item if type(item) is str else _restored(item, lines) for item in value]
    return value


def say_all(
    texts: Mapping[str, Text], templates: Templates, warnings: Sequence[str]
) -> tuple[dict[str, bytes], dict[str, Any]]:
    """What each file says, by its path, in as many processes as there are processors to be had.

    Beside it are the documents of those files of YAML that this process has read itself. A macro that
    cannot be read puts a word into `warnings`, once, for the file that called it: from there on a
    process keeps nothing, so that the file is read where the warning is told. Files of a process that
    is ended are not in the result either.
    """
    own, *others = _shares(texts)
    children: list[_Child] = []
    try:
        for share in others:
            try:
                children.append(_begin(share, texts, templates, warnings))
            except OSError:  # no process or no pipe more is to be had
                own = own + share
        said, documents = _share(own, texts, templates, warnings)
        for child in children:
            said |= child.answer()
    finally:
        for child in children:
            child.end()
    return said, documents


def _share(
    paths: Sequence[str], texts: Mapping[str, Text], templates: Templates, warnings: Sequence[str]
) -> tuple[dict[str, bytes], dict[str, Any]]:
    said: dict[str, bytes] = {}
    documents: dict[str, Any] = {}
    for path in paths:
        one = say(texts[path], templates)
        if warnings:
            break
        if one is not None:
            said[path] = one[0]
            if texts[path][1]:
                documents[path] = one[1]
    return said, documents


def _shares(texts: Mapping[str, Text]) -> list[list[str]]:
    """Paths for each process, this one's first; large files are dealt out evenly."""
    by_size = sorted(texts, key=lambda path: (texts[path][1], len(texts[path][0])), reverse=True)
    count = _processors() if len(texts) >= TOGETHER else 1
    return [by_size[number::count] for number in range(count)]


def _processors() -> int:
    """Processes that may share the work.

    One where the system cannot copy a process, or where another thread runs: it might hold a lock, and
    the copy would wait for it for ever.
    """
    if sys.platform != "linux" or threading.active_count() > 1:
        return 1
    return min(len(os.sched_getaffinity(0)), _PROCESSES)


class _Child:
    """A copy of this process that reads its share and writes what it says into a pipe."""

    def __init__(self, process: int, pipe: int) -> None:
        self._process = process
        self._pipe = open(pipe, "rb")  # noqa: SIM115 - a descriptor, closed by `end`

    def answer(self) -> dict[str, bytes]:
        """What its files say; nothing where it was ended before it had written all."""
        try:
            return msgspec.msgpack.decode(self._pipe.read(), type=dict[str, bytes])
        except (msgspec.MsgspecError, ValueError, OSError):
            return {}

    def end(self) -> None:
        """Let go of it: where it still works, nobody waits for that."""
        import signal

        self._pipe.close()
        os.kill(self._process, signal.SIGKILL)  # not reaped yet, so nobody else has its number
        os.waitpid(self._process, 0)


def _begin(
    paths: Sequence[str], texts: Mapping[str, Text], templates: Templates, warnings: Sequence[str]
) -> _Child:
    reading, writing = os.pipe()
    process = os.fork()
    if process:
        os.close(writing)
        return _Child(process, reading)
    try:  # the copy: whatever happens here, nothing of this process's own ending may run
        os.close(reading)
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(msgspec.msgpack.encode(_share(paths, texts, templates, warnings)[0]))
    finally:
        os._exit(0)
