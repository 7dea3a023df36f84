"""Harnesses of what comes from a registry or lies in a store: artifacts, signatures, keys, logins, locks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache, partial
from typing import Any

from msgspec.structs import replace

from floe_engine.artifact.content import Artifact, content_digest
from floe_engine.artifact.pack import PackedFile, pack, read_annotations, read_manifest, unpack
from floe_engine.artifact.paths import FILES, MANIFEST
from floe_engine.descriptor import OCI_INDEX, OCI_MANIFEST, Manifest
from floe_engine.errors import AuthenticationFailed, FloeError
from floe_engine.files import canonical_json, sha256_digest
from floe_engine.policy.baseline import Baseline
from floe_engine.policy.evaluate import evaluate
from floe_engine.registry import answers, layout_repair
from floe_engine.registry.authorization import Authorization
from floe_engine.registry.credentials import Credential, Credentials
from floe_engine.registry.layout import Layout
from floe_engine.signing import bundle, simple_signing
from floe_engine.signing.keys import generate, is_locked, load_private, load_public
from floe_engine.signing.trust import verify
from floe_engine.signing.verdict import Anchors
from floe_engine.store import Lock, LockedFile, LockedIdentity, LockedSigner, Store
from floe_engine.trust.evidence import Evidence
from tests.engine.signing.conftest import new_key
from tests.engine.signing.memory import REFERENCE, MemoryRepository
from tests.engine.signing.test_trust import attach_raw, base64_of, put_sig_layers, sig_layer
from tests.engine.upgrade.artifacts import artifact
from tests.engine.variations import PLAIN, TODAY, VALUES, artifact_of, project
from tests.fuzz import scratch
from tests.fuzz.harness import Harness

DIGEST = f"sha256:{'ab' * 32}"
PROJECT = project(1, 6)
SMALL = artifact()
IMAGE = pack(SMALL).manifest
JSON = {"Content-Type": "application/json"}


# --- the eight files ------------------------------------------------------------------------------


@cache
def whole() -> tuple[Artifact, ...]:
    """Artifacts with nearly every setting that there is."""
    found = [SMALL]
    for number in range(4):
        edits = [(path, values[number % len(values)]) for path, values in VALUES.items()]
        found += [made] if (made := artifact_of(PLAIN, *edits)) is not None else []
    for path in ("governance.custom_rules", "governance.waivers", "catalog.schema_registry.type_rules"):
        found += [made for value in VALUES[path] if (made := artifact_of(PLAIN, (path, value))) is not None]
    return tuple(found)


def read_file(path: str, data: bytes) -> None:
    """The platform with one other file, its digests right; a project is judged by what is accepted."""
    files = {**SMALL.files, path: data}
    if path != MANIFEST:
        document = json.loads(files[MANIFEST])
        document["files"][path] = {"sha256": sha256_digest(data), "size": len(data)}
        document["metadata"]["digest"] = content_digest(files)
        files[MANIFEST] = canonical_json(document)
    listed = tuple(PackedFile(name, sha256_digest(files[name]), len(files[name])) for name in FILES)
    evaluate(unpack(listed, tuple(files[name] for name in FILES)).platform, PROJECT, today=TODAY)


def files_at(path: str) -> list[bytes]:
    found = list(dict.fromkeys(one.files[path] for one in whole()))
    if path == MANIFEST:  # what it lists are the files that it will lie beside
        own = json.loads(SMALL.files[MANIFEST])
        documents = [json.loads(data) for data in found]
        for document in documents:
            document["files"], document["metadata"]["digest"] = own["files"], own["metadata"]["digest"]
        found = list(dict.fromkeys(map(canonical_json, documents)))
    return found


# --- OCI ------------------------------------------------------------------------------------------


def manifests() -> list[bytes]:
    packed = [pack(one, annotations={"a": "b"}).manifest for one in whole()[:2]]
    repository = MemoryRepository()
    attach_raw(repository, DIGEST, b"{}")
    return [*packed, *(stored.raw for stored in repository.manifests.values())]


def read_image(data: bytes) -> None:
    found = Manifest.parse(data, OCI_MANIFEST)
    _ = (found.descriptor, found.config, found.subject, found.layers, found.manifests, found.is_index)
    read_manifest(data, where="here")
    read_annotations(data, where="here")


def indexes() -> list[bytes]:
    entry = {"mediaType": OCI_MANIFEST, "digest": sha256_digest(IMAGE), "size": len(IMAGE)}
    tagged = {**entry, "annotations": {"org.opencontainers.image.ref.name": "v1.0.0"}}
    head = {"schemaVersion": 2, "mediaType": OCI_INDEX}
    return [
        json.dumps({**head, "manifests": entries}).encode() for entries in ([tagged], [entry, tagged], [])
    ]


def read_index(data: bytes) -> None:
    place = scratch.put("index", "index.json", data)
    scratch.put("index", "oci-layout", b'{"imageLayoutVersion": "1.0.0"}')
    scratch.put("index", f"blobs/sha256/{sha256_digest(IMAGE)[7:]}", IMAGE)
    layout_repair.examine(place)
    layout = Layout(place)
    for tag in layout.tags():
        layout.resolve(tag)
    layout.referrers(DIGEST)
    found = Manifest.parse(data, OCI_INDEX)
    _ = (found.manifests, found.descriptor)


def read_answer(data: bytes) -> None:
    """What a registry says in the body of an answer, good or bad."""
    who = {"registry": "registry.test", "where": "here"}
    for status in (401, 403, 404, 409, 429, 500):
        for tagging in (False, True):
            str(answers.failure(status, JSON, data, doing="reading", tagging=tagging, **who))
    answers.is_passing(500, data)
    answers.json_object(JSON, data, limit=1024 * 1024, **who)


# --- signatures -----------------------------------------------------------------------------------

KEY = new_key()
ANCHORS = Anchors(keys=(KEY.public,))


def bundles() -> list[bytes]:
    return [bundle.sign_with_key(bundle.statement_for(DIGEST, {"a": "b"}), KEY)]


def read_bundle(data: bytes) -> None:
    repository = MemoryRepository()
    attach_raw(repository, DIGEST, data)
    verify(repository, DIGEST, ANCHORS)
    list(bundle.attestations(repository, DIGEST, ANCHORS))


def statements() -> list[bytes]:
    return [bundle.statement_for(DIGEST, {"a": "b"})]


def read_statement(data: bytes) -> None:
    read_bundle(bundle.sign_with_key(data, KEY))


def payloads() -> list[bytes]:
    return [simple_signing.payload_for(DIGEST, REFERENCE, {"a": "b"})]


def read_payload(data: bytes) -> None:
    repository = MemoryRepository()
    put_sig_layers(repository, DIGEST, sig_layer(repository, data, base64_of(KEY.sign(data))))
    verify(repository, DIGEST, ANCHORS)


def referrers() -> list[bytes]:
    repository = MemoryRepository()
    attach_raw(repository, DIGEST, bundles()[0])
    return [stored.raw for stored in repository.manifests.values()]


def read_referrer(data: bytes) -> None:
    repository = MemoryRepository()
    attach_raw(repository, DIGEST, bundles()[0])
    repository.attached.clear()
    repository.attach(data, DIGEST)
    repository.push_manifest(data, OCI_MANIFEST, tag=simple_signing.tag_of(DIGEST))
    verify(repository, DIGEST, ANCHORS)


def keys() -> list[bytes]:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    curve = ec.generate_private_key(ec.SECP384R1())
    made = [curve, ed25519.Ed25519PrivateKey.generate(), rsa.generate_private_key(65537, 2048)]
    plain = [key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) for key in made]
    old = curve.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    locked = curve.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
    return [*plain, old, locked, *generate(b"secret"), *(load_private(pem).public.pem for pem in plain)]


def read_key(data: bytes) -> None:
    for read in (partial(load_private, password=b"secret"), load_public):
        try:
            found = read(data)
        except FloeError as error:
            str(error)
        else:
            str(found)
    is_locked(data)


# --- logins ---------------------------------------------------------------------------------------

CHALLENGES = (
    b'Bearer realm="https://auth.test/token",service="registry.test",scope="repository:a/b:pull"',
    b'Basic realm="x"',
    b'Basic realm="x", Bearer realm="https://registry.test/token", error="invalid_token"',
    b'Bearer realm="http://169.254.169.254/latest"',
)


def read_challenge(data: bytes) -> None:
    text = data.decode("latin-1")
    for answer in ({"token": "abc"}, {"access_token": text}):
        for given in (None, Credential("test", "me", "secret")):
            authorization = Authorization(
                "https://registry.test", "registry.test", "a/b",
                lambda *_, given=given: given, lambda _, answer=answer: answer,
                speaks_plainly=lambda _: False,
            )  # fmt: skip
            try:
                authorization.answer(text, None, frozenset({"pull"}))
            except FloeError as error:
                assert "secret" not in str(error)


def docker_configs() -> list[bytes]:
    login = base64_of(b"me:secret")
    document = {
        "auths": {
            "registry.test": {"auth": login},
            "https://index.docker.io/v1/": {"username": "me", "password": "secret"},
            "registry.test/a/b": {"identitytoken": "x"},
            "quay.io": {"registrytoken": "abc"},
        },
        "credHelpers": {"gcr.io": "none-such"},
        "HttpHeaders": {},
    }
    return [json.dumps(document).encode(), json.dumps({"credsStore": "none-such"}).encode(), b""]


def read_docker_config(data: bytes) -> None:
    place = scratch.put("docker", "config.json", data)
    # No PATH with programs: what a file names here is not run.
    found = Credentials({"DOCKER_CONFIG": str(place), "HOME": str(place), "PATH": str(place)})
    for registry in ("registry.test", "docker.io", "gcr.io", "quay.io"):
        try:
            given = found.lookup(registry, "a/b")
        except AuthenticationFailed as error:  # a helper that is not there
            str(error)
        else:
            assert given is None or "password=" not in repr(given)


# --- the store ------------------------------------------------------------------------------------


def locks() -> list[bytes]:
    files = {path: LockedFile(sha256_digest(data), len(data)) for path, data in SMALL.files.items()}
    signers = (
        None,
        LockedSigner(fingerprint=KEY.public.fingerprint, public_key=KEY.public.pem.decode(), first_use=True),
        LockedSigner(identity="ada@acme.test", issuer="https://issuer.test"),
    )
    return [
        Lock(
            "oci://registry.test/acme", "v1.*.*", "v1.0.0", DIGEST, files, "2026-06-01T00:00:00Z",
            "acme", "1.0.0", signer, True, (KEY.public.pem.decode(),), (LockedIdentity("ada@acme.test", "https://issuer.test"),),
            (DIGEST,), (f"v1.0.0@{DIGEST}",),
        ).to_json()
        for signer in signers
    ]  # fmt: skip


def read_lock(data: bytes) -> None:
    place = scratch.directory("lock")
    store = Store(place / ".floe")
    if not store.directory("v1.0.0").exists():
        store.save("v1.0.0", SMALL)
    scratch.put("lock", ".floe/cache/artifacts.lock", data)
    lock = store.read_lock()
    assert lock is not None
    lock.to_json()
    store.load(lock)


def baselines() -> list[bytes]:
    found = evaluate(SMALL.platform, PROJECT, today=TODAY).findings
    return [Baseline.of(found).render(), Baseline().render()]


def read_baseline(data: bytes) -> None:
    place = scratch.put("baseline", "baseline.json", data)
    known = Baseline.load(place / "baseline.json")
    evaluate(SMALL.platform, PROJECT, baseline=known, today=TODAY)
    known.render()


def evidences() -> list[bytes]:
    plain = Evidence(IMAGE, tuple(bundles()), payloads()[0], (b"{}",))
    return [plain.to_json(), replace(plain, delegation=plain).to_json()]


def read_evidence(data: bytes) -> None:
    try:
        found = Evidence.from_json(data)
    except ValueError:  # what `from_json` promises
        return
    verify(found, found.digest, ANCHORS)


_NAMES: Mapping[str, Any] = {path: path.rpartition("/")[2].removesuffix(".json") for path in FILES}

HARNESSES = (
    *(Harness(f"file-{_NAMES[path]}", partial(files_at, path), partial(read_file, path)) for path in FILES),
    Harness("image-manifest", manifests, read_image),
    Harness("index", indexes, read_index),
    Harness(
        "registry-answer", lambda: [b'{"errors":[{"code":"DENIED","message":"no","detail":{}}]}'], read_answer
    ),
    Harness("bundle", bundles, read_bundle),
    Harness("statement", statements, read_statement),
    Harness("simple-signing", payloads, read_payload),
    Harness("referrer", referrers, read_referrer),
    Harness("key", keys, read_key),
    Harness("challenge", lambda: list(CHALLENGES), read_challenge),
    Harness("docker-config", docker_configs, read_docker_config),
    Harness("lock", locks, read_lock),
    Harness("baseline", baselines, read_baseline),
    Harness("evidence", evidences, read_evidence),
)
