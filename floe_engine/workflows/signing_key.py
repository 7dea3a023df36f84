"""Who signs: the key or identity that is chosen, and unlocking it; making a key pair."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from floe_engine.artifact.model import SecurityPolicy
from floe_engine.errors import KeyUnusable, Unsigned, Untrusted, UsageError
from floe_engine.files import write_atomic
from floe_engine.signing.keys import (
    PrivateKey,
    generate,
    is_locked,
    load_private,
    load_public,
    read_key_file,
)
from floe_engine.workspace import Workspace

if TYPE_CHECKING:
    from floe_engine.events import CancelToken
    from floe_engine.signing.keyless import KeylessSigner, TrustRoot
    from floe_engine.signing.oidc import Claimed, SignIn

PRIVATE_FILE = "cosign.key"
PUBLIC_FILE = "cosign.pub"

AskPassword = Callable[[str], str]
"""Shown a prompt at a terminal; the password as typed."""


Signer: TypeAlias = "PrivateKey | KeylessSigner"


@dataclass(frozen=True)
class KeyPair:
    """Where `keygen` put the two keys."""

    private: Path
    public: Path
    fingerprint: str


@dataclass(frozen=True)
class SigningOptions:
    """How the person wants to sign. Raises `UsageError` where the wishes contradict each other."""

    key: str | None = None
    """Path of the signing key; None: FLOE_SIGNING_KEY, or cosign.key beside the manifest."""
    sign: bool = True
    keyless: bool = False
    """Sign with a Sigstore identity instead of a key."""
    identity_token: str | None = None
    """An OpenID token for keyless signing; None: the environment's (SIGSTORE_ID_TOKEN, CI)."""

    def __post_init__(self) -> None:
        wishes = {"--key": self.key is not None, "--keyless": self.keyless, "--no-sign": not self.sign}
        asked = [option for option, wished in wishes.items() if wished]
        if len(asked) > 1:
            raise UsageError(f"{' and '.join(asked)} contradict each other", hint="use one of them")
        if self.identity_token is not None and not self.keyless:
            raise UsageError("--identity-token is for signing with --keyless")


@dataclass(frozen=True)
class SigningChoice:
    """How a publication will be signed, decided before anything is unlocked."""

    kind: Literal["key", "keyless", "none"]
    path: Path | None = None

    @property
    def public_pem(self) -> str:
        """The public key beside the private one, if it lies there; a preview, checked on unlocking."""
        public = self.path.with_suffix(".pub") if self.path else None
        return read_key_file(public).decode("utf-8", "replace") if public and public.is_file() else ""

    def __str__(self) -> str:
        if self.kind == "key":
            return f"the key {self.path}"
        return "a Sigstore identity (keyless)" if self.kind == "keyless" else "nobody: no signing key"


def choose_signing(workspace: Workspace, security: SecurityPolicy, options: SigningOptions) -> SigningChoice:
    """Key, keyless or nothing. Raises `Unsigned` where nothing is chosen and signatures are required."""
    if options.sign and options.keyless:
        return SigningChoice("keyless")
    path = find_key(workspace, options.key) if options.sign else None
    if path is not None:
        return SigningChoice("key", path)
    if security.require_signed_artifacts:
        raise Unsigned(
            "the manifest requires signed artifacts, and there is no key to sign with",
            hint="name one with --key or FLOE_SIGNING_KEY, or make one with `floe platform keygen`",
            where="manifest.yaml: security.require_signed_artifacts",
        )
    return SigningChoice("none")


def open_signer(
    workspace: Workspace,
    choice: SigningChoice,
    security: SecurityPolicy,
    options: SigningOptions,
    ask: AskPassword | None = None,
    sign_in: SignIn | None = None,
    cancel: CancelToken | None = None,
) -> Signer | None:
    """Unlock whoever signs. Raises `Untrusted` for a key that the manifest does not list.

    An identity comes from its token (the options', the environment's, the CI system's); where there
    is none that holds, from a person who is shown `sign_in`.
    """
    if choice.kind == "none":
        return None
    if choice.path is None:
        return _identity(workspace, options, sign_in, cancel)
    key = unlock(workspace, choice.path, ask)
    trusted = {entry.fingerprint for entry in security.trusted_keys}
    if trusted and key.public.fingerprint not in trusted:
        raise Untrusted(
            "the signing key is not one that the manifest trusts",
            f"{choice.path.name} has fingerprint {key.public.fingerprint}\n"
            f"security.trusted_keys lists {', '.join(sorted(trusted))}",
            hint="sign with a listed key, or add its .pub file to security.trusted_keys",
            where=str(choice.path),
        )
    return key


def expected_identity(workspace: Workspace, options: SigningOptions) -> Claimed | None:
    """Whom a keyless signature would name, by a token that holds; None where there is none yet."""
    from floe_engine.signing.oidc import ambient_token, claimed

    token = ambient_token(options.identity_token, workspace.environ)
    return claimed(token) if token is not None else None


def _identity(
    workspace: Workspace, options: SigningOptions, sign_in: SignIn | None, cancel: CancelToken | None
) -> KeylessSigner:
    from floe_engine.events import CancelToken
    from floe_engine.signing.keyless import KeylessSigner, TrustRoot
    from floe_engine.signing.oidc import ambient_token, browser_token, claimed, find_token

    root = trust_root(workspace) or TrustRoot()
    if sign_in is None:
        return KeylessSigner(find_token(options.identity_token, workspace.environ), root)
    token = ambient_token(options.identity_token, workspace.environ)
    if token is None or claimed(token) is None:
        token = browser_token(root.issuer(), sign_in, cancel or CancelToken())
    return KeylessSigner(token, root)


def trust_root(workspace: Workspace) -> TrustRoot | None:
    """The Sigstore that the user's settings name (FLOE_TRUST_ROOT, `trust_root`); None: the public one."""
    path = workspace.environ.get("FLOE_TRUST_ROOT") or workspace.settings.trust_root
    if not path:
        return None
    from floe_engine.signing.keyless import TrustRoot

    config = workspace.environ.get("FLOE_SIGNING_CONFIG")
    return TrustRoot.load(Path(path), Path(config) if config else None)


def find_key(workspace: Workspace, option: str | None = None) -> Path | None:
    """The signing key: ``--key``, FLOE_SIGNING_KEY, or ``cosign.key`` beside the manifest."""
    if option:
        return workspace.directory / option
    if named := workspace.environ.get("FLOE_SIGNING_KEY"):
        return Path(named)
    beside = workspace.directory / PRIVATE_FILE
    return beside if beside.exists() else None


def unlock(workspace: Workspace, path: Path, ask: AskPassword | None = None) -> PrivateKey:
    """Read and decrypt a private key.

    The password comes from COSIGN_PASSWORD (set but empty is the empty password), else from `ask`.
    Raises `KeyUnusable` where neither can say it, or it is wrong.
    """
    pem = read_key_file(path)
    if not is_locked(pem):
        return load_private(pem)
    return load_private(pem, _password(workspace, f"Password for {path.name}: ", ask, str(path)))


def keygen(workspace: Workspace, *, directory: Path | None = None, ask: AskPassword | None = None) -> KeyPair:
    """Make a P-256 key pair in cosign's format. Never overwrites a key."""
    target = directory or workspace.directory
    private, public = target / PRIVATE_FILE, target / PUBLIC_FILE
    for path in (private, public):
        if path.exists():
            raise UsageError(
                f"{path.name} exists already, and a key is never overwritten",
                hint="move it away, or choose another directory with --into",
                where=str(path),
            )
    password = _password(workspace, "Password for the new key: ", ask, str(private))
    if ask is not None and "COSIGN_PASSWORD" not in workspace.environ:
        again = ask("Repeat it: ").encode()
        if again != password:
            raise KeyUnusable("the two passwords are not the same", hint="run the command again")
    private_pem, public_pem = generate(password)
    write_atomic(private, private_pem, mode=0o600)
    write_atomic(public, public_pem)
    return KeyPair(private, public, load_public(public_pem).fingerprint)


def _password(workspace: Workspace, prompt: str, ask: AskPassword | None, where: str) -> bytes:
    password = workspace.environ.get("COSIGN_PASSWORD")
    if password is None:
        if ask is None:
            raise KeyUnusable(
                "the key is protected by a password, and there is nobody to ask for it",
                hint="set COSIGN_PASSWORD in the environment of the command",
                where=where,
            )
        password = ask(prompt)
    return password.encode()
