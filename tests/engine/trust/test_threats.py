"""Signatures bent in every way that a registry could bend them, and public commands that are to notice.

On a real docker-registry, below which only what a client may write was written. Each row is a repository
with a whole platform in it, of whose signatures one thing is wrong; what single formats do with it, and
what they call it, is told in `tests/engine/signing`.
"""

from __future__ import annotations

import copy
import json
import shutil
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from floe_engine.artifact.pack import IMAGE_MANIFEST
from floe_engine.errors import NotFound
from floe_engine.registry.client import Repository
from floe_engine.registry.reference import Reference
from floe_engine.signing import bundle, simple_signing
from floe_engine.signing.attestation import Claim, attest
from floe_engine.signing.keyless import KeylessSigner
from floe_engine.signing.keys import PrivateKey, load_private
from floe_engine.signing.trust import sign, verify
from floe_engine.signing.verdict import Format, Verdict
from tests.cli import Ran
from tests.engine.signing.test_keyless import (
    TAMPERING,
    expired_bundle,
    made_bundle,
    root_of,
)
from tests.engine.signing.test_trust import (
    BUNDLE,
    SIMPLE,
    attach_raw,
    base64_of,
    sig_layer,
    signed_statement,
)
from tests.engine.trust.here import data_team, floe
from tests.faults.sigstore_double import SUBJECT, SigstoreDouble
from tests.registries import DockerRegistry, docker_registry
from tests.teams import PlatformTeam, manifest, new_key


@dataclass(frozen=True)
class Place:
    """A repository with a platform as v1.0.0 that nobody has signed yet."""

    repository: Repository
    digest: str
    team: PrivateKey
    """Whom the reader trusts."""
    mallory: PrivateKey

    @property
    def name(self) -> str:
        return self.repository.reference.docker_reference

    @property
    def other(self) -> str:
        """The digest of v1.1.0 beside it."""
        return self.repository.manifest("v1.1.0").digest

    def sign(self, key: PrivateKey, digest: str = "", place: str = "", **more: Any) -> None:
        named = place or self.name
        sign(self.repository, digest or self.digest, key, docker_reference=named, annotations={}, **more)

    def bundle(self, bend: Callable[[dict[str, Any]], object] = lambda good: None) -> None:
        """Attach a bundle by the team, bent."""
        made = json.loads(bundle.sign_with_key(bundle.statement_for(self.digest, {}), self.team))
        bend(made)
        attach_raw(self.repository, self.digest, json.dumps(made).encode())

    def payload(self, annotations: dict[str, str] | None = None) -> bytes:
        return simple_signing.payload_for(self.digest, self.name, annotations or {})

    def layer(self, payload: bytes, signature: object = None) -> dict[str, Any]:
        """A layer of a ``.sig`` tag, signed by the team where no other signature is given."""
        given = base64_of(self.team.sign(payload)) if signature is None else signature
        return sig_layer(self.repository, payload, given)

    def put(self, *layers: dict[str, Any]) -> None:
        """Make them the whole of the ``.sig`` tag."""
        config = simple_signing.image_config(layers)
        held = self.repository.push_blob(config, simple_signing.CONFIG_MEDIA_TYPE)
        document = {"schemaVersion": 2, "mediaType": IMAGE_MANIFEST, "config": held.document()}
        raw = json.dumps({**document, "layers": layers}).encode()
        self.repository.push_manifest(raw, tag=simple_signing.tag_of(self.digest))


Spoil = Callable[[Place], object]
SPOILT: dict[str, tuple[Spoil, str]] = {}
"""What is done, and a word of what is said."""


def spoilt(says: str) -> Callable[[Spoil], Spoil]:
    def note(spoil: Spoil) -> Spoil:
        SPOILT[spoil.__name__.replace("_", "-")] = (spoil, says)
        return spoil

    return note


# --- whose ---------------------------------------------------------------------------------------


@spoilt("claims, unproved, the key")
def by_a_stranger(at: Place) -> None:
    at.sign(at.mallory)


@spoilt("which did not make it")
def a_hint_that_lies(at: Place) -> None:
    made = json.loads(bundle.sign_with_key(bundle.statement_for(at.digest, {}), at.mallory))
    made["verificationMaterial"]["publicKey"]["hint"] = at.team.public.hint
    attach_raw(at.repository, at.digest, json.dumps(made).encode())


@spoilt("claims, unproved, the key")
def a_key_that_comes_along(at: Place) -> None:
    """Beside the stranger's signature lie the stranger's public key and a bundle that carries it."""
    at.sign(at.mallory)
    blob = at.repository.push_blob(at.mallory.public.pem, "application/x-pem-file")
    document = {"schemaVersion": 2, "mediaType": IMAGE_MANIFEST, "layers": [blob.document()]}
    document |= {
        "config": blob.document(),
        "subject": at.repository.manifest(at.digest).descriptor.document(),
    }
    at.repository.attach(json.dumps(document).encode(), at.digest)
    at.repository.push_manifest(json.dumps(document).encode(), tag="cosign.pub")


# --- of what -------------------------------------------------------------------------------------


@spoilt("unsigned")
def none_at_all(at: Place) -> None: ...


@spoilt("for another artifact")
def of_another_version_both_formats_copied_across(at: Place) -> None:
    other = at.other
    at.sign(at.team, other)
    tag = simple_signing.tag_of(other)
    at.repository.push_manifest(at.repository.manifest(tag).raw, tag=simple_signing.tag_of(at.digest))
    for referrer in at.repository.referrers(other):
        raw = at.repository.manifest(referrer.digest).raw
        at.repository.attach(raw.replace(other.encode(), at.digest.encode()), at.digest)


@spoilt("another artifact")
def a_referrer_of_another_version_listed_here(at: Place) -> None:
    other = at.other
    at.sign(at.team, other, formats=("bundle",))
    there, here = (digest.replace(":", "-") for digest in (other, at.digest))
    listed = at.repository.manifest(there)
    at.repository.push_manifest(listed.raw, listed.media_type, tag=here)


@spoilt("unsigned")
def an_attestation_alone(at: Place) -> None:
    claim = Claim("https://spdx.dev/Document", {})
    subject = at.repository.manifest(at.digest).descriptor
    at.repository.push_blob(b"{}", bundle.EMPTY_MEDIA_TYPE)  # a signature would have brought it
    attest(at.repository, at.digest, [claim], at.team, name=at.name, subject=subject)


@spoilt("unsigned")
def an_attestation_that_is_annotated_as_a_signature(at: Place) -> None:
    said = json.loads(bundle.statement_for(at.digest, {})) | {"predicateType": "https://spdx.dev/Document"}
    kind = {bundle.PREDICATE_ANNOTATION: bundle.PREDICATE_TYPE}
    attach_raw(at.repository, at.digest, signed_statement(said, at.team), annotations=kind)


# --- damaged -------------------------------------------------------------------------------------

BENT: dict[str, Callable[[dict[str, Any]], object]] = {
    "two-signatures": lambda made: made["dsseEnvelope"].update(
        signatures=made["dsseEnvelope"]["signatures"] * 2
    ),
    "no-signature": lambda made: made["dsseEnvelope"].update(signatures=[]),
    "another-payload-type": lambda made: made["dsseEnvelope"].update(payloadType="application/json"),
    "another-payload": lambda made: made["dsseEnvelope"].update(payload=base64_of(b"{}")),
    "no-base64": lambda made: made["dsseEnvelope"]["signatures"][0].update(sig="!!"),
    "no-content": lambda made: made.pop("dsseEnvelope"),
    "no-material": lambda made: made.pop("verificationMaterial"),
    "a-version-to-come": lambda made: made.update(mediaType="application/vnd.dev.sigstore.bundle.v9+json"),
    "a-member-too-many": lambda made: made.update(extra=1),
}
for _name, _bend in BENT.items():
    SPOILT[f"bundle-{_name}"] = (lambda at, bend=_bend: at.bundle(bend), "untrusted")

for _number, _raw in enumerate((b"", b"null", b"\xff\xfe", b'{"mediaType":', b"[" * 100_000)):
    SPOILT[f"bundle-that-is-none-{_number}"] = (
        lambda at, raw=_raw: attach_raw(at.repository, at.digest, raw),
        "untrusted",
    )

for _signature in ("!!not base64 \x1b[31m", "", "AAAA"):
    SPOILT[f"sig-with-{_signature!r}"] = (
        lambda at, signature=_signature: at.put(at.layer(at.payload(), signature)),
        "untrusted",
    )


@spoilt("duplicate key")
def a_duplicate_key_in_a_bundle(at: Place) -> None:
    made = bundle.sign_with_key(bundle.statement_for(at.digest, {}), at.team)
    attach_raw(at.repository, at.digest, made.replace(b"{", b'{"mediaType":"x",', 1))


@spoilt("duplicate key")
def a_duplicate_key_in_a_signed_statement(at: Place) -> None:
    said = bundle.statement_for(at.digest, {}).replace(b'"predicate":{}', b'"predicate":{},"predicate":{}')
    attach_raw(at.repository, at.digest, signed_statement(said, at.team))


@spoilt("duplicate key")
def a_duplicate_key_in_a_signed_payload(at: Place) -> None:
    at.put(at.layer(at.payload().replace(b"{", b'{"optional":null,', 1)))


@spoilt("untrusted")
def a_sig_tag_that_is_an_index(at: Place) -> None:
    kind = "application/vnd.oci.image.index.v1+json"
    raw = json.dumps({"schemaVersion": 2, "mediaType": kind, "manifests": []}).encode()
    at.repository.push_manifest(raw, kind, tag=simple_signing.tag_of(at.digest))


@spoilt("untrusted")
def a_sig_tag_without_a_signature(at: Place) -> None:
    at.put()


@spoilt("untrusted")
def a_sig_layer_without_annotations(at: Place) -> None:
    at.put({**at.layer(at.payload()), "annotations": {}})


@spoilt("sign again with cosign 3")
def a_legacy_keyless_signature(at: Place) -> None:
    layer = at.layer(at.payload())
    layer["annotations"][simple_signing.CERTIFICATE_ANNOTATION] = "-----BEGIN CERTIFICATE-----"
    at.put(layer)


@spoilt("untrusted")
def payloads_over_a_mebibyte(at: Place) -> None:
    padding = {"padding": "x" * (1 << 20)}
    attach_raw(at.repository, at.digest, signed_statement(bundle.statement_for(at.digest, padding), at.team))
    at.put(at.layer(at.payload(padding)))


@spoilt("only 100 were looked at")
def a_good_one_behind_a_hundred_others(at: Place) -> None:
    payload = at.payload()
    at.put(*[at.layer(payload, base64_of(at.mallory.sign(payload)))] * 100, at.layer(payload))


# --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scene:
    """A registry with a source to copy from, and everybody's keys."""

    server: DockerRegistry
    digest: str
    team: Path
    mallory: Path

    @property
    def anchor(self) -> str:
        return f"trusted_keys: [{self.team.with_suffix('.pub')}]"

    def stored(self, name: str) -> Path:
        """Where the registry keeps a repository."""
        return self.server.data / "docker/registry/v2/repositories" / name

    def place(self) -> Place:
        """A repository of its own for one test, copied below the registry, which is quick."""
        name = uuid.uuid4().hex
        shutil.copytree(self.stored("source"), self.stored(name))
        keys = [load_private(path.read_bytes()) for path in (self.team, self.mallory)]
        return Place(Repository(self.server.reference(name), push=True), self.digest, *keys)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("threats")
    keys = [new_key(folder / "keys" / f"{name}.key") for name in ("team", "mallory")]
    with docker_registry(folder / "server") as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(folder / "elsewhere"))
        for name in ("CACHE", "CONFIG", "DATA"):
            patch.setenv(f"XDG_{name}_HOME", str(folder / "elsewhere"))
        publisher = PlatformTeam(folder / "platform", f"oci://{server.host}/source")
        digest = publisher.publish("1.0.0").digest
        publisher.publish("1.1.0")
        patch.undo()
        yield Scene(server, digest, *keys)


def ask(folder: Path, at: Place, anchors: str) -> dict[str, Ran]:
    """What the commands say that could take v1.0.0 of a place, in a project that trusts `anchors`."""
    registry = f"oci://{at.name}"
    project = data_team(folder / "product", registry, "v1.0.0", anchors)
    return {
        " ".join(words): floe(project, *words)
        for words in (
            ("platform", "verify", f"{registry}:v1.0.0"),
            ("init", "--platform", f"{registry}:v1.0.0"),
            ("platform", "pull"),
        )
    }


def refused(folder: Path, at: Place, anchors: str, says: str = "") -> None:
    for words, ran in ask(folder, at, anchors).items():
        assert ran.code == 6, (words, ran)
        told = ran.out + ran.err
        assert says in told, (words, told)
        assert "\x1b" not in told
    assert not (folder / "product/.floe/platform").exists()
    assert not (folder / "product/.floe/cache/artifacts.lock").exists()


@pytest.mark.parametrize("row", SPOILT)
def test_no_command_takes_a_platform_by_a_signature_that_is_none(
    scene: Scene, tmp_path: Path, row: str
) -> None:
    spoil, says = SPOILT[row]
    at = scene.place()
    spoil(at)
    refused(tmp_path, at, scene.anchor, says)


# --- what is good all the same --------------------------------------------------------------------

GOOD: dict[str, tuple[Spoil, str]] = {
    "as it should be": (lambda at: at.sign(at.team), ""),
    "a junk bundle beside a good .sig": (
        lambda at: (attach_raw(at.repository, at.digest, b"{"), at.sign(at.team, formats=SIMPLE)),
        "",
    ),
    "a stranger's beside a good one": (lambda at: (at.sign(at.mallory), at.sign(at.team)), ""),
    "made for another repository, as a mirror's is": (
        lambda at: at.sign(at.team, place="reg.example.com/acme", formats=SIMPLE),
        "reg.example.com/acme",
    ),
    "made for a repository that paints": (
        lambda at: at.sign(at.team, place="evil\x1b[2J/[bold]x", formats=SIMPLE),
        "[bold]x",
    ),
    "an artifact type that lies": (
        lambda at: (at.sign(at.team, formats=("bundle",)), lie_about_types(at)),
        "",
    ),
}
"""What is done, and a word of what is said."""


def lie_about_types(at: Place) -> None:
    """As cosign 3.1 writes them into the list that a client keeps."""
    tag = at.digest.replace(":", "-")
    listed = json.loads(at.repository.manifest(tag).raw)
    for entry in listed["manifests"]:
        entry |= {"artifactType": "application/vnd.oci.empty.v1+json"}
        entry.pop("annotations", None)
    at.repository.push_manifest(json.dumps(listed).encode(), listed["mediaType"], tag=tag)


@pytest.mark.parametrize("row", GOOD)
def test_a_good_signature_counts_whatever_lies_beside_it(scene: Scene, tmp_path: Path, row: str) -> None:
    do, says = GOOD[row]
    at = scene.place()
    do(at)
    ran = ask(tmp_path, at, scene.anchor)
    assert {words: each.code for words, each in ran.items()} == dict.fromkeys(ran, 0), ran
    told = [each.out + each.err for each in ran.values()]
    assert says in told[0] and "\x1b" not in "".join(told)


# --- without a key --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sigstore() -> Iterator[SigstoreDouble]:
    with SigstoreDouble() as running:
        yield running


@pytest.fixture
def believed(sigstore: SigstoreDouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The reader trusts one workflow of this Sigstore."""
    root = tmp_path / "sigstore.json"
    root.write_text(json.dumps(sigstore.client_config()))
    monkeypatch.setenv("FLOE_TRUST_ROOT", str(root))
    return f"trusted_identities: [{{identity: '{SUBJECT}', issuer: '{sigstore.url}'}}]"


Made = dict[tuple[int, bool], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def bundles(scene: Scene, sigstore: SigstoreDouble) -> Made:
    """Two good bundles for v1.0.0 under each Rekor, deep enough in the log to have proofs."""
    return {
        (rekor, tsa): [made_bundle(sigstore, scene.digest, rekor=rekor, tsa=tsa) for _ in range(4)][2:]
        for rekor, tsa in ((1, False), (2, True))
    }


@pytest.mark.parametrize(
    ("rekor", "tsa", "alter"),
    [*TAMPERING, (1, False, None), (2, True, None)],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_no_command_takes_a_keyless_bundle_that_was_tampered_with(
    scene: Scene,
    bundles: Made,
    believed: str,
    tmp_path: Path,
    rekor: int,
    tsa: bool,
    alter: Callable[[dict[str, Any], dict[str, Any]], None] | None,
) -> None:
    good, other = copy.deepcopy(bundles[rekor, tsa])
    at = scene.place()
    if alter is not None:
        alter(good, other)
        attach_raw(at.repository, at.digest, json.dumps(good).encode())
        refused(tmp_path, at, believed)
        return
    attach_raw(at.repository, at.digest, json.dumps(good).encode())
    assert {ran.code for ran in ask(tmp_path, at, believed).values()} == {0}


@pytest.mark.parametrize("wrong", ["identity", "issuer", "sigstore", "artifact", "no TSA"])
def test_no_command_takes_a_keyless_bundle_of_somebody_or_something_else(
    scene: Scene, sigstore: SigstoreDouble, believed: str, tmp_path: Path, wrong: str
) -> None:
    at = scene.place()
    digest = at.digest if wrong != "artifact" else at.other
    with SigstoreDouble() as foreign:
        made_by = foreign if wrong == "sigstore" else sigstore
        claims = {"subject": "https://floe.test/mallory"} if wrong == "identity" else {}
        root = root_of(made_by, rekor=2, tsa=True)
        signer = KeylessSigner(made_by.token(**claims), root)
        raw = signer.sign(bundle.statement_for(digest, {}))[0]
    made = json.loads(raw)
    if wrong == "no TSA":
        del made["verificationMaterial"]["timestampVerificationData"]
    attach_raw(at.repository, at.digest, json.dumps(made).encode())
    anchor = believed.replace(sigstore.url, "https://issuer.example.com") if wrong == "issuer" else believed
    refused(tmp_path, at, anchor)


def test_no_command_takes_a_bundle_whose_certificate_had_expired_when_it_was_logged(
    scene: Scene, sigstore: SigstoreDouble, believed: str, tmp_path: Path
) -> None:
    at = scene.place()
    attach_raw(at.repository, at.digest, expired_bundle(sigstore, at.digest))
    refused(tmp_path, at, believed)


# --- the registry ---------------------------------------------------------------------------------


def test_what_was_judged_is_what_is_taken_though_the_tag_moves_meanwhile(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Right after the signature was found good the tag names something unsigned."""
    at = scene.place()
    at.sign(at.team)
    other = at.other

    def judged(*given: Any, **more: Any) -> Verdict:
        found = verify(*given, **more)
        at.repository.push_manifest(at.repository.manifest(other).raw, IMAGE_MANIFEST, tag="v1.0.0")
        return found

    monkeypatch.setattr("floe_engine.signing.trust.verify", judged)
    project = data_team(tmp_path / "product", f"oci://{at.name}", "v1.0.0", scene.anchor)
    assert floe(project, "platform", "pull").code == 0
    assert at.repository.manifest("v1.0.0").digest == other, "it has moved"
    lock = json.loads((project / ".floe/cache/artifacts.lock").read_text())["platform"]
    assert lock["digest"] == at.digest
    written = json.loads((project / ".floe/platform/v1.0.0/manifest.json").read_text())
    assert written["metadata"]["version"] == "1.0.0"


@pytest.mark.parametrize(("formats", "ends"), [(BUNDLE, "[0-9a-f]"), (SIMPLE, ".sig")])
def test_a_registry_that_fails_while_signatures_are_looked_for_is_an_error(
    scene: Scene, tmp_path: Path, formats: tuple[Format, ...], ends: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real 500: the registry's own storage is damaged. Neither "unsigned" nor a first use comes of it."""
    monkeypatch.setattr("floe_engine.registry.retry.pause_for", lambda seconds, cancels: None)
    at = scene.place()
    at.sign(at.mallory, formats=formats)
    stored = scene.stored(at.repository.reference.repository)
    (link,) = stored.glob(f"_manifests/tags/sha256-*{ends}/current/link")
    link.write_text("nonsense")
    for anchors in (scene.anchor, "first_use: accept"):
        for words, ran in ask(tmp_path, at, anchors).items():
            assert ran.code == 3, (words, ran)
    assert not (tmp_path / "product/.floe/platform").exists()


# --- the reader's own files -----------------------------------------------------------------------


def test_a_key_of_floe_yaml_is_the_one_beside_it_wherever_one_stands(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = scene.place()
    at.sign(at.mallory)
    for folder, key in (("product", scene.team), ("elsewhere", scene.mallory)):
        (tmp_path / folder / "keys").mkdir(parents=True)
        (tmp_path / folder / "keys/team.pub").write_bytes(key.with_suffix(".pub").read_bytes())
    monkeypatch.chdir(tmp_path / "elsewhere")
    refused(tmp_path, at, "trusted_keys: [keys/team.pub]")
    at.sign(at.team)
    assert {ran.code for ran in ask(tmp_path, at, "trusted_keys: [keys/team.pub]").values()} == {0}


@pytest.mark.parametrize("key", ["absent.pub", "a-folder.pub", "huge.pub", "/dev/zero"])
def test_a_key_of_floe_yaml_that_is_none_stops_every_command(scene: Scene, tmp_path: Path, key: str) -> None:
    at = scene.place()
    (tmp_path / "product/a-folder.pub").mkdir(parents=True)
    (tmp_path / "product/huge.pub").write_bytes(
        scene.team.with_suffix(".pub").read_bytes() + b"\n" * (1 << 17)
    )
    for words, ran in ask(tmp_path, at, f"trusted_keys: [{key}]").items():
        assert ran.code == 2 and key in ran.err, (words, ran)


def test_a_password_that_is_not_the_key_s_publishes_nothing(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = f"oci://{scene.server.host}/password"
    (tmp_path / "manifest.yaml").write_text(manifest())
    monkeypatch.setenv("COSIGN_PASSWORD", "right")
    assert floe(tmp_path, "platform", "keygen").code == 0
    for password in ("wrong", "", "right\n"):
        monkeypatch.setenv("COSIGN_PASSWORD", password)
        ran = floe(tmp_path, "platform", "publish", "v1.0.0", "--key", "cosign.key", "--registry", place)
        assert ran.code == 6 and "password" in ran.err, ran
    with pytest.raises(NotFound, match="NAME_UNKNOWN"):
        Repository(Reference.parse(place)).tags()
