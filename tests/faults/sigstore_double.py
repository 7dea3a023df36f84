"""A whole Sigstore on loopback, for keyless signatures without the internet.

What it plays, each only as far as sigstore-python 4.5 and cosign 3 ask for it:

- an OpenID issuer: tokens by `token()`, its discovery document, and signing in with a browser
  (authorization code with PKCE) as whoever `visitor` says;
- Fulcio: certificates by the v2 API (a CSR, as sigstore-python asks, or a public key with proof
  of possession, as cosign asks) and by the v1 API of cosign 2; with an embedded SCT of its CT log;
- Rekor v1 (dsse and hashedrekord entries, signed entry timestamp) and Rekor v2 (hashedrekord
  0.0.2), both over one real RFC 6962 Merkle tree each, with inclusion proofs and checkpoints;
- a timestamp authority (RFC 3161).

What it does not do: log certificates anywhere, verify what it logs, persist, or speak TLS.
Everything it signs with is made when it starts and gone when it stops. `skew` sets its clock
back, `cert_minutes` sets how long certificates hold, so that tests can make stale signatures.
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Self
from urllib.parse import parse_qsl, urlencode

import jwt
import rfc8785
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_public_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from tests.faults.authorities import (
    LONG_AGO,
    Authority,
    TimestampAuthority,
    certificate_builder,
    der,
    key_usage,
)

SUBJECT = "https://floe.test/acme/platform/.github/workflows/publish.yml@refs/heads/main"
"""Whom a token names unless told otherwise."""

_ISSUER_V1, _ISSUER_V2 = "1.3.6.1.4.1.57264.1.1", "1.3.6.1.4.1.57264.1.8"
_SCT_LIST = "1.3.6.1.4.1.11129.2.4.2"


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def spki(key: Any) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def public_pem(key: Any) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


# --------------------------------------------------------------------------- transparency log


class Log:
    """An append-only RFC 6962 Merkle tree that signs its head as a checkpoint (signed note)."""

    def __init__(self, host: str, *, version: int) -> None:
        self.host, self.version = host, version
        self.key: Any = (
            ec.generate_private_key(ec.SECP256R1()) if version == 1 else ed25519.Ed25519PrivateKey.generate()
        )
        self.public = spki(self.key.public_key())
        # Version 1 names its key by the key; version 2 as signed notes do, by name and key.
        named = self.public if version == 1 else host.encode() + b"\n\x01" + self.public[-32:]
        self.id = hashlib.sha256(named).digest()
        self.leaves: list[bytes] = []
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"https://{self.host}"

    @property
    def public_pem(self) -> str:
        return public_pem(self.key)

    def sign(self, data: bytes) -> bytes:
        return self.key.sign(data) if self.version == 2 else self.key.sign(data, ec.ECDSA(hashes.SHA256()))

    def append(self, body: bytes) -> tuple[int, int, bytes, list[bytes], str]:
        """Log `body`: its index, the tree's size and root, the proof, and the checkpoint."""
        with self._lock:
            self.leaves.append(body)
            size, index = len(self.leaves), len(self.leaves) - 1
            root, proof = _root(self.leaves), _proof(index, self.leaves)
        origin = self.host if self.version == 2 else f"{self.host} - 1"
        note = f"{origin}\n{size}\n{b64(root)}\n"
        signature = b64(self.id[:4] + self.sign(note.encode()))
        return index, size, root, proof, f"{note}\n\u2014 {self.host} {signature}\n"


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1


def _root(leaves: list[bytes]) -> bytes:
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    middle = _split(len(leaves))
    return hashlib.sha256(b"\1" + _root(leaves[:middle]) + _root(leaves[middle:])).digest()


def _proof(index: int, leaves: list[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    middle = _split(len(leaves))
    if index < middle:
        return [*_proof(index, leaves[:middle]), _root(leaves[middle:])]
    return [*_proof(index - middle, leaves[middle:]), _root(leaves[:middle])]


# --------------------------------------------------------------------------- the instance


class SigstoreDouble:
    """One Sigstore. ``with SigstoreDouble() as sigstore:`` serves it on a free loopback port."""

    def __init__(self) -> None:
        self.skew = timedelta(0)
        self.cert_minutes = 10
        self.root = Authority("root")
        self.intermediate = Authority.under(self.root, "intermediate")
        self.rekor1, self.rekor2 = Log("rekor1.test", version=1), Log("rekor2.test", version=2)
        self.ct = ec.generate_private_key(ec.SECP256R1())
        self.tsa = TimestampAuthority()
        self._oidc = ec.generate_private_key(ec.SECP256R1())
        self.visitor = SUBJECT
        """Who signs in with a browser; empty: whom the issuer turns away."""
        self._codes: dict[str, dict[str, str]] = {}
        handler = type("Handler", (_Handler,), {"sigstore": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def now(self) -> datetime:
        return datetime.now(UTC) - self.skew

    # OpenID

    def token(self, subject: str = SUBJECT, *, ttl: int = 600, **claims: Any) -> str:
        """An identity token of this issuer, good for `ttl` seconds."""
        now = int(time.time())
        body = {"iss": self.url, "sub": subject, "aud": "sigstore", "iat": now, "exp": now + ttl, **claims}
        return jwt.encode(body, self._oidc, "ES256")

    def claims_of(self, token: str) -> dict[str, Any]:
        return jwt.decode(token, self._oidc.public_key(), ["ES256"], audience="sigstore", issuer=self.url)

    def authorize(self, wanted: dict[str, str]) -> tuple[str, str]:
        """Where to send a browser that came with these parameters, and the code (for an oob redirect)."""
        code = hashlib.sha256(rfc8785.dumps(wanted)).hexdigest()[:20]
        self._codes[code] = wanted
        answer = {"state": wanted["state"]} | ({"code": code} if self.visitor else {"error": "access_denied"})
        return f"{wanted['redirect_uri']}?{urlencode(answer)}", code

    def exchange(self, form: dict[str, str]) -> dict[str, str]:
        """The token for a code, given once and only to who made the challenge."""
        wanted = self._codes.pop(form["code"])
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (wanted["code_challenge"], wanted["redirect_uri"]) != (challenge, form["redirect_uri"]):
            raise ValueError("not who asked for the code")
        return {"id_token": self.token(self.visitor), "access_token": "opaque", "token_type": "Bearer"}

    # Fulcio

    def certificate(self, public: Any, claims: dict[str, Any]) -> x509.Certificate:
        """A short-lived certificate for the subject of `claims`, with an SCT inside."""
        subject = claims.get("email") or claims["sub"]
        name = x509.RFC822Name(subject) if "email" in claims else x509.UniformResourceIdentifier(subject)
        issuer = claims["iss"].encode()
        now = self.now()
        builder = (
            certificate_builder(public, now, now + timedelta(minutes=self.cert_minutes))
            .subject_name(x509.Name([]))
            .add_extension(key_usage(signs=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
            .add_extension(x509.SubjectAlternativeName([name]), critical=True)
            .add_extension(x509.UnrecognizedExtension(ObjectIdentifier(_ISSUER_V1), issuer), critical=False)
            .add_extension(
                x509.UnrecognizedExtension(ObjectIdentifier(_ISSUER_V2), der(0x0C, issuer)), critical=False
            )
        )
        # The SCT signs the certificate as it is without the SCT, so it goes in last.
        precertificate = self.intermediate.issue(builder).tbs_certificate_bytes
        scts = x509.UnrecognizedExtension(ObjectIdentifier(_SCT_LIST), self._scts(precertificate, now))
        return self.intermediate.issue(builder, scts)

    def _scts(self, precertificate: bytes, now: datetime) -> bytes:
        """A DER-wrapped SignedCertificateTimestampList (RFC 6962, 3.3) with one entry."""
        stamp = struct.pack(">Q", int(now.timestamp() * 1000))
        issuer = hashlib.sha256(spki(self.intermediate.key.public_key())).digest()
        entry = b"\0\1" + issuer + len(precertificate).to_bytes(3, "big") + precertificate + b"\0\0"
        signature = self.ct.sign(b"\0\0" + stamp + entry, ec.ECDSA(hashes.SHA256()))
        log = hashlib.sha256(spki(self.ct.public_key())).digest()
        sct = b"\0" + log + stamp + b"\0\0\4\3" + struct.pack(">H", len(signature)) + signature
        listed = struct.pack(">H", len(sct)) + sct
        return der(0x04, struct.pack(">H", len(listed)) + listed)

    def signing_cert_v2(self, request: dict[str, Any], authorization: str) -> dict[str, Any]:
        token = request.get("credentials", {}).get("oidcIdentityToken") or authorization.removeprefix(
            "Bearer "
        )
        claims = self.claims_of(token)
        if "certificateSigningRequest" in request:
            csr = x509.load_pem_x509_csr(base64.b64decode(request["certificateSigningRequest"]))
            public: Any = csr.public_key()
        else:
            wanted = request["publicKeyRequest"]
            public = load_pem_public_key(wanted["publicKey"]["content"].encode())
            possession = base64.b64decode(wanted["proofOfPossession"])
            subject = claims.get("email") or claims["sub"]
            public.verify(possession, subject.encode(), ec.ECDSA(hashes.SHA256()))
        chain = [self.certificate(public, claims), self.intermediate.certificate, self.root.certificate]
        return {"signedCertificateEmbeddedSct": {"chain": {"certificates": [pem(item) for item in chain]}}}

    def signing_cert_v1(self, request: dict[str, Any], authorization: str) -> bytes:
        claims = self.claims_of(authorization.removeprefix("Bearer "))
        content = base64.b64decode(request["publicKey"]["content"])
        load = load_pem_public_key if content.startswith(b"-----") else load_der_public_key
        leaf = self.certificate(load(content), claims)
        return "".join(
            pem(item) for item in (leaf, self.intermediate.certificate, self.root.certificate)
        ).encode()

    # Rekor

    def log_v1(self, entry: dict[str, Any]) -> dict[str, Any]:
        if entry["kind"] == "dsse":
            entry = _logged_dsse(entry["spec"]["proposedContent"])
        body = rfc8785.dumps(entry)
        index, size, root, proof, checkpoint = self.rekor1.append(body)
        logged = {
            "body": b64(body),
            "integratedTime": int(self.now().timestamp()),
            "logID": self.rekor1.id.hex(),
            "logIndex": index,
        }
        verification = {
            "signedEntryTimestamp": b64(self.rekor1.sign(rfc8785.dumps(logged))),
            "inclusionProof": {
                "logIndex": index,
                "treeSize": size,
                "rootHash": root.hex(),
                "hashes": [step.hex() for step in proof],
                "checkpoint": checkpoint,
            },
        }
        return {hashlib.sha256(b"\0" + body).hexdigest(): logged | {"verification": verification}}

    def log_v2(self, request: dict[str, Any]) -> dict[str, Any]:
        if "dsseRequestV002" in request:
            kind, name, spec = "dsse", "dsseV002", request["dsseRequestV002"]
        else:
            kind, name, wanted = "hashedrekord", "hashedRekordV002", request["hashedRekordRequestV002"]
            spec = {
                "data": {"algorithm": "SHA2_256", "digest": wanted["digest"]},
                "signature": wanted["signature"],
            }
        body = rfc8785.dumps({"apiVersion": "0.0.2", "kind": kind, "spec": {name: spec}})
        index, size, root, proof, checkpoint = self.rekor2.append(body)
        return {
            "logIndex": str(index),
            "logId": {"keyId": b64(self.rekor2.id)},
            "kindVersion": {"kind": kind, "version": "0.0.2"},
            "canonicalizedBody": b64(body),
            "inclusionProof": {
                "logIndex": str(index),
                "rootHash": b64(root),
                "treeSize": str(size),
                "hashes": [b64(step) for step in proof],
                "checkpoint": {"envelope": checkpoint},
            },
        }

    # What clients are configured with

    @property
    def fulcio_chain_pem(self) -> str:
        """Intermediate and root, as cosign 2 takes them from a file."""
        return pem(self.intermediate.certificate) + pem(self.root.certificate)

    @property
    def ct_public_pem(self) -> str:
        return public_pem(self.ct)

    def trusted_root(self) -> dict[str, Any]:
        """``trusted_root.json`` (sigstore protobuf-specs, TrustedRoot)."""
        always = {"start": LONG_AGO.strftime("%Y-%m-%dT%H:%M:%SZ")}

        def log(url: str, public: bytes, identity: bytes, details: str) -> dict[str, Any]:
            key = {"rawBytes": b64(public), "keyDetails": details, "validFor": always}
            return {
                "baseUrl": url,
                "hashAlgorithm": "SHA2_256",
                "publicKey": key,
                "logId": {"keyId": b64(identity)},
            }

        def authority(*chain: x509.Certificate) -> dict[str, Any]:
            certificates = [{"rawBytes": b64(item.public_bytes(Encoding.DER))} for item in chain]
            subject = {"organization": "sigstore double", "commonName": "double"}
            return {
                "subject": subject,
                "uri": self.url,
                "certChain": {"certificates": certificates},
                "validFor": always,
            }

        ecdsa, ct = "PKIX_ECDSA_P256_SHA_256", spki(self.ct.public_key())
        return {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [
                log(self.rekor1.url, self.rekor1.public, self.rekor1.id, ecdsa),
                log(self.rekor2.url, self.rekor2.public, self.rekor2.id, "PKIX_ED25519"),
            ],
            "certificateAuthorities": [authority(self.intermediate.certificate, self.root.certificate)],
            "ctlogs": [log(self.url, ct, hashlib.sha256(ct).digest(), ecdsa)],
            "timestampAuthorities": [authority(self.tsa.certificate, self.tsa.root.certificate)],
        }

    def signing_config(self, *, rekor: int = 1, tsa: bool = False) -> dict[str, Any]:
        """The signing configuration (SigningConfig v0.2) with one Rekor version, with or without TSA."""
        always = {"start": LONG_AGO.strftime("%Y-%m-%dT%H:%M:%SZ")}

        def service(url: str, version: int = 1) -> dict[str, Any]:
            return {"url": url, "majorApiVersion": version, "validFor": always, "operator": "double"}

        config: dict[str, Any] = {
            "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
            "caUrls": [service(self.url)],
            "oidcUrls": [service(self.url)],
            "rekorTlogUrls": [service(self.url, rekor)],
            "rekorTlogConfig": {"selector": "ANY"},
        }
        if tsa:
            config["tsaUrls"] = [service(f"{self.url}/api/v1/timestamp")]
            config["tsaConfig"] = {"selector": "ANY"}
        return config

    def client_config(self, *, rekor: int = 1, tsa: bool = False) -> dict[str, Any]:
        """Root and services in one document (ClientTrustConfig v0.1)."""
        return {
            "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
            "trustedRoot": self.trusted_root(),
            "signingConfig": self.signing_config(rekor=rekor, tsa=tsa),
        }


def _logged_dsse(proposed: dict[str, Any]) -> dict[str, Any]:
    """What Rekor v1 keeps of a proposed DSSE entry: hashes, signatures and verifiers."""

    def hashed(data: bytes) -> dict[str, str]:
        return {"algorithm": "sha256", "value": hashlib.sha256(data).hexdigest()}

    envelope = json.loads(proposed["envelope"])
    verifier = proposed["verifiers"][0]
    spec = {
        "envelopeHash": hashed(proposed["envelope"].encode()),
        "payloadHash": hashed(base64.b64decode(envelope["payload"])),
        "signatures": [{"signature": item["sig"], "verifier": verifier} for item in envelope["signatures"]],
    }
    return {"apiVersion": "0.0.1", "kind": "dsse", "spec": spec}


class _Handler(BaseHTTPRequestHandler):
    sigstore: ClassVar[SigstoreDouble]
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Keep the tests' output clean."""

    def do_GET(self) -> None:
        url = self.sigstore.url
        path, _, query = self.path.partition("?")
        if path == "/auth":
            wanted = dict(parse_qsl(query))
            back, code = self.sigstore.authorize(wanted)
            if wanted["redirect_uri"].startswith("urn:"):
                return self._answer(200, f"<p>{code}</p>".encode(), "text/html")
            return self._answer(302, b"", Location=back)
        if self.path.partition("?")[0] != "/.well-known/openid-configuration":
            return self._answer(404, {"message": "not found"})
        return self._answer(
            200,
            {"issuer": url, "authorization_endpoint": f"{url}/auth", "token_endpoint": f"{url}/token"},
        )

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            self._dispatch(body)
        except Exception as error:  # a double's answer to a request it does not understand
            self._answer(400, {"code": 400, "message": f"{type(error).__name__}: {error}"})

    def _dispatch(self, body: bytes) -> None:
        sigstore, authorization = self.sigstore, self.headers.get("Authorization", "")
        match self.path:
            case "/token":
                self._answer(200, sigstore.exchange(dict(parse_qsl(body.decode()))))
            case "/api/v2/signingCert":
                self._answer(200, sigstore.signing_cert_v2(json.loads(body), authorization))
            case "/api/v1/signingCert":
                chain = sigstore.signing_cert_v1(json.loads(body), authorization)
                self._answer(201, chain, "application/pem-certificate-chain")
            case "/api/v1/log/entries":
                logged = sigstore.log_v1(json.loads(body))
                identity = next(iter(logged))
                # cosign 3 reads the ETag without asking whether there is one.
                headers = {"Location": f"/api/v1/log/entries/{identity}", "ETag": identity}
                self._answer(201, logged, **headers)
            case "/api/v2/log/entries":
                self._answer(201, sigstore.log_v2(json.loads(body)))
            case "/api/v1/timestamp":
                self._answer(201, sigstore.tsa.answer(body, sigstore.now()), "application/timestamp-reply")
            case _:
                self._answer(404, {"message": "not found"})

    def _answer(self, status: int, body: Any, kind: str = "application/json", **headers: str) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in ({"Content-Type": kind, "Content-Length": str(len(data))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)
