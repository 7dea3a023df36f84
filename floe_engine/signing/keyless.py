"""Signatures without a key of one's own: a Sigstore certifies an identity for ten minutes.

With `oidc` (identity tokens) the only module that touches the `sigstore` library, parts of whose
interface are private: it changes here or nowhere. Which identities are trusted must not enter; nor
must an error's text ever decide anything.
"""

from __future__ import annotations

import base64
import json
import logging
import time
from dataclasses import dataclass, field
from datetime import MAXYEAR, UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from floe_engine.errors import ConfigurationError, KeyUnusable, RegistryUnreachable, TrustError
from floe_engine.events import CancelToken
from floe_engine.files import read_bounded, strict_json
from floe_engine.signing.ber import in_one_piece
from floe_engine.signing.bundle_format import pre_authentication
from floe_engine.signing.keys import Digest, fingerprint_of, public_key
from floe_engine.signing.log_entry import Made, demand_about
from floe_engine.signing.outside import Unacceptable, decode_base64, quoted, reason
from floe_engine.waiting import Overdue, wait_for

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from requests import Session
    from sigstore._internal.trust import RekorKeyring
    from sigstore.models import Bundle, ClientTrustConfig, TrustedRoot
    from sigstore.verify import Verifier
    from sigstore_models.common.v1 import TimeRange
    from sigstore_models.trustroot.v1 import TrustedRoot as RootMessage

TOKEN_VARIABLE = "SIGSTORE_ID_TOKEN"  # noqa: S105 - the variable's name, not a token

CLIENT_CONFIG_MEDIA_TYPE = "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json"
TRUSTED_ROOT_MEDIA_TYPE = "application/vnd.dev.sigstore.trustedroot+json;version=0.1"

_TRUST_FILE_LIMIT = 4 << 20
_TIMEOUTS = (5.0, 30.0)
"""Seconds to connect, and to wait for an answer of Fulcio or Rekor; the library sets none."""
_SECONDS_TO_SIGN = 120.0
"""For the certificate, the timestamps and the log entry together, however they trickle in."""

_MAX_STAMPS = 1 << 18
"""Bytes of all timestamps of one bundle; one has a few thousand."""

_QUIET = logging.NullHandler()

# Fulcio's certificate extensions: oid-info.md of sigstore/fulcio.
_ISSUER_OID = "1.3.6.1.4.1.57264.1.8"
_ISSUER_V1_OID = "1.3.6.1.4.1.57264.1.1"
_USERNAME_OID = "1.3.6.1.4.1.57264.1.7"


@dataclass(frozen=True, slots=True)
class TrustRoot:
    """A Sigstore instance: what its signatures are checked against, and where to sign.

    `name` is for messages. `trusted_root` and `signing_config` are JSON texts (sigstore
    protobuf-specs); without a trusted root it is the public Sigstore, without a signing
    configuration it can verify but not sign.
    """

    name: str = "the public Sigstore"
    trusted_root: str = field(default="", repr=False)
    signing_config: str = field(default="", repr=False)
    file: str = ""
    """The ``trusted_root.json`` it was read from, which other tools take too; empty: it was none."""

    @classmethod
    def load(cls, path: Path, signing_config: Path | None = None) -> TrustRoot:
        """The instance described by a ``ClientTrustConfig`` or ``trusted_root.json`` file.

        `signing_config` is cosign's ``signing-config`` file, for signing under a bare trusted
        root. Raises `ConfigurationError`, with the path, where a file is not what it should be.
        """
        root = cls.read(path, signing_config)
        root.verifier()
        return root

    @classmethod
    def read(cls, path: Path, signing_config: Path | None = None) -> TrustRoot:
        """The same, not yet tried: that takes the Sigstore library, which a key has no use for."""
        document = _trust_document(path)
        media_type = document.get("mediaType")
        config = "" if signing_config is None else json.dumps(_trust_document(signing_config))
        if media_type == TRUSTED_ROOT_MEDIA_TYPE:
            root = cls(str(path), json.dumps(document), config, str(path.absolute()))
        elif media_type == CLIENT_CONFIG_MEDIA_TYPE:
            config = config or json.dumps(document.get("signingConfig"))
            root = cls(str(path), json.dumps(document.get("trustedRoot")), config)
        else:
            raise ConfigurationError(
                "not a Sigstore trust root",
                f"its mediaType is {quoted(media_type)}",
                hint="give a trusted_root.json or a client trust configuration",
                where=str(path),
            )
        return root

    def verifier(self) -> Verifier:
        """What checks bundles against this root; raises `ConfigurationError` where it is no good."""
        from sigstore.errors import Error

        try:
            root = self._root()
            found = root._inner  # noqa: SLF001 - the library tells of certificates and keys alone
            if not (found.tlogs and found.certificate_authorities and found.ctlogs):
                raise ValueError("it lacks a transparency log, a certificate authority or a CT log")
            return _verifier(root)
        except (Error, ValueError, TypeError) as error:
            raise self._unusable(error) from None

    def logs(self) -> RekorKeyring:
        """The keys of its transparency logs; raises `ConfigurationError` where it has none.

        A root for entries about keys needs nobody who certifies identities.
        """
        from sigstore._internal.trust import KeyringPurpose
        from sigstore.errors import Error

        try:
            return self._root().rekor_keyring(KeyringPurpose.VERIFY)
        except (Error, ValueError, TypeError) as error:
            raise self._unusable(error) from None

    def _root(self) -> TrustedRoot:
        from sigstore.models import ClientTrustConfig, TrustedRoot
        from sigstore_models.trustroot.v1 import TrustedRoot as TrustedRootMessage

        # What the library has to tell, among it a stranger's words, would reach the terminal as it is.
        logging.getLogger("sigstore").addHandler(_QUIET)
        if not self.trusted_root:
            root = ClientTrustConfig.production(offline=True).trusted_root
        else:
            root = TrustedRoot(TrustedRootMessage.from_json(self.trusted_root))
        for authority in root._inner.timestamp_authorities:  # noqa: SLF001
            # A period's last moment belongs to it, and the library leaves that out.
            if (end := authority.valid_for.end) is not None and end.year < MAXYEAR:
                authority.valid_for.end = end + timedelta(microseconds=1)
        return root

    def _unusable(self, error: Exception) -> ConfigurationError:
        return ConfigurationError("the Sigstore trust root cannot be used", reason(error), where=self.name)

    def client_config(self) -> ClientTrustConfig:
        """Root and services together, for signing."""
        from sigstore.errors import Error
        from sigstore.models import ClientTrustConfig

        if not self.trusted_root:
            try:
                return ClientTrustConfig.production()
            except Error as error:
                raise RegistryUnreachable(
                    "the public Sigstore's configuration cannot be fetched",
                    reason(error),
                    hint="check the network, or sign with a key",
                ) from error
        if not self.signing_config:
            raise ConfigurationError(
                "the Sigstore trust root does not say where to sign",
                hint="give a client trust configuration, or a signing configuration beside the root",
                where=self.name,
            )
        document = {
            "mediaType": CLIENT_CONFIG_MEDIA_TYPE,
            "trustedRoot": json.loads(self.trusted_root),
            "signingConfig": json.loads(self.signing_config),
        }
        try:
            return ClientTrustConfig.from_json(json.dumps(document))
        except (Error, ValueError, TypeError) as error:
            raise ConfigurationError(
                "the Sigstore configuration cannot be used", reason(error), where=self.name
            ) from None

    def issuer(self) -> str:
        """The URL of the OpenID issuer at which people sign in; raises `ConfigurationError` without one."""
        from sigstore.errors import Error

        try:
            return str(self.client_config().signing_config.get_oidc_url())
        except Error as error:
            raise ConfigurationError(
                "the Sigstore signing configuration does not say where to sign in",
                reason(error),
                hint=f"set {TOKEN_VARIABLE}, or add oidcUrls to the signing configuration",
                where=self.name,
            ) from None


class Certified(Struct, frozen=True):
    """What a valid keyless signature proves: who signed which payload, certified by the root.

    `fingerprint` is that of the certificate's short-lived key. The payload is empty where the
    signature is over the artifact itself.
    """

    identity: str
    issuer: str
    fingerprint: str
    payload_type: str
    payload: bytes


class KeylessVerifier:
    """Checks sigstore bundles against one trust root, without any network."""

    def __init__(self, root: TrustRoot | None) -> None:
        self._root = root or TrustRoot()
        self._verifier: Verifier | None = None
        self._logs: RekorKeyring | None = None

    def verify(self, raw: bytes, digest: str) -> Certified:
        """Check everything that cryptography can say about a bundle.

        The certificate's chain, its SCT, the log entry with its proof and time, and the signature:
        over a DSSE envelope, whose payload is returned, or over the content of `digest`. The identity
        is reported and not judged. Raises `Unacceptable` where the bundle does not hold;
        `ConfigurationError` where the trust root is no good.
        """
        from cryptography import x509
        from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
        from cryptography.hazmat.primitives.serialization import Encoding
        from sigstore.errors import Error
        from sigstore.hashes import Hashed
        from sigstore.models import Bundle
        from sigstore_models.common.v1 import HashAlgorithm

        if self._verifier is None:
            self._verifier = self._root.verifier()
        try:
            bundle = Bundle.from_json(_with_stamps_in_one_piece(raw))
            envelope = bundle._dsse_envelope  # noqa: SLF001 - the library has no public word for it
            signed: bytes | Digest
            if envelope is None:
                payload_type, payload = "", b""
                signed = Digest(bytes.fromhex(digest.removeprefix("sha256:")))
                content = Hashed(algorithm=HashAlgorithm.SHA2_256, digest=signed.sha256)
                self._verifier.verify_artifact(content, bundle, _OneIdentity())
            else:
                payload_type, payload = envelope._inner.payload_type, envelope._inner.payload  # noqa: SLF001
                signed = pre_authentication(payload_type, payload)
                if _kind(bundle) in _ENVELOPES_OF_THE_LIBRARY:
                    self._verifier.verify_dsse(bundle, _OneIdentity())
                else:
                    self._verifier._verify_common_signing_cert(bundle, _OneIdentity())  # noqa: SLF001
                    if not public_key(bundle.signing_certificate.public_key()).verify(
                        bundle.signature, signed
                    ):
                        raise Unacceptable("its signature is not by the certificate's key")
            signer = bundle.signing_certificate.public_bytes(Encoding.DER)
            made = Made(bundle.signature, signed, None if envelope is None else payload, signer)
            demand_about(*_kind(bundle), bundle.log_entry._inner.canonicalized_body, made)  # noqa: SLF001
            _demand_in_force(bundle, self._verifier._trusted_root._inner)  # noqa: SLF001
            identity, issuer = _identity_of(bundle.signing_certificate)
        except (
            # A hostile bundle reaches every parser below the library, so this list is wide; each
            # of them means the same: the bundle does not hold.
            Error,
            KeyUnusable,
            InvalidSignature,
            UnsupportedAlgorithm,
            x509.ExtensionNotFound,
            x509.DuplicateExtension,
            x509.InvalidVersion,
            x509.UnsupportedGeneralNameType,
            *_BELOW_THE_LIBRARY,
        ) as error:
            raise Unacceptable(
                f"does not hold under {self._root.name}: {reason(error) or type(error).__name__}"
            ) from None
        return Certified(identity, issuer, _fingerprint(bundle.signing_certificate), payload_type, payload)

    def verify_entry(self, entry: object, made: Made) -> None:
        """Check that a log of the root holds `entry`, and that it speaks of this signature.

        A key needs no log; but an entry that is there must not be a lie. Raises `Unacceptable`.
        """
        from sigstore.errors import Error
        from sigstore.models import TransparencyLogEntry
        from sigstore_models.rekor.v1 import TransparencyLogEntry as Message

        if self._logs is None:
            self._logs = self._root.logs()
        try:
            read = TransparencyLogEntry(Message.from_json(json.dumps(entry)))
            read._verify(self._logs)  # noqa: SLF001 - the library checks entries of certificates only
            found = read._inner  # noqa: SLF001
            demand_about(found.kind_version.kind, found.kind_version.version, found.canonicalized_body, made)
        except Unacceptable:
            raise
        except (Error, *_BELOW_THE_LIBRARY) as error:
            why = reason(error) or type(error).__name__
            raise Unacceptable(f"its log entry does not hold: {why}") from None


_BELOW_THE_LIBRARY = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What parsers raise that a hostile bundle or log entry reaches."""

_ENVELOPES_OF_THE_LIBRARY = frozenset({("dsse", "0.0.1"), ("hashedrekord", "0.0.2")})
"""The kinds of log entries in which the library looks for envelopes."""

_KINDS_WITH_A_TIME = frozenset({("dsse", "0.0.1"), ("hashedrekord", "0.0.1"), ("intoto", "0.0.2")})
"""Those of Rekor 1, which promises when it took an entry in."""


def _with_stamps_in_one_piece(raw: bytes) -> bytes:
    """A bundle with its timestamps as the library reads them; the very same where they are so already."""
    document = strict_json(raw)
    stamps = (document["verificationMaterial"].get("timestampVerificationData") or {}).get(
        "rfc3161Timestamps", ()
    )
    given = [decode_base64(each["signedTimestamp"]) for each in stamps]
    if sum(map(len, given)) > _MAX_STAMPS:
        raise Unacceptable("its timestamps are larger than any are")
    whole = [base64.b64encode(in_one_piece(stamp)).decode() for stamp in given]
    if whole == [each["signedTimestamp"] for each in stamps]:
        return raw
    for each, text in zip(stamps, whole, strict=True):
        each["signedTimestamp"] = text
    return json.dumps(document).encode()


def _kind(bundle: Bundle) -> tuple[str, str]:
    found = bundle.log_entry._inner.kind_version  # noqa: SLF001 - no public word for it
    return found.kind, found.version


def _verifier(root: TrustedRoot) -> Verifier:
    """The library's verifier, with times as the format has them.

    The time at which Rekor 1 took an entry in counts for every kind of its entries. A stamp of an
    authority that nobody lists counts for nothing: anybody may take it out of a bundle or put one in.
    """
    from sigstore._internal.timestamp import TimestampSource, TimestampVerificationResult
    from sigstore.verify import Verifier

    class Timed(Verifier):
        def _establish_time(self, bundle: Bundle) -> list[TimestampVerificationResult]:
            found: list[TimestampVerificationResult] = []
            if bundle.verification_material.timestamp_verification_data and root.get_timestamp_authorities():
                found += self._verify_timestamp_authority(bundle)
            entry = bundle.log_entry._inner  # noqa: SLF001
            if entry.integrated_time and entry.inclusion_promise:
                if _kind(bundle) not in _KINDS_WITH_A_TIME:
                    raise Unacceptable("its log entry is of a kind that tells no time, and has one")
                moment = datetime.fromtimestamp(entry.integrated_time, UTC)
                source = TimestampSource.TRANSPARENCY_SERVICE
                found.append(TimestampVerificationResult(source=source, time=moment))
            return found

    return Timed(trusted_root=root)


def _demand_in_force(bundle: Bundle, root: RootMessage) -> None:
    """Raise `Unacceptable` unless log and authority were in force, as the root says, when they were used.

    The library leaves that out: it takes whatever the key of a retired log or authority signs. A log of
    the second version tells no time of its own.
    """
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature

    def issued(leaf: Certificate, raw: bytes) -> bool:
        try:
            leaf.verify_directly_issued_by(x509.load_der_x509_certificate(raw))
        except (InvalidSignature, ValueError, TypeError):
            return False
        return True

    leaf, entry = bundle.signing_certificate, bundle.log_entry._inner  # noqa: SLF001 - no public word for it
    if not any(
        _covers(authority.valid_for, leaf.not_valid_before_utc)
        and any(issued(leaf, found.raw_bytes) for found in authority.cert_chain.certificates)
        for authority in root.certificate_authorities
    ):
        raise Unacceptable("its certificate was issued when the authority was not in force")
    if entry.integrated_time and not any(
        _covers(log.public_key.valid_for, datetime.fromtimestamp(entry.integrated_time, UTC))
        for log in root.tlogs
        if log.log_id is not None and log.log_id.key_id == entry.log_id.key_id
    ):
        raise Unacceptable("it was logged when the log was not in force")


def _covers(period: TimeRange | None, moment: datetime) -> bool:
    """Whether a closed interval holds `moment`."""
    if period is None:
        return True
    return period.start <= moment and (period.end is None or moment <= period.end)


@dataclass(frozen=True, slots=True)
class KeylessSigner:
    """Signs as the subject of an OpenID `token` (a secret), under a Sigstore instance."""

    token: str = field(repr=False)
    root: TrustRoot = field(default_factory=TrustRoot)

    def sign(self, statement: bytes, cancel: CancelToken | None = None) -> tuple[bytes, Certified]:
        """An in-toto statement as a sigstore bundle v0.3 in JSON, and what the bundle proves.

        Raises `TrustError` where the token or the signing is refused, `RegistryUnreachable`
        where Fulcio or Rekor does not answer in time, `Cancelled`.
        """
        end = time.monotonic() + _SECONDS_TO_SIGN
        try:
            return wait_for(
                lambda: self._sign(statement),
                (cancel,) if cancel is not None else (),
                overdue=lambda: time.monotonic() > end,
            )
        except Overdue:
            raise self._silent(f"nothing was signed within {_SECONDS_TO_SIGN:.0f} s") from None

    def _silent(self, why: str) -> RegistryUnreachable:
        return RegistryUnreachable(
            "Sigstore does not answer",
            f"{self.root.name}: {why}",
            hint="check the network and the addresses in the signing configuration",
        )

    def _sign(self, statement: bytes) -> tuple[bytes, Certified]:
        import requests

        # Plain exceptions of the library, of which it exports no public name.
        from sigstore._internal.fulcio.client import ExpiredCertificate, FulcioClientError
        from sigstore._internal.rekor import RekorClientError
        from sigstore.dsse import Statement
        from sigstore.errors import Error, NetworkError
        from sigstore.oidc import ExpiredIdentity, IdentityError, IdentityToken
        from sigstore.sign import SigningContext

        config = self.root.client_config()
        try:
            services = config.signing_config
            fulcio, rekor, stampers = services.get_fulcio(), services.get_tlogs()[0], services.get_tsas()
            for session in (fulcio.session, getattr(rekor, "_session", None)):
                if session is not None:
                    _limit_waiting(session)
            context = SigningContext(
                fulcio=fulcio, rekor=rekor, trusted_root=config.trusted_root, tsa_clients=stampers
            )
            with context.signer(IdentityToken(self.token)) as signer:
                bundle = signer.sign_dsse(Statement(statement)).to_json().encode()
        except (IdentityError, ExpiredIdentity, ExpiredCertificate) as error:
            raise TrustError(
                "the identity token cannot be used for signing",
                reason(error) or "it has expired",
                hint=f"get a fresh token with the audience 'sigstore' and set {TOKEN_VARIABLE}",
            ) from None
        except (requests.ConnectionError, requests.Timeout, NetworkError) as error:
            raise self._silent(reason(error)) from error
        except (FulcioClientError, RekorClientError, requests.RequestException, Error, ValueError) as error:
            raise TrustError(
                "Sigstore did not sign", f"{self.root.name}: {reason(error) or type(error).__name__}"
            ) from error
        try:
            # The services may be others than the root certifies: a timestamp authority that it
            # does not list leaves a bundle that nobody can verify.
            return bundle, KeylessVerifier(self.root).verify(bundle, "")
        except Unacceptable as error:
            raise TrustError("the new signature does not verify", str(error)) from None


class _OneIdentity:
    """The library's policy hook: the certificate must name exactly one identity and an issuer.

    Whether that identity is trusted is the reader's question, asked after the cryptography.
    """

    def verify(self, cert: Certificate) -> None:
        """Raise `VerificationError` where the certificate names nobody, or more than one."""
        from sigstore.errors import VerificationError

        try:
            _identity_of(cert)
        except Unacceptable as error:
            raise VerificationError(str(error)) from None


def _identity_of(certificate: Certificate) -> tuple[str, str]:
    """The subject and the issuer that a Fulcio certificate names."""
    from cryptography import x509
    from cryptography.hazmat import asn1

    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    if len(names) != 1:
        raise Unacceptable(f"the certificate names {len(names)} identities instead of one")
    name = names[0]
    if isinstance(name, x509.RFC822Name | x509.UniformResourceIdentifier):
        subject = name.value
    elif isinstance(name, x509.OtherName) and name.type_id.dotted_string == _USERNAME_OID:
        subject = asn1.decode_der(str, name.value)
    else:
        raise Unacceptable("the certificate's identity is of an unknown kind")
    for oid in (_ISSUER_OID, _ISSUER_V1_OID):
        try:
            extension = certificate.extensions.get_extension_for_oid(x509.ObjectIdentifier(oid)).value
        except x509.ExtensionNotFound:
            continue
        if isinstance(extension, x509.UnrecognizedExtension):
            value = extension.value
            return subject, asn1.decode_der(str, value) if oid == _ISSUER_OID else value.decode()
    raise Unacceptable("the certificate names no issuer")


def _fingerprint(certificate: Certificate) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return fingerprint_of(
        certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    )


def _limit_waiting(session: Session) -> None:
    """Give every request of `session` a timeout."""
    from requests.adapters import HTTPAdapter

    class Patient(HTTPAdapter):
        """An adapter whose requests end at last."""

        def send(self, request: Any, **options: Any) -> Any:  # type: ignore[override]  # passes on what requests hands it
            options["timeout"] = options.get("timeout") or _TIMEOUTS
            return super().send(request, **options)

    for scheme in ("https://", "http://"):
        session.mount(scheme, Patient())


def _trust_document(path: Path) -> dict[str, Any]:
    try:
        document = strict_json(read_bounded(path, _TRUST_FILE_LIMIT, what="Sigstore configuration"))
    except ValueError as error:
        raise ConfigurationError(
            "the Sigstore configuration is not JSON", reason(error), where=str(path)
        ) from None
    if not isinstance(document, dict):
        raise ConfigurationError("the Sigstore configuration is not a JSON object", where=str(path))
    return document
