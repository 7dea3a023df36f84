"""Registries that stall, break off, fail for a while or for good: bounded, named, never waited out."""

from __future__ import annotations

import dataclasses
import socket
import threading
import time
from collections.abc import Callable

import pytest
from msgspec import structs

from floe_engine.descriptor import Descriptor
from floe_engine.errors import Cancelled, NotFound, RegistryError, RegistryUnreachable
from floe_engine.events import CancelToken
from floe_engine.registry.client import Repository
from floe_engine.registry.reference import Reference
from tests.engine.registry.artifacts import files, publish
from tests.faults.conftest import IMPATIENT
from tests.faults.double import WEB_PAGE, Bend, Call, Double, Reply, problem

TYPE = "application/octet-stream"


def first(count: int, method: str, part: str, reply: Reply) -> Bend:
    """Answer the first `count` such calls with `reply`, then behave."""
    seen: list[Call] = []

    def bend(call: Call) -> Reply | None:
        if call.method != method or part not in call.path:
            return None
        seen.append(call)
        return reply if len(seen) <= count else None

    return bend


def test_a_refused_connection_is_said_within_seconds() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{unused.getsockname()[1]}"
        repository = Repository(Reference.parse(f"oci://{host}/team/platform"))
        start = time.monotonic()
        with pytest.raises(RegistryUnreachable) as failure:
            repository.resolve("v1.0.0")
    assert time.monotonic() - start < 10
    assert repository.requests == 4
    assert host in failure.value.title
    assert "refused the connection" in failure.value.message
    assert failure.value.hint


def test_a_name_without_address_is_said_so() -> None:
    repository = Repository(Reference.parse("oci://registry.invalid/team/platform"), settings=IMPATIENT)
    with pytest.raises(RegistryUnreachable, match=r"registry\.invalid"):
        repository.resolve("v1.0.0")


def test_a_stalled_registry_is_given_up_after_its_tries(registry: Double, repository: Repository) -> None:
    never = threading.Event()
    registry.bend = lambda call: Reply(stall=never)
    try:
        with pytest.raises(RegistryUnreachable, match="cannot be reached") as failure:
            repository.manifest("v1.0.0")
    finally:
        never.set()
    assert "stopped answering" in failure.value.message
    assert repository.requests == 3


def test_the_total_budget_ends_tries_before_their_number_does(registry: Double) -> None:
    never = threading.Event()
    registry.bend = lambda call: Reply(stall=never)
    settings = structs.replace(IMPATIENT, attempts=50, budget=0.6)
    repository = Repository(registry.reference(), settings=settings)
    try:
        with pytest.raises(RegistryUnreachable):
            repository.tags()
    finally:
        never.set()
    assert repository.requests <= 2


def cancel_when(condition: Callable[[], bool], cancel: CancelToken) -> None:
    def watch() -> None:
        deadline = time.monotonic() + 10
        while not condition() and time.monotonic() < deadline:
            time.sleep(0.005)
        cancel.cancel()

    threading.Thread(target=watch, daemon=True).start()


def test_cancelling_leaves_a_stalled_registry_at_once(registry: Double) -> None:
    never = threading.Event()
    registry.bend = lambda call: Reply(stall=never)
    cancel = CancelToken()
    settings = structs.replace(IMPATIENT, read_timeout=20)
    repository = Repository(registry.reference(), settings=settings, cancel=cancel)
    cancel_when(lambda: bool(registry.calls), cancel)
    start = time.monotonic()
    try:
        with pytest.raises(Cancelled):
            repository.manifest("v1.0.0")
    finally:
        never.set()
    assert time.monotonic() - start < 5


def test_cancelling_is_seen_while_blobs_are_streaming(registry: Double) -> None:
    stop = threading.Event()
    contents = [bytes([number]) * 5000 for number in range(4)]
    descriptors = [Descriptor.of(data, TYPE) for data in contents]
    registry.bend = lambda call: Reply(body=contents[0], drip=stop)
    cancel = CancelToken()
    repository = Repository(registry.reference(), settings=IMPATIENT, cancel=cancel)
    came: list[int] = []
    cancel_when(lambda: bool(registry.calls), cancel)
    start = time.monotonic()
    try:
        with pytest.raises(Cancelled):
            repository.blobs(descriptors, on_bytes=lambda descriptor, done: came.append(done))
    finally:
        stop.set()
    assert time.monotonic() - start < 5
    assert not came or max(came) < 5000


def test_cancelling_is_seen_while_pausing_between_tries(registry: Double) -> None:
    registry.bend = lambda call: problem(503, "UNAVAILABLE", **{"Retry-After": "4"})
    cancel = CancelToken()
    repository = Repository(registry.reference(), settings=IMPATIENT, cancel=cancel)
    cancel_when(lambda: bool(registry.calls), cancel)
    start = time.monotonic()
    with pytest.raises(Cancelled):
        repository.tags()
    assert time.monotonic() - start < 3


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_passing_fault_is_outlived(registry: Double, repository: Repository, status: int) -> None:
    registry.tags["v1.0.0"] = "sha256:" + "0" * 64
    registry.bend = first(2, "GET", "/tags/list", problem(status, "UNAVAILABLE"))
    assert repository.tags() == ["v1.0.0"]
    assert repository.requests == 3


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_lasting_fault_is_an_error_with_its_status(
    registry: Double, repository: Repository, status: int
) -> None:
    registry.bend = lambda call: problem(status, "OOPS", "the disk\x1b[31m is full")
    for ask in (repository.tags, lambda: repository.resolve("v1"), lambda: repository.manifest("v1")):
        with pytest.raises(RegistryError, match=str(status)) as failure:
            ask()
        assert failure.value.status == status
        assert not isinstance(failure.value, NotFound)
        assert "\x1b" not in str(failure.value)


def test_retry_after_is_obeyed(registry: Double, repository: Repository) -> None:
    registry.bend = first(1, "GET", "/tags/list", problem(429, "TOOMANYREQUESTS", **{"Retry-After": "1"}))
    start = time.monotonic()
    repository.tags()
    assert 1.0 <= time.monotonic() - start < 4


def test_a_retry_after_beyond_the_budget_is_not_waited_for(registry: Double, repository: Repository) -> None:
    registry.bend = lambda call: problem(429, "TOOMANYREQUESTS", **{"Retry-After": "86400"})
    with pytest.raises(RegistryError, match="429") as failure:
        repository.tags()
    assert repository.requests == 1
    assert "limits how often" in failure.value.hint


@pytest.mark.parametrize("part", ["POST", "PUT"])
def test_a_blob_is_uploaded_again_from_its_beginning(
    registry: Double, repository: Repository, part: str
) -> None:
    registry.bend = first(1, part, "/blobs/uploads/", problem(503, "UNAVAILABLE"))
    descriptor = repository.push_blob(b"content", TYPE)
    assert registry.blobs[descriptor.digest] == b"content"
    assert [call.method for call in registry.calls] == (
        ["POST", "PUT", "POST", "PUT"] if part == "PUT" else ["POST", "POST", "PUT"]
    )


def test_an_upload_that_the_registry_has_forgotten_starts_again(
    registry: Double, repository: Repository
) -> None:
    registry.bend = first(1, "PUT", "/blobs/uploads/", problem(404, "BLOB_UPLOAD_UNKNOWN"))
    repository.push_blob(b"content", TYPE)
    assert [call.method for call in registry.calls] == ["POST", "PUT", "POST", "PUT"]


def test_a_manifest_is_written_again_after_a_fault(registry: Double, repository: Repository) -> None:
    registry.bend = first(1, "PUT", "/manifests/", problem(500, "UNKNOWN"))
    published = publish(repository, "v1.0.0", count=2)
    assert registry.tags["v1.0.0"] == published.digest


def test_a_manifest_whose_blob_is_not_known_yet_is_written_again(
    registry: Double, repository: Repository
) -> None:
    registry.bend = first(2, "PUT", "/manifests/", problem(404, "MANIFEST_BLOB_UNKNOWN"))
    published = publish(repository, "v1.0.0", count=2)
    assert registry.tags["v1.0.0"] == published.digest


def test_a_manifest_whose_blob_stays_unknown_is_an_error(registry: Double, repository: Repository) -> None:
    registry.bend = first(99, "PUT", "/manifests/", problem(404, "MANIFEST_BLOB_UNKNOWN"))
    with pytest.raises(RegistryError, match="MANIFEST_BLOB_UNKNOWN"):
        publish(repository, "v1.0.0", count=2)


def test_a_body_that_breaks_off_is_fetched_again(registry: Double, repository: Repository) -> None:
    data = b"x" * 5000
    descriptor = Descriptor.of(data, TYPE)
    registry.holds(data)
    registry.bend = first(1, "GET", "/blobs/", Reply(body=data, cut=1234))
    assert repository.blob(descriptor, 5000) == data
    registry.bend = lambda call: Reply(body=data, cut=1234)
    with pytest.raises(RegistryUnreachable, match="cannot be reached") as failure:
        repository.blob(descriptor, 5000)
    assert "broke off" in failure.value.message


def test_one_failing_blob_stops_the_others(registry: Double) -> None:
    stop = threading.Event()
    contents = [b"a" * 3000, b"b" * 3000, b"c" * 3000]
    descriptors = [Descriptor.of(data, TYPE) for data in contents]

    def bend(call: Call) -> Reply | None:
        if call.path.endswith(descriptors[2].digest):
            return problem(403, "DENIED")
        return Reply(body=contents[0], drip=stop) if "/blobs/" in call.path else None

    registry.bend = bend
    repository = Repository(registry.reference(), settings=IMPATIENT)
    repository.tags()
    start = time.monotonic()
    try:
        with pytest.raises(RegistryError, match="does not permit"):
            repository.blobs(descriptors)
    finally:
        stop.set()
    assert time.monotonic() - start < 5


@pytest.mark.parametrize("status", [200, 404])
def test_a_web_page_is_an_error_and_never_an_absent_tag(
    registry: Double, repository: Repository, status: int
) -> None:
    registry.bend = lambda call: dataclasses.replace(WEB_PAGE, status=status)
    for ask in (repository.tags, lambda: repository.resolve("v1"), lambda: repository.manifest("v1")):
        with pytest.raises(RegistryError) as failure:
            ask()
        assert "web page" in failure.value.title


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"tags": 3}', b'{"tags": [], "tags": []}', b"\xff\xfe"])
def test_json_that_is_none_is_an_error(registry: Double, repository: Repository, body: bytes) -> None:
    registry.bend = lambda call: Reply(200, body, {"Content-Type": "application/json"})
    with pytest.raises(RegistryError):
        repository.tags()


def test_tags_that_cannot_be_asked_for_are_left_out(registry: Double, repository: Repository) -> None:
    registry.bend = lambda call: Reply(
        200,
        b'{"tags": ["v1", "../x", "a b", 3, null, "v1", "\\u001b[2J"]}',
        {"Content-Type": "application/json"},
    )
    assert repository.tags() == ["v1"]


def test_connections_are_kept_and_used_again(registry: Double, repository: Repository) -> None:
    publish(repository, "v1.0.0", count=3)
    before = registry.connections
    for _ in range(5):
        repository.resolve("v1.0.0")
        repository.manifest("v1.0.0")
    assert registry.connections == before
    repository.blobs([Descriptor.of(*content) for content in files(3)])
    assert registry.connections <= before + 3
