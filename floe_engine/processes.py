"""Other programs: what they get to know of this process, and an answer within bounds.

A child inherits no password, token or key that floe itself was given. What a program is for must
not enter.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from msgspec import Struct

from floe_engine.errors import UsageError
from floe_engine.events import CancelToken
from floe_engine.files import scratch
from floe_engine.patterns import pattern

_SECRET = pattern(
    r"PASSWORD|PASSWD|PASSPHRASE|TOKEN|SECRET|CREDENTIAL|SIGNING_KEY|(PRIVATE|API|ACCESS)_?KEY|AUTH_CONFIG"
)
"""In the name of a variable whose value is nobody else's business."""
_KEY_TEXT = "PRIVATE KEY-----"

_CLOUDS = ("AWS_", "AZURE_", "ARM_", "CLOUDSDK_", "GOOGLE_", "VAULT_")
"""How the variables begin that a cloud's own programs log in with."""
_ORDINARY = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"),
        *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"),
        *("SYSTEMROOT", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "PATHEXT", "COMSPEC"),
        *("TMPDIR", "TEMP", "TMP"),
    }
)
"""What any program may need to find its files and its way out."""
_POLL = 0.05
_TAIL = 4000


def is_secret(name: str, value: str) -> bool:
    """Whether a variable is named like a password, token or key, or holds the text of a private key."""
    return bool(_SECRET.search(name.upper())) or _KEY_TEXT in value


def child_environment(environ: Mapping[str, str] | None = None, *, clouds: bool = False) -> dict[str, str]:
    """The environment for a program of the user's: everything but what is secret (`is_secret`).

    `clouds` keeps what a cloud's own programs log in with: a credential helper needs it.
    """
    return {
        name: value
        for name, value in (os.environ if environ is None else environ).items()
        if (clouds and name.startswith(_CLOUDS)) or not is_secret(name, value)
    }


def signer_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for a program that signs: the ordinary and the clouds' variables alone.

    Relative entries of PATH are dropped: they would mean whatever directory one happens to be in.
    """
    kept = {
        name: value
        for name, value in environ.items()
        if (name.upper() in _ORDINARY or name.startswith(_CLOUDS)) and _KEY_TEXT not in value
    }
    if "PATH" in kept:
        entries = kept["PATH"].split(os.pathsep)
        kept["PATH"] = os.pathsep.join(entry for entry in entries if Path(entry).is_absolute())
    return kept


def find_program(name: str, environ: Mapping[str, str]) -> str:
    """The absolute path of a program, by `environ`'s PATH or from where one stands.

    Raises `UsageError` where there is none.
    """
    by_path = os.sep in name or (os.altsep is not None and os.altsep in name)
    found = shutil.which(str(Path(name).absolute()) if by_path else name, path=environ.get("PATH", ""))
    if found is None:
        raise UsageError(
            f"there is no program {name}",
            "it is no file that can be run" if by_path else "no directory of PATH has it",
            hint="install it, or name it by its whole path",
        )
    return found


class Finished(Struct, frozen=True):
    """How a program ended. `problem` says why its answer is none; empty where it is one."""

    stdout: bytes
    stderr: str
    """The end of what it said, as text."""
    problem: str = ""


def answer_of(
    command: Sequence[str],
    *,
    environ: Mapping[str, str],
    stdin: bytes = b"",
    timeout: float,
    limit: int,
    cancel: CancelToken | None = None,
) -> Finished:
    """Run `command` (its first word an absolute path) and take at most `limit` bytes of its stdout.

    No shell, and no directory of the user's to work in: an empty one of its own. After `timeout`
    seconds, or one byte too many, it is ended with whatever it has started. `environ` is exactly
    what it gets. Raises `Cancelled`.
    """
    deadline = time.monotonic() + timeout
    with scratch() as directory:
        try:
            process = subprocess.Popen(  # noqa: S603 - the user's own program, without a shell
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=dict(environ),
                cwd=directory,
                start_new_session=True,
            )
        except OSError as error:
            return Finished(b"", "", f"it does not start: {error.strerror or error}")
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None
        answer, talk = bytearray(), bytearray()
        threads = [
            threading.Thread(target=_read, args=(process.stdout, answer, limit + 1), daemon=True),
            threading.Thread(target=_read_end, args=(process.stderr, talk), daemon=True),
            threading.Thread(target=_write, args=(process.stdin, stdin), daemon=True),
        ]
        try:
            for thread in threads:
                thread.start()
            while threads[0].is_alive() or (len(answer) <= limit and process.poll() is None):
                if time.monotonic() > deadline:
                    return Finished(b"", _text(talk), f"it gave no answer within {timeout:g} s")
                if cancel is not None:
                    cancel.check()
                threads[0].join(_POLL) if threads[0].is_alive() else time.sleep(_POLL / 10)
            if len(answer) > limit:
                return Finished(b"", _text(talk), f"it wrote more than {limit:,} bytes")
            threads[1].join(1)
            ended = process.returncode
            return Finished(bytes(answer), _text(talk), f"it ended with exit code {ended}" if ended else "")
        finally:
            _end(process)


def open_in_browser(link: str) -> None:
    """Show a page in the user's browser, which gets to know no secret of this process."""
    # -I: nothing that lies in the current directory is taken for the module.
    with contextlib.suppress(OSError):
        subprocess.Popen(  # noqa: S603 - Python's own module
            [sys.executable, "-I", "-m", "webbrowser", "-t", link],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=child_environment(),
            start_new_session=True,
        )


def _write(stream: IO[bytes], data: bytes) -> None:
    # A program may well answer without having read what it is given.
    with contextlib.suppress(OSError), stream:
        stream.write(data)


def _read(stream: IO[bytes], into: bytearray, limit: int) -> None:
    while len(into) < limit and (piece := os.read(stream.fileno(), min(65536, limit - len(into)))):
        into += piece


def _read_end(stream: IO[bytes], into: bytearray) -> None:
    while piece := os.read(stream.fileno(), 65536):
        into += piece
        del into[:-_TAIL]


def _text(talk: bytearray) -> str:
    return bytes(talk).decode("utf-8", "replace").strip()


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program and, where the system can, whatever it has started."""
    with contextlib.suppress(OSError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()
