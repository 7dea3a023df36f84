"""Keys that a program keeps: a KMS, a smart card, another signing tool. Two protocols.

``exec:PROGRAM ARGS``: the program is run with ``public-key`` and answers with a public key in PEM;
with ``sign SHA256HEX``, the message on its stdin, it answers with the signature: DER or r and s
side by side, as bytes, base64 or base64url. ``NAME://REF``: cosign's plugins,
``sigstore-kms-NAME v1 JSON`` (sigstore/sigstore, ``pkg/signature/kms/cliplugin``).

An answer is believed once the key that the program names verifies it. Where such a program may be
named must not enter.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct

from floe_engine.errors import FloeError, KeyUnusable
from floe_engine.events import CancelToken
from floe_engine.files import strict_json
from floe_engine.processes import answer_of, find_program, signer_environment
from floe_engine.signing.keys import PublicKey, load_public
from floe_engine.signing.outside import compact_json, decode_base64, encode_base64, mapping, reason

TIMEOUT = 60.0
"""Seconds for one answer of a program; somebody may have to touch a token meanwhile."""
ANSWER_LIMIT = 64 * 1024
"""Bytes of one answer."""
PLUGIN_PREFIX = "sigstore-kms-"

_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]+={0,2}")
_SHA256 = 5
"""``crypto.SHA256`` of Go, as the plugin protocol names it."""
_RPC_OPTIONS = {"rpcOptions": {"keyVersion": "", "remoteVerification": False}}


@dataclass(frozen=True, slots=True)
class SigningProgram:
    """A program that is asked for signatures: its words, and the environment that it gets."""

    command: tuple[str, ...]
    environ: Mapping[str, str] = field(repr=False)
    cancel: CancelToken | None = field(default=None, repr=False, compare=False)

    @classmethod
    def find(
        cls, command: tuple[str, ...], environ: Mapping[str, str], cancel: CancelToken | None = None
    ) -> SigningProgram:
        """The program that `command` begins with; `UsageError` where there is none."""
        allowed = signer_environment(environ)
        return cls((find_program(command[0], allowed), *command[1:]), allowed, cancel)

    def ask(self, *words: str, message: bytes = b"") -> bytes:
        """What the program answers; `KeyUnusable` where that is nothing, too much or too late."""
        done = answer_of(
            [*self.command, *words],
            environ=self.environ,
            stdin=message,
            timeout=TIMEOUT,
            limit=ANSWER_LIMIT,
            cancel=self.cancel,
        )
        if done.problem or not done.stdout:
            said = done.stderr.splitlines()[-1] if done.stderr else ""
            problem = done.problem or "it answered nothing"
            raise self.failed(f"{problem}; it said: {reason(ValueError(said))}" if said else problem)
        return done.stdout

    def failed(self, why: str) -> KeyUnusable:
        """The program did not do what a signer should."""
        return KeyUnusable(
            "the signing program gave no signature that can be used",
            why,
            hint="run it by hand to see why; docs/signing.md says how it is called",
            where=self.command[0],
        )


class ProgramKey(Struct, frozen=True):
    """A key behind the ``exec:`` protocol."""

    program: SigningProgram
    public: PublicKey

    @classmethod
    def open(cls, program: SigningProgram) -> ProgramKey:
        """Ask for the public key, with which every answer will be checked."""
        return cls(program, _public_key(program, program.ask("public-key")))

    def sign(self, data: bytes) -> bytes:
        """A signature over `data`, checked."""
        answer = self.program.ask("sign", hashlib.sha256(data).hexdigest(), message=data)
        return _believed(self.program, self.public, answer, data)


class PluginKey(Struct, frozen=True):
    """A key behind cosign's plugin protocol; `resource` is what follows ``NAME://``."""

    program: SigningProgram
    resource: str
    public: PublicKey

    @classmethod
    def open(cls, program: SigningProgram, resource: str) -> PluginKey:
        """Ask for the public key, with which every answer will be checked."""
        answer = _call(program, resource, "publicKey", {"publicKeyOptions": _RPC_OPTIONS}, b"")
        return cls(program, resource, _public_key(program, _decoded(program, answer, "publicKeyPEM")))

    def sign(self, data: bytes) -> bytes:
        """A signature over `data`, checked. The plugin gets the message and its digest."""
        digest = encode_base64(hashlib.sha256(data).digest())
        options = {**_RPC_OPTIONS, "messageOptions": {"digest": digest}}
        answer = _call(self.program, self.resource, "signMessage", {"signOptions": options}, data)
        signature = _decoded(self.program, answer, "signature")
        return _believed(self.program, self.public, signature, data)


def _call(
    program: SigningProgram, resource: str, method: str, arguments: dict[str, Any], message: bytes
) -> dict[str, Any]:
    """One method of a plugin; what is in the answer under the method's name."""
    request = {
        "initOptions": {
            "protocolVersion": "v1",
            "keyResourceID": resource,
            "hashFunc": _SHA256,
            **_RPC_OPTIONS,
        },
        "methodName": method,
        method: arguments,
    }
    answer = program.ask("v1", compact_json(request).decode(), message=message)
    try:
        found = mapping(strict_json(answer), "the answer")
        if said := found.get("errorMessage"):
            raise program.failed(f"it said: {reason(ValueError(said))}")
        return mapping(found.get(method), f"its {method}")
    except ValueError as error:
        raise program.failed(f"its answer is not the JSON of cosign's plugins: {reason(error)}") from None


def _decoded(program: SigningProgram, answer: dict[str, Any], name: str) -> bytes:
    try:
        return decode_base64(answer.get(name))
    except ValueError:
        raise program.failed(f"{name} is not base64") from None


def _public_key(program: SigningProgram, pem: bytes) -> PublicKey:
    try:
        return load_public(pem)
    except FloeError as error:
        raise program.failed(f"its public key cannot be used: {error.title}") from None


def _believed(program: SigningProgram, public: PublicKey, answer: bytes, data: bytes) -> bytes:
    """`answer` as a signature that `public` verifies over `data`, in the form that cosign writes."""
    for form in _forms(answer, public):
        if public.verify(form, data, sha256_only=True):
            return form
    raise program.failed(f"its signature is not by the key that it names ({public.fingerprint})")


def _forms(answer: bytes, public: PublicKey) -> Iterator[bytes]:
    """What an answer may mean: bytes or base64, of DER or of r and s side by side."""
    spelled = [answer]
    text = b"".join(answer.split())
    if _BASE64.fullmatch(text):
        standard = text.translate(bytes.maketrans(b"-_", b"+/")).rstrip(b"=")
        with contextlib.suppress(binascii.Error):
            spelled.append(base64.b64decode(standard + b"=" * (-len(standard) % 4), validate=True))
    for form in spelled:
        yield form
        if der := public.der_signature(form):
            yield der
