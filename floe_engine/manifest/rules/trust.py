"""Keys that may sign: there, public, and inside the manifest's directory."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from floe_engine.acts import Act
from floe_engine.document.diagnostics import Diagnostic, Related, Severity
from floe_engine.document.nodes import KeyPath
from floe_engine.errors import ConfigurationError
from floe_engine.files import read_bounded
from floe_engine.fingerprint import fingerprint_of_pem, parse_fingerprint
from floe_engine.manifest.draft import Draft
from floe_engine.text import did_you_mean

LARGEST = 64 * 1024
"""Bytes; a public key is a tenth of a per cent of it."""


def keys_can_be_trusted(draft: Draft) -> Iterator[Diagnostic]:
    """Every key that may sign is a public key, inline or in a regular file beside the manifest."""
    for path, text in _keys(draft):
        if "-----BEGIN" in text:
            problem = key_problem(text.encode())
            if problem:
                yield draft.report("FLOE-M041", path, f"the key {problem}", hint=_HINT)
        elif draft.directory is not None:
            yield from _file(draft, path, text, draft.directory)


def _keys(draft: Draft) -> Iterator[tuple[KeyPath, str]]:
    yield from draft.texts("security", "trusted_keys")
    for name in draft.mapping("security", "delegated_keys"):
        yield from draft.texts("security", "delegated_keys", name)


_HINT = f"{Act.KEYGEN} writes cosign.key (secret) and cosign.pub (public): name the .pub"


def _file(draft: Draft, path: KeyPath, text: str, directory: Path) -> Iterator[Diagnostic]:
    base = directory.resolve()
    try:
        file = (base / text).resolve()
        inside = not Path(text).is_absolute() and file.is_relative_to(base)
        status = file.stat() if inside else None
    except FileNotFoundError:
        beside = [entry.name for entry in base.glob("*.pub")][:50]
        guess = did_you_mean(text, beside) or (beside[0] if len(beside) == 1 else None)
        yield draft.report(
            "FLOE-M040",
            path,
            f"there is no file `{text}` beside the manifest",
            hint=f"did you mean `{guess}`?" if guess else _HINT,
            fixes=[draft.replace(path, guess)] if guess else (),
        )
        return
    except (OSError, ValueError, RuntimeError) as error:  # before Python 3.13 a loop is the last
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "not a path"
        yield draft.report("FLOE-M040", path, f"`{text[:80]}` cannot be read: {reason}", hint=_HINT)
        return
    if status is None:
        yield draft.report(
            "FLOE-M042",
            path,
            f"`{text}` leads outside the manifest's directory",
            hint="copy the public key beside the manifest: whoever has the manifest needs it too",
        )
    elif not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST:
        kind = "not a regular file" if not stat.S_ISREG(status.st_mode) else "larger than 64 KiB"
        yield draft.report("FLOE-M041", path, f"`{text}` is {kind}, so it is no public key", hint=_HINT)
    else:
        try:
            problem = key_problem(_read(file))
        except ConfigurationError as error:
            problem = f"cannot be read: {error.message or error.title}"
        if problem:
            yield draft.report("FLOE-M041", path, f"`{text}` {problem}", hint=_HINT)


def key_text(directory: Path | None, text: str) -> str:
    """The PEM that an entry is, or that lies in a small file of that name; empty where there is none."""
    if "-----BEGIN" in text or directory is None:
        return text
    base = directory.resolve()
    try:
        file = (base / text).resolve()
        return _read(file).decode("ascii", "replace") if file.is_relative_to(base) else ""
    except (OSError, ValueError, RuntimeError, ConfigurationError):
        return ""


def _read(file: Path) -> bytes:
    return read_bounded(file, LARGEST, what="key")


def key_problem(pem: bytes) -> str:
    """What is wrong with a PEM as a public key that may sign; empty where nothing is."""
    if b"PRIVATE KEY-----" in pem:
        return "is a private key: anybody who reads the manifest could sign with it"
    if b"-----BEGIN PUBLIC KEY-----" not in pem:
        return "is not a public key in PEM form"
    # Imported here: it costs 30 ms, and most manifests name no key.
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        return "is damaged, or of a kind that floe does not know"
    if not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey):
        return "is of a kind that cannot sign artifacts; expected ECDSA, RSA or Ed25519"
    return ""


def required_signatures_have_keys(draft: Draft) -> Iterator[Diagnostic]:
    """A platform that demands signatures says whose."""
    above = draft.parent.security if draft.parent else None
    named = draft.get("security", "trusted_keys") or draft.get("security", "trusted_identities")
    if above is not None:
        delegated = above.delegated_keys.get(draft.text("metadata", "name") or "", ())
        named = named or above.trusted_keys or above.trusted_identities or delegated
    if draft.get("security", "require_signed_artifacts") is True and not named:
        yield draft.report(
            "FLOE-M043",
            ("security", "require_signed_artifacts"),
            "signatures are required but neither `trusted_keys` nor `trusted_identities` say whose",
            hint="add the public key, such as `trusted_keys: [cosign.pub]`, or whoever signs without one",
            severity=Severity.WARNING,
        )


def revocations_count(draft: Draft) -> Iterator[Diagnostic]:
    """A revoked key is named by its fingerprint, and nobody trusts it beside that."""
    dead: dict[str, KeyPath] = {}
    for path, text in draft.texts("security", "revoked_keys"):
        try:
            dead.setdefault(parse_fingerprint(text), path)
        except ConfigurationError as error:
            yield draft.report(
                "FLOE-M057", path, f"`{text[:80]}` is no fingerprint of a key", hint=error.hint
            )
    for path, text in _keys(draft) if dead else ():
        revoked = dead.get(fingerprint_of_pem(key_text(draft.directory, text)))
        if revoked is not None:
            yield draft.report(
                "FLOE-M058",
                path,
                "this key is revoked, and may not be trusted beside that",
                hint="remove it here: what it has signed is refused whatever else is listed",
                related=[Related(draft.span(revoked), "revoked here")],
            )


def delegation_needs_enterprise(draft: Draft) -> Iterator[Diagnostic]:
    """Only an enterprise platform lets others sign the platforms below it."""
    scope = draft.text("metadata", "scope") or draft.text("scope")
    if draft.mapping("security", "delegated_keys") and scope != "enterprise":
        yield draft.report(
            "FLOE-M019",
            ("security", "delegated_keys"),
            "`delegated_keys` is for platforms of scope `enterprise`",
            hint="set `metadata.scope: enterprise`, or list the key in `trusted_keys`",
            key=True,
        )
