"""Where a signing key is kept, as a person says it, and getting at it.

A name says how to find a key: the path of a file, ``env://NAME`` for an environment variable that
holds the PEM text, ``NAME://REF`` for one of cosign's plugins (all as cosign writes them), or
``exec:PROGRAM ARGS`` for a program that signs. It comes from the command line or the environment,
never from a file of the directory that is worked in: that could name any program.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar, TypeAlias

from msgspec import Struct

from floe_engine.acts import Option
from floe_engine.errors import KeyUnusable, UsageError
from floe_engine.events import CancelToken
from floe_engine.signing.keys import KeySigner, is_locked, load_private, read_key_file
from floe_engine.signing.program import PLUGIN_PREFIX, PluginKey, ProgramKey, SigningProgram

AskPassword = Callable[[str], str]
"""Shown a prompt at a terminal; the password as typed."""

PASSWORD_VARIABLE = "COSIGN_PASSWORD"  # noqa: S105 - the name of a variable

_VARIABLE = "env://"
_PROGRAM = "exec:"
_PLUGIN = re.compile(r"([a-z0-9][a-z0-9_-]*)://(.+)")
_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class KeyFile(Struct, frozen=True):
    """A private key in a file of its own."""

    path: Path

    @property
    def public_pem(self) -> str:
        """The public key beside it, if one lies there; a preview, checked on unlocking."""
        public = self.path.with_suffix(".pub")
        return read_key_file(public).decode("utf-8", "replace") if public.is_file() else ""

    def open(self, unlocking: Unlocking) -> KeySigner:
        """Read and decrypt the key."""
        if not unlocking.allow_readable:
            _refuse_readable(self.path)
        return unlocking.unlock(read_key_file(self.path), self.path.name, str(self.path))

    def __str__(self) -> str:
        return f"the key {self.path}"


class KeyVariable(Struct, frozen=True):
    """A private key whose PEM text an environment variable holds."""

    name: str
    path: ClassVar[None] = None
    public_pem: ClassVar[str] = ""

    def open(self, unlocking: Unlocking) -> KeySigner:
        """Decrypt the key."""
        text = unlocking.environ.get(self.name)
        if not text:
            raise UsageError(
                f"the environment variable {self.name} is {'not set' if text is None else 'empty'}",
                "it should hold the signing key, as PEM text",
                hint=f'export {self.name}="$(cat cosign.key)", or name the key\'s file',
                where=str(self),
            )
        return unlocking.unlock(text.encode(), self.name, str(self))

    def __str__(self) -> str:
        return f"the key in {_VARIABLE}{self.name}"


class KeyProgram(Struct, frozen=True):
    """A key that a program of the user's keeps, with the words that start it."""

    command: tuple[str, ...]
    path: ClassVar[None] = None
    public_pem: ClassVar[str] = ""

    def open(self, unlocking: Unlocking) -> KeySigner:
        """Ask the program for its public key."""
        return ProgramKey.open(SigningProgram.find(self.command, unlocking.environ, unlocking.cancel))

    def __str__(self) -> str:
        return f"the program {self.command[0]}"  # its arguments may hold anything


class KeyPlugin(Struct, frozen=True):
    """A key that one of cosign's plugins keeps, ``sigstore-kms-NAME``."""

    name: str
    resource: str
    path: ClassVar[None] = None
    public_pem: ClassVar[str] = ""

    def open(self, unlocking: Unlocking) -> KeySigner:
        """Ask the plugin for its public key."""
        command = f"{PLUGIN_PREFIX}{self.name}"
        try:
            program = SigningProgram.find((command,), unlocking.environ, unlocking.cancel)
        except UsageError:
            raise UsageError(
                f"{self} needs cosign's plugin {command}, and no directory of PATH has it",
                hint=f"install it; or let any other program sign: {Option.KEY} 'exec:PROGRAM ARGS' "
                "(docs/signing.md shows AWS, Google Cloud, Azure and cosign)",
            ) from None
        return PluginKey.open(program, self.resource)

    def __str__(self) -> str:
        return f"the key {self.name}://{self.resource}"


KeySource: TypeAlias = KeyFile | KeyVariable | KeyProgram | KeyPlugin


class Unlocking(Struct, frozen=True):
    """What is needed to get at a key. `allow_readable` takes a file that others may read."""

    environ: Mapping[str, str]
    ask: AskPassword | None = None
    allow_readable: bool = False
    cancel: CancelToken | None = None

    def unlock(self, pem: bytes, name: str, where: str) -> KeySigner:
        """The key of a PEM text. Raises `KeyUnusable` where it is damaged or stays locked."""
        return load_private(pem, self.password(f"Password for {name}: ", where) if is_locked(pem) else b"")

    def password(self, prompt: str, where: str) -> bytes:
        """COSIGN_PASSWORD (set but empty is the empty password), else what the person types."""
        password = self.environ.get(PASSWORD_VARIABLE)
        if password is None:
            if self.ask is None:
                raise KeyUnusable(
                    "the key is protected by a password, and there is nobody to ask for it",
                    hint=f"set {PASSWORD_VARIABLE} in the environment of the command",
                    where=where,
                )
            password = self.ask(prompt)
        return password.encode()


def key_source(name: str, base: Path, told_by: str) -> KeySource:
    """What `name` means; paths are relative to `base`. `told_by` is who said it, for messages.

    Raises `UsageError` where it is no name of a key, and repeats nothing of a key's own text.
    """
    if "-----BEGIN" in name:
        raise UsageError(
            f"{told_by} holds the text of a key, and the place of one is wanted",
            hint=f"keep the text in an environment variable, say SIGNING_KEY, and name that: "
            f"{told_by}{' ' if told_by.startswith('-') else '='}{_VARIABLE}SIGNING_KEY",
        )
    if name.startswith(_VARIABLE):
        variable = name.removeprefix(_VARIABLE)
        if not _VARIABLE_NAME.fullmatch(variable):
            raise UsageError(
                "no environment variable has such a name", hint=f"write {_VARIABLE}NAME", where=told_by
            )
        return KeyVariable(variable)
    if name.startswith(_PROGRAM):
        return KeyProgram(_words(name.removeprefix(_PROGRAM), told_by))
    if plugin := _PLUGIN.fullmatch(name):
        return KeyPlugin(plugin[1], plugin[2])
    return KeyFile(base / name)


def _words(command: str, told_by: str) -> tuple[str, ...]:
    """The words of a command line; quotes hold words together, as a shell's do, and nothing else."""
    try:
        words = tuple(shlex.split(command, posix=os.name == "posix"))
    except ValueError as error:
        raise UsageError("the signing program cannot be read", str(error), where=told_by) from None
    if not words:
        raise UsageError(
            f"{_PROGRAM} names no program", hint=f"write {_PROGRAM}PROGRAM ARGS, in quotes", where=told_by
        )
    return words


def _refuse_readable(path: Path) -> None:
    """Raise `KeyUnusable` where the group or everybody may read the private key `path`."""
    if os.name != "posix":
        return
    try:
        mode = path.stat().st_mode
    except OSError:
        return  # reading says it better
    if mode & 0o077:
        raise KeyUnusable(
            "others on this machine may read the private key",
            f"its mode is {mode & 0o777:04o}, and whoever copies the key can sign as you",
            hint=f"chmod 600 {path}; or say {Option.ALLOW_READABLE_KEY} (FLOE_ALLOW_READABLE_KEY=1)",
            where=str(path),
        )
