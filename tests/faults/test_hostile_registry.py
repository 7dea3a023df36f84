"""Registries that lie: about digests, sizes, types and places. Nothing unverified is ever returned."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from floe_engine.descriptor import MANIFEST_LIMIT, MAX_DESCRIPTORS, Descriptor
from floe_engine.errors import (
    AccessDenied,
    AuthenticationFailed,
    ContentMismatch,
    NotFound,
    RegistryError,
    VersionExists,
)
from floe_engine.registry import listing
from floe_engine.registry.authorization import PULL, Authorization
from floe_engine.registry.client import Repository
from floe_engine.registry.credentials import Credential, Credentials
from floe_engine.registry.reference import Reference
from floe_engine.registry.transport import Transport
from tests.engine.registry.artifacts import files, manifest_of, publish
from tests.faults.conftest import IMPATIENT
from tests.faults.double import INDEX, MANIFEST, Call, Double, Reply, as_json, double, problem
from tests.registries import Authority

TYPE = "application/octet-stream"
NOTHING = "sha256:" + "0" * 64


@dataclass(frozen=True, slots=True)
class FixedCredentials:
    """One credential, for one registry alone."""

    registry: str
    credential: Credential

    def lookup(self, registry: str, repository: str) -> Credential | None:
        """The credential where `registry` is the one it is for."""
        return self.credential if registry == self.registry else None


def logged_in(registry: Double, *, secret: str = "s3cret") -> Repository:
    """A client with a login, to a double that demands it by Basic."""
    registry.login = ("somebody", secret)
    credentials = FixedCredentials(registry.host, Credential("a test", "somebody", secret))
    settings = Transport(read_timeout=0.5, attempts=2, backoff=0.01, budget=5, credentials=credentials)
    return Repository(registry.reference(), settings=settings)


# Content


def test_altered_content_is_refused(registry: Double, repository: Repository) -> None:
    descriptor = Descriptor.of(b"good", TYPE)
    registry.bend = lambda call: Reply(body=b"evil")
    with pytest.raises(ContentMismatch, match="does not match its digest"):
        repository.blob(descriptor, 100)
    with pytest.raises(ContentMismatch):
        repository.blobs([descriptor])


@pytest.mark.parametrize("body", [b"goo", b"good, and more", b""])
def test_content_of_another_size_is_refused(registry: Double, repository: Repository, body: bytes) -> None:
    registry.bend = lambda call: Reply(body=body)
    with pytest.raises(ContentMismatch, match="wrong size"):
        repository.blob(Descriptor.of(b"good", TYPE), 100)


def test_no_more_than_the_promised_size_is_read(registry: Double, repository: Repository) -> None:
    came: list[int] = []
    registry.bend = lambda call: Reply(body=b"x" * 5_000_000)
    with pytest.raises(ContentMismatch, match="more than 4"):
        repository.blob(Descriptor.of(b"good", TYPE), 100, on_bytes=lambda d, done: came.append(done))
    assert came == [4]


def test_a_manifest_that_is_not_the_digest_asked_for_is_refused(
    registry: Double, repository: Repository
) -> None:
    raw = manifest_of([Descriptor.of(b"x", TYPE)])
    registry.bend = lambda call: Reply(body=raw, headers={"Content-Type": MANIFEST})
    with pytest.raises(ContentMismatch):
        repository.manifest(NOTHING)


def test_a_manifest_that_is_not_what_the_header_says_is_refused(
    registry: Double, repository: Repository
) -> None:
    raw = manifest_of([Descriptor.of(b"x", TYPE)])
    headers = {"Content-Type": MANIFEST, "Docker-Content-Digest": NOTHING}
    registry.bend = lambda call: Reply(body=raw, headers=headers)
    with pytest.raises(ContentMismatch, match=NOTHING) as failure:
        repository.manifest("v1.0.0")
    assert NOTHING in str(failure.value)


def test_a_digest_resolved_to_another_digest_is_refused(registry: Double, repository: Repository) -> None:
    headers = {"Content-Type": MANIFEST, "Docker-Content-Digest": NOTHING, "Content-Length": "5"}
    registry.bend = lambda call: Reply(headers=headers)
    with pytest.raises(ContentMismatch):
        repository.resolve("sha256:" + "1" * 64)


def test_a_registry_that_names_no_digest_is_asked_for_the_manifest(
    registry: Double, repository: Repository
) -> None:
    raw = manifest_of([Descriptor.of(b"x", TYPE)])
    registry.bend = lambda call: Reply(body=raw, headers={"Content-Type": MANIFEST})
    assert repository.resolve("v1.0.0") == Descriptor.of(raw, MANIFEST)


def test_a_huge_manifest_is_not_read_to_its_end(registry: Double, repository: Repository) -> None:
    body = b" " * (MANIFEST_LIMIT + 100)
    registry.bend = lambda call: Reply(body=body, headers={"Content-Type": MANIFEST})
    with pytest.raises(RegistryError, match="larger than"):
        repository.manifest("v1.0.0")


@pytest.mark.parametrize(
    ("raw", "media_type"),
    [
        (b'{"schemaVersion": 2}', "application/json"),
        (b'{"schemaVersion": 2}', ""),
        (b'{"schemaVersion": 1}', MANIFEST),
        (b'["schemaVersion", 2]', MANIFEST),
        (b"not json", MANIFEST),
        (b'{"schemaVersion": 2, "layers": [], "layers": []}', MANIFEST),
        (json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": []}).encode(), MANIFEST),
        (json.dumps({"schemaVersion": 2, "manifests": [], "layers": []}).encode(), MANIFEST),
        (b'{"schemaVersion": 2, "a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", MANIFEST),
    ],
)
def test_what_is_no_manifest_is_refused(
    registry: Double, repository: Repository, raw: bytes, media_type: str
) -> None:
    registry.bend = lambda call: Reply(body=raw, headers={"Content-Type": media_type})
    with pytest.raises(RegistryError):
        repository.manifest("v1.0.0")


@pytest.mark.parametrize(
    "layer",
    [
        {"mediaType": TYPE, "digest": "sha512:" + "0" * 128, "size": 1},
        {"mediaType": TYPE, "digest": "sha256:../../etc/passwd", "size": 1},
        {"mediaType": TYPE, "digest": NOTHING.upper(), "size": 1},
        {"mediaType": TYPE, "digest": NOTHING, "size": -1},
        {"mediaType": TYPE, "digest": NOTHING, "size": True},
        {"mediaType": TYPE, "digest": NOTHING, "size": 1.5},
        {"mediaType": TYPE, "digest": NOTHING, "size": 2**60},
        {"digest": NOTHING, "size": 1},
        {"mediaType": TYPE, "digest": NOTHING, "size": 1, "annotations": {"a": 1}},
        "text",
    ],
)
def test_a_malformed_descriptor_is_refused(registry: Double, repository: Repository, layer: object) -> None:
    raw = json.dumps({"schemaVersion": 2, "layers": [layer]}).encode()
    registry.holds_manifest(raw, "v1.0.0")
    manifest = repository.manifest("v1.0.0")
    with pytest.raises(RegistryError, match="malformed"):
        _ = manifest.layers


def test_a_manifest_with_countless_layers_is_refused(registry: Double, repository: Repository) -> None:
    layer = {"mediaType": TYPE, "digest": NOTHING, "size": 1}
    raw = json.dumps({"schemaVersion": 2, "layers": [layer] * (MAX_DESCRIPTORS + 1)}).encode()
    registry.holds_manifest(raw, "v1.0.0")
    with pytest.raises(RegistryError, match="malformed"):
        _ = repository.manifest("v1.0.0").layers


def test_a_tag_that_moves_after_it_was_resolved_changes_nothing(
    registry: Double, repository: Repository
) -> None:
    published = publish(repository, "v1.0.0", count=2)
    resolved = repository.resolve("v1.0.0")
    assert resolved is not None
    publish(repository, "v1.0.0", count=2, mark="moved")
    manifest = repository.manifest(resolved.digest)
    assert manifest.raw == published.raw


def test_an_upload_that_the_registry_confirms_as_something_else_is_an_error(
    registry: Double, repository: Repository
) -> None:
    registry.bend = lambda call: (
        Reply(201, headers={"Docker-Content-Digest": NOTHING}) if call.method == "PUT" else None
    )
    with pytest.raises(ContentMismatch):
        repository.push_blob(b"x", TYPE)
    with pytest.raises(ContentMismatch):
        repository.push_manifest(manifest_of([Descriptor.of(b"x", TYPE)]), tag="v1.0.0")


# Places


def test_a_blob_on_another_host_is_fetched_without_credentials(registry: Double, foreign: Double) -> None:
    digest = foreign.holds(b"content")
    repository = logged_in(registry)
    elsewhere = f"{foreign.url}/v2/x/blobs/{digest}?signature=abc"
    registry.bend = lambda call: (
        Reply(307, headers={"Location": elsewhere}) if call.authorization and "/blobs/" in call.path else None
    )
    assert repository.blob(Descriptor.of(b"content", TYPE), 100) == b"content"
    (call,) = foreign.calls
    assert call.authorization is None
    assert "cookie" not in call.headers
    assert registry.calls[-1].authorization is not None


def test_another_host_that_asks_for_a_login_gets_none(registry: Double, foreign: Double) -> None:
    foreign.login = ("somebody", "s3cret")
    repository = logged_in(registry)
    repository.resolve("v1.0.0")
    registry.bend = lambda call: Reply(307, headers={"Location": f"{foreign.url}/v2/x/blobs/y?sig=hidden"})
    with pytest.raises(AuthenticationFailed) as failure:
        repository.blob(Descriptor.of(b"content", TYPE), 100)
    assert [call.authorization for call in foreign.calls] == [None]
    assert foreign.host in failure.value.title
    assert "hidden" not in str(failure.value)


def test_a_redirect_on_the_same_host_keeps_the_login(registry: Double) -> None:
    digest = registry.holds(b"content")
    repository = logged_in(registry)
    registry.bend = lambda call: (
        Reply(302, headers={"Location": f"/other/blobs/{digest}"}) if call.path.startswith("/v2/") else None
    )
    assert repository.blob(Descriptor.of(b"content", TYPE), 100) == b"content"
    assert registry.calls[-1].authorization is not None


def test_redirects_in_a_circle_end(registry: Double, repository: Repository) -> None:
    registry.bend = lambda call: Reply(307, headers={"Location": call.path})
    with pytest.raises(RegistryError, match="circle"):
        repository.blob(Descriptor.of(b"content", TYPE), 100)
    assert len(registry.calls) == 6


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        "http://a:b@127.0.0.1/",
        "https://",
        "http://[x",
        "http://h:99999/",
    ],
)
def test_a_redirect_to_something_else_than_http_is_refused(
    registry: Double, repository: Repository, location: str
) -> None:
    registry.bend = lambda call: Reply(307, headers={"Location": location})
    with pytest.raises(RegistryError, match="not safe"):
        repository.blob(Descriptor.of(b"content", TYPE), 100)


def test_an_upload_to_another_host_carries_no_credentials(registry: Double, foreign: Double) -> None:
    repository = logged_in(registry)
    repository.resolve("v1.0.0")
    registry.bend = lambda call: (
        Reply(202, headers={"Location": f"{foreign.url}/v2/x/blobs/uploads/1"})
        if call.method == "POST"
        else None
    )
    descriptor = repository.push_blob(b"content", TYPE)
    assert foreign.blobs[descriptor.digest] == b"content"
    assert [call.authorization for call in foreign.calls] == [None]


def test_an_upload_is_never_redirected(registry: Double, foreign: Double, repository: Repository) -> None:
    registry.bend = lambda call: Reply(307, headers={"Location": f"{foreign.url}/x"})
    with pytest.raises(RegistryError, match="redirects"):
        repository.push_blob(b"content", TYPE)
    with pytest.raises(RegistryError, match="redirects"):
        repository.push_manifest(manifest_of([Descriptor.of(b"x", TYPE)]), tag="v1.0.0")
    assert foreign.calls == []


@pytest.mark.parametrize(
    "location",
    [
        "http://registry.example.com/x",
        "http://10.0.0.1/x",
        "https://10.0.0.1/x",
        "https://registry.example.com/x",
        "https://169.254.169.254/latest/meta-data",
    ],
)
def test_a_registry_on_this_machine_sends_nobody_elsewhere(
    registry: Double, repository: Repository, location: str
) -> None:
    registry.bend = lambda call: Reply(307, headers={"Location": location})
    with pytest.raises(RegistryError, match="not safe"):
        repository.blob(Descriptor.of(b"content", TYPE), 100)
    registry.bend = lambda call: Reply(202, headers={"Location": location})
    with pytest.raises(RegistryError, match="not safe"):
        repository.push_blob(b"content", TYPE)


@pytest.mark.parametrize(
    "location",
    [
        "https://127.0.0.1/x",
        "https://127.1/x",
        "https://2130706433/x",
        "https://0x7f000001/x",
        "https://localhost./x",
        "https://a.localhost/x",
        "https://[::1]/x",
        "https://[::ffff:127.0.0.1]/x",
        "https://0.0.0.0/x",
        "https://10.1.2.3:9000/x",
        "https://192.168.1.1/x",
        "https://169.254.169.254/x",
        "https://[fd00::1]/x",
        "https://[fe80::1%25eth0]/x",
        "https://100.64.0.1/x",
        "http://registry.example.com/x",
    ],
)
def test_a_registry_elsewhere_sends_nobody_to_this_machine_or_into_its_network(location: str) -> None:
    session = Repository(Reference.parse("oci://registry.example.com/a"))._session
    with pytest.raises(RegistryError, match="not safe"):
        session.safe_url(location, "redirects a download")


def test_a_registry_elsewhere_may_keep_its_files_elsewhere() -> None:
    session = Repository(Reference.parse("oci://registry.example.com/a"))._session
    for there in ("https://bucket.example.org/x", "https://93.184.215.14/x"):
        assert session.safe_url(there, "redirects a download") == there
    inside = Repository(Reference.parse("oci://10.0.0.1:5000/a"))._session
    assert inside.safe_url("https://10.0.0.2:9000/x", "redirects a download")


def test_plain_http_for_one_host_is_not_for_another() -> None:
    settings = Transport(plain_http=frozenset({"registry.example.com"}))
    session = Repository(Reference.parse("oci://registry.example.com/a"), settings=settings)._session
    assert session.safe_url("http://registry.example.com:9000/x", "redirects a download")
    with pytest.raises(RegistryError, match="not safe"):
        session.safe_url("http://bucket.example.com/x", "redirects a download")


@pytest.mark.parametrize(
    "realm", ["https://127.0.0.1/token", "https://10.0.0.1/token", "http://127.0.0.1/token"]
)
def test_a_login_is_not_sent_to_this_machine_on_a_strangers_word(registry: Double, realm: str) -> None:
    asked: list[str] = []
    authorization = Authorization(
        "http://registry.example.com",
        "registry.example.com",
        "a",
        lambda host, repository: Credential("a test", "me", "s3cret"),
        lambda request: asked.append(request.url) or {},
        speaks_plainly=lambda host: True,
    )
    with pytest.raises(RegistryError, match="not safe"):
        authorization.answer(f'Bearer realm="{realm}",service="x"', None, PULL)
    assert asked == []


def test_from_https_nothing_falls_back_to_plain_http(tmp_path: Path, foreign: Double) -> None:
    authority = Authority.create(tmp_path)
    with double((tmp_path / "server.pem", tmp_path / "server.key")) as registry:
        credentials = FixedCredentials(registry.host, Credential("a test", "somebody", "s3cret"))
        repository = Repository(
            registry.reference(),
            settings=Transport(
                ca_file=authority.certificate, plain_http=False, attempts=1, credentials=credentials
            ),
        )
        registry.bend = lambda call: Reply(307, headers={"Location": f"{foreign.url}/x"})
        with pytest.raises(RegistryError, match="not safe"):
            repository.blob(Descriptor.of(b"content", TYPE), 100)
        registry.bend = lambda call: Reply(202, headers={"Location": f"{foreign.url}/x"})
        with pytest.raises(RegistryError, match="not safe"):
            repository.push_blob(b"content", TYPE)
        challenge = f'Bearer realm="{foreign.url}/token",service="x"'
        registry.bend = lambda call: problem(401, "UNAUTHORIZED", **{"WWW-Authenticate": challenge})
        with pytest.raises(RegistryError, match="not safe") as failure:
            repository.resolve("v1.0.0")
        assert "credentials were not sent" in failure.value.hint
    assert foreign.calls == []


def test_a_plain_http_token_service_on_another_machine_is_refused(registry: Double) -> None:
    challenge = 'Bearer realm="http://tokens.example.com/token",service="x"'
    repository = logged_in(registry)
    registry.bend = lambda call: problem(401, "UNAUTHORIZED", **{"WWW-Authenticate": challenge})
    with pytest.raises(RegistryError, match="not safe"):
        repository.resolve("v1.0.0")


def test_a_token_service_that_redirects_is_not_followed(registry: Double, foreign: Double) -> None:
    repository = logged_in(registry)
    challenge = f'Bearer realm="{registry.url}/token",service="x"'

    def bend(call: Call) -> Reply:
        if call.path == "/token":
            return Reply(302, headers={"Location": f"{foreign.url}/token"})
        return problem(401, "UNAUTHORIZED", **{"WWW-Authenticate": challenge})

    registry.bend = bend
    with pytest.raises(AuthenticationFailed):
        repository.resolve("v1.0.0")
    assert foreign.calls == []


# Lists


def linked(registry: Double, pages: dict[str, tuple[list[str], str | None]]) -> None:
    def bend(call: Call) -> Reply | None:
        if not call.path.endswith("/tags/list"):
            return None
        tags, following = pages[call.query.get("last", [""])[0]]
        link = {"Link": f'<{following}>; rel="next"'} if following else {}
        return as_json({"name": "x", "tags": tags}, **link)

    registry.bend = bend


LIST = "/v2/team/platform/tags/list"


def test_a_list_is_followed_past_empty_pages(registry: Double, repository: Repository) -> None:
    linked(registry, {
        "": (["a"], f"{LIST}?last=1"),
        "1": ([], f"{LIST}?last=2"),
        "2": ([], f"{registry.url}{LIST}?last=3"),
        "3": (["b"], None),
    })  # fmt: skip
    assert repository.tags() == ["a", "b"]
    assert repository.requests == 4


def test_a_list_that_goes_in_a_circle_is_an_error(registry: Double, repository: Repository) -> None:
    linked(registry, {"": (["a"], f"{LIST}?last=1"), "1": (["b"], f"{LIST}?last=1")})
    with pytest.raises(RegistryError, match="does not end") as failure:
        repository.tags()
    assert "circle" in failure.value.message
    assert repository.requests == 2


def test_a_list_without_end_is_an_error(
    registry: Double, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "MAX_PAGES", 7)
    registry.bend = lambda call: as_json(
        {"tags": []}, Link=f'<{LIST}?last={int(call.query.get("last", ["0"])[0]) + 1}>; rel="next"'
    )
    with pytest.raises(RegistryError, match="does not end"):
        repository.tags()
    assert repository.requests == 7


def test_a_list_that_goes_on_at_another_host_is_an_error(registry: Double, foreign: Double) -> None:
    repository = logged_in(registry)
    repository.resolve("v1.0.0")
    linked(registry, {"": (["a"], f"{foreign.url}{LIST}?last=1&token=hidden")})
    with pytest.raises(RegistryError, match="does not end") as failure:
        repository.tags()
    assert foreign.calls == []
    assert foreign.host in failure.value.message
    assert "hidden" not in str(failure.value)


def test_a_thousand_tags_take_as_many_requests_as_there_are_pages(
    registry: Double, repository: Repository
) -> None:
    tags = [f"v1.{number}.0" for number in range(1200)]
    pages = {
        ("" if start == 0 else str(start)): (
            tags[start : start + 100],
            f"{LIST}?last={start + 100}" if start + 100 < len(tags) else None,
        )
        for start in range(0, 1200, 100)
    }
    linked(registry, pages)
    assert len(repository.tags()) == 1200
    assert repository.requests == 12


# Referrers


def attached(repository: Repository) -> tuple[Descriptor, Descriptor]:
    subject = publish(repository, "v1.0.0", count=2).descriptor
    blob = repository.push_blob(b"signature", TYPE)
    return subject, repository.attach(manifest_of([blob, blob], subject), subject)


def test_a_registry_with_the_referrers_api_keeps_the_list_itself(
    registry: Double, repository: Repository
) -> None:
    registry.referrers_api = True
    subject, referrer = attached(repository)
    assert [found.digest for found in repository.referrers(subject.digest)] == [referrer.digest]
    assert set(registry.tags) == {"v1.0.0"}


def test_a_registry_without_it_gets_the_fallback_tag(registry: Double, repository: Repository) -> None:
    subject, referrer = attached(repository)
    fallback = subject.digest.replace(":", "-")
    assert set(registry.tags) == {"v1.0.0", fallback}
    index = json.loads(registry.manifests[registry.tags[fallback]][0])
    assert [entry["digest"] for entry in index["manifests"]] == [referrer.digest]
    assert index["manifests"][0]["artifactType"] == "application/vnd.example.artifact"


def test_what_others_put_into_the_fallback_tag_is_kept(registry: Double, repository: Repository) -> None:
    subject = publish(repository, "v1.0.0", count=2).descriptor
    theirs = {"mediaType": MANIFEST, "digest": NOTHING, "size": 3, "platform": {"os": "plan9"}}
    index = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [theirs]}).encode()
    fallback = subject.digest.replace(":", "-")
    registry.holds_manifest(index, fallback, INDEX)
    blob = repository.push_blob(b"signature", TYPE)
    repository.attach(manifest_of([blob, blob], subject), subject)
    entries = json.loads(registry.manifests[registry.tags[fallback]][0])["manifests"]
    assert entries[0] == theirs
    assert len(entries) == 2


def test_a_writer_that_overwrote_our_entry_is_noticed(registry: Double, repository: Repository) -> None:
    subject = publish(repository, "v1.0.0", count=2).descriptor
    empty = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": []}).encode()
    fallback = subject.digest.replace(":", "-")
    lost = iter(range(3))

    def bend(call: Call) -> Reply | None:
        if call.method == "PUT" and call.path.endswith(fallback) and next(lost, None) is not None:
            digest = registry.holds_manifest(call.body, None, INDEX)
            registry.holds_manifest(empty, fallback, INDEX)
            return Reply(201, headers={"Docker-Content-Digest": digest})
        return None

    registry.bend = bend
    blob = repository.push_blob(b"signature", TYPE)
    referrer = repository.attach(manifest_of([blob, blob], subject), subject)
    assert [found.digest for found in repository.referrers(subject.digest)] == [referrer.digest]


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_a_failing_list_of_referrers_is_never_an_empty_one(
    registry: Double, repository: Repository, status: int
) -> None:
    registry.bend = lambda call: problem(status, "OOPS") if "/referrers/" in call.path else None
    with pytest.raises(RegistryError):
        repository.referrers(NOTHING)


@pytest.mark.parametrize("status", [401, 403, 500])
def test_a_failing_fallback_tag_is_never_an_empty_list(
    registry: Double, repository: Repository, status: int
) -> None:
    registry.bend = lambda call: problem(status, "OOPS") if "/manifests/" in call.path else None
    with pytest.raises(RegistryError):
        repository.referrers(NOTHING)


def test_a_web_page_in_place_of_the_referrers_api_leads_to_the_fallback_tag(
    registry: Double, repository: Repository
) -> None:
    subject, referrer = attached(repository)
    registry.bend = lambda call: (
        Reply(body=b"<html>", headers={"Content-Type": "text/html"}) if "/referrers/" in call.path else None
    )
    reader = Repository(registry.reference(), settings=IMPATIENT)
    assert [found.digest for found in reader.referrers(subject.digest)] == [referrer.digest]


@pytest.mark.parametrize("entries", [None, "x", [{"digest": "x"}], [{}] * 1001])
def test_a_malformed_list_of_referrers_is_an_error(
    registry: Double, repository: Repository, entries: object
) -> None:
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}
    registry.bend = lambda call: as_json(index, **{"Content-Type": INDEX})
    with pytest.raises(RegistryError, match="malformed"):
        repository.referrers(NOTHING)


@pytest.mark.parametrize("nonsense", ["http://[x", "http://h:99999/", "\\\\", "https://", "mailto:a@b"])
def test_addresses_that_are_none_are_errors_wherever_they_stand(
    registry: Double, repository: Repository, nonsense: str
) -> None:
    registry.bend = lambda call: Reply(202, headers={"Location": nonsense})
    with pytest.raises(RegistryError):
        repository.push_blob(b"x", TYPE)
    registry.bend = lambda call: as_json({"tags": []}, Link=f'<{nonsense}>; rel="next"')
    with pytest.raises(RegistryError):
        repository.tags()
    challenge = f'Bearer realm="{nonsense}",service="x"'
    registry.bend = lambda call: problem(401, "UNAUTHORIZED", **{"WWW-Authenticate": challenge})
    with pytest.raises(RegistryError):
        repository.resolve("v1.0.0")


# Refusals


@pytest.mark.parametrize(
    "refusal",
    [
        problem(409, "TAG_IMMUTABLE"),
        problem(412, "PRECONDITION", "Failed to process request due to 'v1.0.0' configured as immutable."),
        problem(400, "TAG_INVALID", "The image tag already exists and cannot be overwritten: immutable"),
        problem(403, "DENIED", "Tag v1.0.0 is immutable"),
    ],
)
def test_a_registry_that_holds_tags_immutable_is_understood(
    registry: Double, repository: Repository, refusal: Reply
) -> None:
    registry.bend = lambda call: refusal if call.path.endswith("/manifests/v1.0.0") else None
    with pytest.raises(VersionExists, match="does not move it"):
        publish(repository, "v1.0.0", count=2)


def test_a_registry_that_wants_the_repository_created_first_is_asked_once(
    registry: Double, repository: Repository
) -> None:
    registry.bend = lambda call: problem(404, "NAME_UNKNOWN", "The repository does not exist")
    with pytest.raises(NotFound) as failure:
        repository.push_blob(b"x", TYPE)
    assert len(registry.calls) == 1
    assert "created before" in failure.value.hint


def test_a_second_signature_on_a_registry_that_holds_every_tag_says_what_to_exempt(
    registry: Double, repository: Repository
) -> None:
    subject = publish(repository, "v1.0.0", count=2).descriptor
    blob = repository.push_blob(b"signature", TYPE)
    refusal = problem(400, "TAG_INVALID", "The image tag already exists in an immutable repository")
    registry.bend = lambda call: (
        refusal if call.method == "PUT" and "/manifests/sha256-" in call.path else None
    )
    with pytest.raises(VersionExists) as failure:
        repository.attach(manifest_of([blob], subject), subject)
    assert "exempt" in failure.value.hint


def test_a_tag_that_cannot_be_deleted_is_put_back(registry: Double, repository: Repository) -> None:
    published = publish(repository, "v1.0.0", count=2)
    with pytest.raises(RegistryError, match="405"):
        repository.delete_tag("v1.0.0")
    assert registry.tags["v1.0.0"] == published.digest
    assert all(published.digest not in call.path for call in registry.asked("DELETE"))


def test_being_nobody_where_somebody_is_wanted_says_how_to_log_in(registry: Double) -> None:
    registry.login = ("somebody", "s3cret")
    repository = Repository(registry.reference(), settings=IMPATIENT)
    with pytest.raises(AuthenticationFailed, match="wants a login") as failure:
        repository.resolve("v1.0.0")
    assert f"floe login {registry.host}" in failure.value.hint
    assert len(registry.calls) == 1


def test_refused_credentials_are_named_by_their_source_and_not_shown(registry: Double) -> None:
    repository = logged_in(registry, secret="wr0ng-s3cret")
    registry.login = ("somebody", "right")
    with pytest.raises(AuthenticationFailed, match="refused the credentials of a test") as failure:
        repository.resolve("v1.0.0")
    assert len(registry.calls) == 2
    encoded = base64.b64encode(b"somebody:wr0ng-s3cret").decode()
    told = f"{failure.value!r} {failure.value} {failure.value.hint} {repository.settings!r}"
    assert "wr0ng-s3cret" not in told
    assert encoded not in told


def test_forbidden_is_not_the_same_as_unknown(registry: Double) -> None:
    repository = logged_in(registry)
    repository.resolve("v1.0.0")
    registry.bend = lambda call: problem(403, "DENIED", "requested access to the resource is denied")
    with pytest.raises(AccessDenied, match="does not permit") as failure:
        repository.push_blob(b"x", TYPE)
    assert "requested access to the resource is denied" in failure.value.message
    assert failure.value.status == 403


def test_basic_credentials_are_sent_at_once_when_they_are_known_to_be_wanted(registry: Double) -> None:
    repository = logged_in(registry)
    publish(repository, "v1.0.0", count=3)
    unauthorized = [call for call in registry.calls if call.authorization is None]
    assert len(unauthorized) == 1
    assert unauthorized[0].body == b""


def test_netrc_is_never_read(registry: Double, isolated_environment: Path) -> None:
    (isolated_environment / ".netrc").write_text("machine 127.0.0.1 login somebody password s3cret\n")
    (isolated_environment / ".netrc").chmod(0o600)
    registry.login = ("somebody", "s3cret")
    repository = Repository(registry.reference(), settings=IMPATIENT)
    with pytest.raises(AuthenticationFailed):
        repository.resolve("v1.0.0")
    assert [call.authorization for call in registry.calls] == [None]


def test_cookies_are_not_kept(registry: Double, repository: Repository) -> None:
    registry.bend = lambda call: as_json({"tags": []}, **{"Set-Cookie": "sid=1; Path=/"})
    repository.tags()
    repository.tags()
    assert all("cookie" not in call.headers for call in registry.calls)


def test_an_expired_token_is_renewed_once_for_all(registry: Double) -> None:
    challenge = f'Bearer realm="{registry.url}/token",service="x"'
    issued: list[str] = []

    def bend(call: Call) -> Reply | None:
        if call.path == "/token":
            issued.append(f"token-{len(issued)}")
            return as_json({"token": issued[-1]})
        if not issued or call.authorization != f"Bearer {valid[0] or issued[-1]}":
            return problem(401, "UNAUTHORIZED", **{"WWW-Authenticate": challenge})
        return None

    valid = [""]
    registry.bend = bend
    repository = Repository(registry.reference(), settings=IMPATIENT, push=True)
    repository.resolve("v1.0.0")
    assert issued == ["token-0"]
    valid[0] = "token-1"
    descriptors = repository.push_blobs(files(6))
    assert issued == ["token-0", "token-1"]
    assert set(registry.blobs) == {descriptor.digest for descriptor in descriptors}


def test_a_token_service_that_answers_nonsense_is_an_error(registry: Double) -> None:
    challenge = f'Bearer realm="{registry.url}/token",service="x"'
    answers = [
        Reply(body=b"<html>", headers={"Content-Type": "text/html"}),
        as_json({}),
        as_json({"token": "a\nb"}),
    ]
    for answer in answers:
        registry.bend = lambda call, answer=answer: (
            answer
            if call.path == "/token"
            else problem(401, "UNAUTHORIZED", **{"WWW-Authenticate": challenge})
        )
        with pytest.raises(RegistryError):
            Repository(registry.reference(), settings=IMPATIENT).resolve("v1.0.0")


def test_a_registry_that_takes_no_page_size_is_asked_without(
    registry: Double, repository: Repository
) -> None:
    registry.tags["v1.0.0"] = NOTHING
    registry.bend = lambda call: problem(400, "PAGINATION_NUMBER_INVALID") if "n" in call.query else None
    assert repository.tags() == ["v1.0.0"]
    assert len(registry.calls) == 2
    registry.bend = lambda call: problem(400, "UNSUPPORTED")
    with pytest.raises(RegistryError, match="400"):
        repository.tags()


def test_credentials_of_one_registry_are_not_shown_to_another(
    registry: Double, foreign: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOE_REGISTRY", f"oci://{registry.host}/team/platform")
    monkeypatch.setenv("FLOE_REGISTRY_USERNAME", "somebody")
    monkeypatch.setenv("FLOE_REGISTRY_PASSWORD", "s3cret")
    registry.login = foreign.login = ("somebody", "s3cret")
    settings = Transport(attempts=1, credentials=Credentials())
    assert Repository(registry.reference(), settings=settings).resolve("v1.0.0") is None
    with pytest.raises(AuthenticationFailed, match="wants a login"):
        Repository(foreign.reference(), settings=settings).resolve("v1.0.0")
    assert all(call.authorization is None for call in foreign.calls)
