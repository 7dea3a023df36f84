"""Who signs: the keys or the identity that are chosen, and unlocking them; making a key pair."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct

from floe_engine.acts import Act, Option
from floe_engine.artifact.model import SecurityPolicy
from floe_engine.distribution.interrupted import begin_key_pair, end_key_pair, settle_key_pair
from floe_engine.errors import KeyUnusable, Unsigned, Untrusted, UsageError
from floe_engine.events import Notice, Report, silent
from floe_engine.files import Directory, stands
from floe_engine.platform.key_source import (
    PASSWORD_VARIABLE,
    AskPassword,
    KeyFile,
    KeySource,
    Unlocking,
    key_source,
)
from floe_engine.signing.keys import KeySigner, PublicKey, generate, load_public
from floe_engine.signing.verdict import Signer
from floe_engine.trust.root import trust_root
from floe_engine.trust.team import PRIVATE_FILE, PUBLIC_FILE
from floe_engine.workspace import Workspace

if TYPE_CHECKING:
    from floe_engine.events import CancelToken
    from floe_engine.signing.keyless import KeylessSigner
    from floe_engine.signing.oidc import Claimed, SignIn

KEY_VARIABLE = "FLOE_SIGNING_KEY"
READABLE_VARIABLE = "FLOE_ALLOW_READABLE_KEY"

AnySigner: TypeAlias = "KeySigner | KeylessSigner"


class KeyPair(Struct, frozen=True):
    """Where `keygen` put the two keys."""

    private: Path
    public: Path
    fingerprint: str


class SigningOptions(Struct, frozen=True):
    """How the person wants to sign. Raises `UsageError` where the wishes contradict each other."""

    keys: tuple[str, ...] = ()
    """Names of signing keys, as `key_source` reads them; none: FLOE_SIGNING_KEY, or cosign.key here."""
    sign: bool = True
    keyless: bool = False
    """Sign with a Sigstore identity instead of a key."""
    identity_token: str | None = None
    """An OpenID token for keyless signing; None: the environment's (SIGSTORE_ID_TOKEN, CI)."""
    allow_readable_key: bool = False
    """Take a private key file that others on this machine may read."""
    attest: bool = True
    """Attest where the version is from and what tested it, with the same signers."""

    def __post_init__(self) -> None:
        wishes = {
            Option.KEY: bool(self.keys),
            Option.KEYLESS: self.keyless,
            Option.NO_SIGN: not self.sign,
        }
        asked = [option for option, wished in wishes.items() if wished]
        if len(asked) > 1:
            raise UsageError(f"{' and '.join(asked)} contradict each other", hint="use one of them")
        if self.identity_token is not None and not self.keyless:
            raise UsageError(f"{Option.IDENTITY_TOKEN} is for signing with {Option.KEYLESS}")


class SigningChoice(Struct, frozen=True):
    """How a publication will be signed, decided before anything is unlocked."""

    kind: Literal["key", "keyless", "none", "missing"]
    """``missing``: a signature is required, and there is nothing here to make it with."""
    keys: tuple[KeySource, ...] = ()

    @property
    def public_pem(self) -> str:
        """The first key's public half where it is known before unlocking; a preview."""
        return self.keys[0].public_pem if self.keys else ""

    @property
    def known(self) -> tuple[PublicKey, ...]:
        """The public halves that are known before unlocking."""
        return tuple(load_public(pem.encode()) for key in self.keys if (pem := key.public_pem))

    def demand(self) -> None:
        """Raise `Unsigned` where a signature is required and cannot be made."""
        if self.kind == "missing":
            raise Unsigned(
                "the manifest requires signed artifacts, and there is no key to sign with",
                hint=f"name one with {Option.KEY} or {KEY_VARIABLE}, or make one with {Act.KEYGEN}",
                where="manifest.yaml: security.require_signed_artifacts",
            )

    def __str__(self) -> str:
        if self.kind == "key":
            return " and ".join(str(key) for key in self.keys)
        if self.kind == "missing":
            return "nobody here: publishing needs a key, for the manifest requires a signature"
        return "a Sigstore identity (keyless)" if self.kind == "keyless" else "nobody: no signing key"


def choose_signing(workspace: Workspace, security: SecurityPolicy, options: SigningOptions) -> SigningChoice:
    """Keys, keyless or nothing; `SigningChoice.demand` says whether nothing is enough."""
    if options.sign and options.keyless:
        return SigningChoice("keyless")
    keys = find_keys(workspace, options.keys) if options.sign else ()
    if keys:
        return SigningChoice("key", keys)
    return SigningChoice("missing" if security.require_signed_artifacts else "none")


def open_signers(
    workspace: Workspace,
    choice: SigningChoice,
    security: SecurityPolicy,
    options: SigningOptions,
    ask: AskPassword | None = None,
    sign_in: SignIn | None = None,
    cancel: CancelToken | None = None,
) -> tuple[AnySigner, ...]:
    """Unlock whoever signs. Raises `Untrusted` where the manifest lists none of the keys.

    An identity comes from its token (the options', the environment's, the CI system's); where there
    is none that holds, from a person who is shown `sign_in`.
    """
    choice.demand()
    if choice.kind == "none":
        return ()
    if choice.kind == "keyless":
        return (_identity(workspace, options, sign_in, cancel),)
    allowed = options.allow_readable_key or workspace.environ.get(READABLE_VARIABLE, "") not in ("", "0")
    unlocking = Unlocking(workspace.environ, ask, allowed, cancel)
    keys = [source.open(unlocking) for source in choice.keys]
    check_listed([key.public for key in keys], security, where=str(choice))
    return tuple({key.public.fingerprint: key for key in keys}.values())


def check_listed(signing: Iterable[PublicKey | Signer], security: SecurityPolicy, *, where: str = "") -> None:
    """Raise `Untrusted` where the manifest lists signers and none of those who are `signing` is among them.

    One that is listed is enough: another may vouch beside it for readers who do not know the new
    key yet (a rotation). Keys are asked before they sign; as whom an identity signs is certain only by
    the signature that was made.
    """
    signers = [
        each if isinstance(each, Signer) else Signer("bundle", "", each.fingerprint) for each in signing
    ]
    keys = sorted(entry.fingerprint for entry in security.trusted_keys)
    people = [(who.identity, who.issuer) for who in security.trusted_identities]
    listed = any(
        (who.identity, who.issuer) in people if who.identity else who.fingerprint in keys for who in signers
    )
    if not signers or listed or not (keys or people):
        return
    names = ", ".join(dict.fromkeys(map(str, signers)))
    lines = [f"security.trusted_keys lists {', '.join(keys)}"] if keys else []
    lines += [f"security.trusted_identities lists {', '.join(f'{who} ({by})' for who, by in people)}"] * bool(
        people
    )
    raise Untrusted(
        "the signing key is not one that the manifest trusts"
        if not any(who.identity for who in signers)
        else "whoever signs is not one whom the manifest trusts",
        "\n".join([f"signing is {names}", *lines]),
        hint="sign as somebody who is listed, or add the .pub file to security.trusted_keys or the "
        "identity to security.trusted_identities",
        where=where,
    )


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


def find_keys(workspace: Workspace, options: Iterable[str] = ()) -> tuple[KeySource, ...]:
    """The signing keys: each ``--key``, or FLOE_SIGNING_KEY, or ``cosign.key`` beside the manifest.

    Raises `UsageError` where a name is none.
    """
    if named := tuple(dict.fromkeys(options)):
        return tuple(key_source(name, workspace.directory, Option.KEY) for name in named)
    if name := workspace.environ.get(KEY_VARIABLE):
        return (key_source(name, Path(), KEY_VARIABLE),)
    beside = workspace.directory / PRIVATE_FILE
    # A link that leads nowhere is a key that is missing, not the wish to publish without one.
    return (KeyFile(beside),) if stands(beside) else ()


def keygen(
    workspace: Workspace,
    *,
    directory: Path | None = None,
    ask: AskPassword | None = None,
    report: Report = silent,
) -> KeyPair:
    """Make a P-256 key pair in cosign's format. Never overwrites a key.

    One whose making was interrupted is finished instead, and keeps the password that it was given.
    """
    target = directory or workspace.directory
    private, public = target / PRIVATE_FILE, target / PUBLIC_FILE
    files = Directory(target)
    if (finished := settle_key_pair(files, PRIVATE_FILE, PUBLIC_FILE, report)) is not None:
        return KeyPair(private, public, load_public(finished).fingerprint)
    for path in (private, public):
        if stands(path):
            raise UsageError(
                f"{path.name} exists already, and a key is never overwritten",
                hint=f"move it away, or choose another directory with {Option.INTO}",
                where=str(path),
            )
    password = _new_password(Unlocking(workspace.environ, ask), str(private), report)
    private_pem, public_pem = generate(password)
    begin_key_pair(files, private_pem, public_pem)
    files.write(PRIVATE_FILE, private_pem, mode=0o600)
    files.write(PUBLIC_FILE, public_pem)
    end_key_pair(files)
    return KeyPair(private, public, load_public(public_pem).fingerprint)


def _new_password(unlocking: Unlocking, where: str, report: Report) -> bytes:
    """A password for a new key: typed twice, and an empty one only where that is meant."""
    password = unlocking.password("Password for the new key: ", where)
    if unlocking.ask is None or PASSWORD_VARIABLE in unlocking.environ:
        if not password:
            report(
                Notice(
                    f"{PASSWORD_VARIABLE} is empty, so nothing protects the new key: "
                    "whoever reads the file can sign",
                    hint=f"set {PASSWORD_VARIABLE} to a password before you make a key that matters",
                )
            )
        return password
    prompt = "Repeat it: " if password else "Empty: whoever reads the file could sign. Empty again, if so: "
    if unlocking.ask(prompt).encode() != password:
        raise KeyUnusable("the two passwords are not the same", hint="run the command again")
    return password
