"""What a killed command leaves behind, and how the next one settles it.

Commands that change several files change all of them or none: what was there before lies in a
journal until the last file is written. Whoever finds one puts the files back, for nobody knows how
far the killed command came. A clone may bring a journal too: the three names below are all that it
can move, inside its own project.

Commands whose every step is whole by itself keep a note that they are under way; it says nothing
but which of a few they are, so that a clone's note cannot put words into floe's mouth.
"""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Iterator
from typing import Any

from floe_engine.acts import Act
from floe_engine.errors import FloeError
from floe_engine.events import CancelToken, Notice, Report, silent
from floe_engine.files import Directory, canonical_json, sha256_digest, stands, strict_json
from floe_engine.workspace import JOURNAL, SPEC_FILE, Workspace

STATE = ".floe/cache/previous.json"
"""What `floe upgrade --undo` goes back to."""
LOCK = ".floe/cache/artifacts.lock"
MOVED = (STATE, LOCK, SPEC_FILE)
"""The files that a move of the pin changes."""

_JOURNAL = f".floe/{JOURNAL}"
_VERSION = 1
_LIMIT = 16 * 1024 * 1024

_KEY_JOURNAL = ".floe-keygen.json"

UNDER_WAY = {
    "export": "an export was interrupted, and what it had begun to write is gone; export again",
    "import": "an import was interrupted: each version is in the registry whole or not at all; "
    "import again for the rest",
    "copy": "a copy was interrupted, before or after the version's tag was written; copy again to be sure",
    "publish": "a publication was interrupted: its tag comes last, so nobody saw half of it; publish again",
    "sign": "a signing was interrupted, and some of its signatures may be missing; sign again",
}
"""What a note can say, by command."""


@contextlib.contextmanager
def all_or_nothing(workspace: Workspace, what: str, spec: bytes) -> Iterator[None]:
    """Put the files of a move back if the block does not end well, or does not end at all.

    `what` names the command for whoever is told; `spec` is what the block writes into floe.yaml.
    Call it under ``store.exclusive``.
    """
    directory = workspace.files
    before = {name: directory.read(name, _LIMIT) for name in MOVED}
    journal = {
        "journalVersion": _VERSION,
        "what": what,
        "spec": sha256_digest(spec),
        "files": {
            name: None if data is None else base64.b64encode(data).decode() for name, data in before.items()
        },
    }
    directory.write(_JOURNAL, canonical_json(journal))
    try:
        yield
    except BaseException:  # Ctrl-C must not leave half a move either
        _put_back(directory, before)
        directory.remove(_JOURNAL)
        raise
    directory.remove(_JOURNAL)


@contextlib.contextmanager
def under_way(workspace: Workspace, what: str) -> Iterator[None]:
    """Note one of `UNDER_WAY` while the block runs, so that the next command can say that it never ended."""
    with workspace.files.note(what.encode()):
        yield


def settle(workspace: Workspace, report: Report = silent, cancel: CancelToken | None = None) -> None:
    """Finish or take back what a killed command left here, and say so. Free where `unsettled` is False."""
    directory = workspace.files
    for note in directory.forsaken():
        if (told := UNDER_WAY.get(note.decode("utf-8", "replace"))) is not None:
            directory.sweep()
            report(Notice(told))
    if not stands(workspace.directory / _JOURNAL):
        return
    with workspace.store.exclusive(cancel):  # a living command holds it
        data = directory.read(_JOURNAL, _LIMIT, what="journal")
        if data is None:
            return
        try:
            what, spec, before = _read(data)
        except (ValueError, KeyError, TypeError, AttributeError):
            directory.remove(_JOURNAL)
            report(Notice("a journal of an interrupted command could not be read, and was dropped"))
            return
        now = directory.read(SPEC_FILE, _LIMIT, what=SPEC_FILE)
        if now is not None and now != before[SPEC_FILE] and sha256_digest(now) != spec:
            directory.remove(_JOURNAL)
            report(
                Notice(
                    f"{what} was interrupted, and {SPEC_FILE} was changed since, so it is left as it is",
                    hint=f"{Act.PULL} fetches what it pins",
                )
            )
            return
        _put_back(directory, before)
        directory.remove(_JOURNAL)
    report(Notice(f"{what} was interrupted, so {SPEC_FILE} and the lock are as they were before it"))


def _put_back(directory: Directory, before: dict[str, bytes | None]) -> None:
    for name, data in before.items():
        if data is None:
            directory.remove(name)
        elif directory.read(name, _LIMIT) != data:
            directory.write(name, data)


def _read(data: bytes) -> tuple[str, str, dict[str, bytes | None]]:
    journal: Any = strict_json(data)
    if journal["journalVersion"] != _VERSION or set(journal["files"]) != set(MOVED):
        raise ValueError("it is not of this floe")
    before = {
        name: None if text is None else base64.b64decode(text, validate=True)
        for name, text in journal["files"].items()
    }
    return str(journal["what"])[:80], str(journal["spec"]), before


# --- a key pair --------------------------------------------------------------------------------


def begin_key_pair(directory: Directory, private: bytes, public: bytes) -> None:
    """Note a pair before its first file is written: without its password nobody derives the public half."""
    journal = {"private": sha256_digest(private), "public": public.decode()}
    directory.write(_KEY_JOURNAL, canonical_json(journal))


def end_key_pair(directory: Directory) -> None:
    """Both files are there."""
    directory.remove(_KEY_JOURNAL)


def settle_key_pair(directory: Directory, private: str, public: str, report: Report = silent) -> bytes | None:
    """Finish a pair whose `keygen` was killed, and say so; its public key where there was one to finish.

    A journal whose private key never came, or is another one, is dropped.
    """
    try:
        noted = directory.read(_KEY_JOURNAL, _LIMIT)
        if noted is None:
            return None
        journal: Any = strict_json(noted)
        digest, text = str(journal["private"]), str(journal["public"])
    except (FloeError, ValueError, KeyError, TypeError):
        digest, text = "", ""
    key = directory.read(private, _LIMIT, what=private)
    pem: bytes | None = None
    if key is not None and sha256_digest(key) == digest:
        pem = text.encode()
        if directory.read(public, _LIMIT, what=public) is None:
            directory.write(public, pem)
        report(Notice(f"keygen was interrupted, so its pair was finished: {public} belongs to {private}"))
    directory.remove(_KEY_JOURNAL)
    return pem
