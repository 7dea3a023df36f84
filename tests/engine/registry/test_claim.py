"""Of several that publish one version at the same moment at most one is told that it has."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from floe_engine.descriptor import OCI_MANIFEST, Descriptor, Manifest
from floe_engine.errors import FloeError, RegistryError, VersionExists
from floe_engine.registry import claim as claiming
from floe_engine.registry.claim import claim
from floe_engine.registry.client import Repository
from floe_engine.registry.reference import Reference
from floe_engine.registry.transport import Transport
from tests.engine.registry.artifacts import files, manifest_of
from tests.faults.double import Call, Double, Reply, double, problem
from tests.registries import DockerRegistry

TAG = "v1.2.3"


def content(repository: Repository, mark: str) -> Manifest:
    """Other content for every mark, pushed by its digest."""
    raw = manifest_of(repository.push_blobs(files(1, mark)))
    repository.push_manifest(raw)
    return Manifest.parse(raw, OCI_MANIFEST)


def publishers(reference, count: int, settings: Transport | None = None):  # type: ignore[no-untyped-def]
    opened = [Repository(reference, settings=settings, push=True) for _ in range(count)]
    return [(repository, content(repository, str(number))) for number, repository in enumerate(opened)]


def race(contenders: list[tuple[Repository, Manifest]], tag: str) -> list[FloeError | None]:
    """What became of each; None: it has published."""
    gun = threading.Barrier(len(contenders))

    def run(contender: tuple[Repository, Manifest]) -> FloeError | None:
        gun.wait()
        try:
            claim(*contender, tag)
        except FloeError as error:
            return error
        return None

    with ThreadPoolExecutor(len(contenders)) as pool:
        return list(pool.map(run, contenders))


@pytest.fixture
def server() -> Iterator[Double]:
    with double() as running:
        yield running


@pytest.mark.interop
def test_of_sixteen_publishers_on_a_real_registry_at_most_one_wins_and_its_content_stays(
    docker_registry: DockerRegistry,
) -> None:
    contenders = publishers(docker_registry.reference(), 16)
    for number in range(3):
        tag = f"v1.{number}.0"
        outcomes = race(contenders, tag)
        winners = [
            manifest for (_, manifest), outcome in zip(contenders, outcomes, strict=True) if not outcome
        ]
        found = contenders[0][0].resolve(tag)
        assert found is not None
        assert len(winners) <= 1
        assert [winner.digest for winner in winners] in ([], [found.digest])
        for outcome in outcomes:
            assert outcome is None or (isinstance(outcome, VersionExists) and outcome.exit_code == 1)


def test_however_slow_each_step_is_no_two_win(server: Double, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claiming, "_SETTLED", 0.15)
    monkeypatch.setattr(claiming, "_PROMPT", 0.03)
    dice = random.Random(7)

    def bend(call: Call) -> Reply | None:
        if "/manifests/" in call.path:
            time.sleep(dice.choice([0, 0, 0.005, 0.02, 0.06]))
        return None

    contenders = publishers(server.reference(), 3)
    server.bend = bend
    won = 0
    for number in range(30):
        tag = f"v1.{number}.0"
        winners = [
            manifest.digest
            for (_, manifest), outcome in zip(contenders, race(contenders, tag), strict=True)
            if outcome is None
        ]
        assert len(winners) <= 1
        won += len(winners)
    assert won > 0


def test_one_that_was_held_before_it_wrote_is_not_told_that_it_has_won(server: Double) -> None:
    """The first look saw no tag; the write comes long after somebody else has published."""
    (late, ours), (prompt, theirs) = publishers(server.reference(), 2)
    held = threading.Event()

    def bend(call: Call) -> Reply | None:
        if call.method == "PUT" and call.path.endswith(TAG) and call.body == ours.raw:
            held.wait(20)
        return None

    server.bend = bend
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(race, [(late, ours)], TAG)
        while not server.asked("PUT", TAG):
            time.sleep(0.01)
        claim(prompt, theirs, TAG)
        held.set()
        (outcome,) = slow.result()
    assert isinstance(outcome, VersionExists)
    assert outcome.hint


class Held(Repository):
    """A publisher that is stopped before it writes one tag, until it is let go.

    `name` is the tag's end; `reached` says that it has come so far.
    """

    name = TAG

    def __init__(self, reference: Reference) -> None:
        super().__init__(reference, push=True)
        self.reached, self.go = threading.Event(), threading.Event()

    def push_manifest(
        self, raw: bytes, media_type: str = OCI_MANIFEST, *, tag: str | None = None, new: bool = False
    ) -> Descriptor:
        if tag is not None and tag.endswith(self.name):
            self.reached.set()
            assert self.go.wait(20)
        return super().push_manifest(raw, media_type, tag=tag, new=new)


@pytest.mark.interop
def test_a_publisher_held_before_its_write_gives_the_tag_back_to_who_has_won(
    docker_registry: DockerRegistry,
) -> None:
    reference = docker_registry.reference("held/before")
    late, prompt = Held(reference), Repository(reference, push=True)
    ours, theirs = content(late, "late"), content(prompt, "prompt")
    before = late.requests
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(race, [(late, ours)], TAG)
        assert late.reached.wait(20)
        claim(prompt, theirs, TAG)
        time.sleep(claiming._PROMPT)
        late.go.set()
        (outcome,) = slow.result()
    assert isinstance(outcome, VersionExists)
    assert theirs.digest in outcome.message and ours.digest in outcome.message
    assert late.requests - before == 7  # and it waits for nobody once it knows
    found = prompt.resolve(TAG)
    assert found is not None and found.digest == theirs.digest


@pytest.mark.interop
def test_a_winner_held_before_it_is_on_record_takes_its_tag_back(
    docker_registry: DockerRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claiming, "_SETTLED", 0.2)
    reference = docker_registry.reference("held/after")
    late, winner = Held(reference), Held(reference)
    winner.name = ".claim"
    ours, theirs = content(late, "late"), content(winner, "winner")
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(race, [(late, ours)], TAG)
        assert late.reached.wait(20)
        won = pool.submit(race, [(winner, theirs)], TAG)
        assert winner.reached.wait(20)
        late.go.set()
        (lost,) = slow.result()
        moved = late.resolve(TAG)
        winner.go.set()
        assert won.result() == [None]
    assert isinstance(lost, VersionExists)
    assert moved is not None and moved.digest == ours.digest  # nobody could know better then
    found = late.resolve(TAG)
    assert found is not None and found.digest == theirs.digest


def test_a_registry_that_names_ever_another_winner_keeps_nobody(
    server: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = Repository(server.reference(), push=True)
    others = [content(repository, str(number)) for number in range(20)]
    ours = content(repository, "ours")
    named = itertools.cycle(others)

    def bend(call: Call) -> Reply | None:
        if call.method == "HEAD" and call.path.endswith(".claim"):
            found = next(named)
            headers = {"Docker-Content-Digest": found.digest, "Content-Length": str(len(found.raw))}
            return Reply(headers={**headers, "Content-Type": OCI_MANIFEST})
        return None

    server.bend = bend
    flag = claiming._flag(TAG)
    with pytest.raises(VersionExists):
        claiming._give_back(repository, ours, TAG, flag)
    assert len(server.asked("HEAD", ".claim")) == claiming._ROUNDS


def test_a_tag_that_was_deleted_names_what_is_published_next(server: Double) -> None:
    (first, theirs), (second, ours) = publishers(server.reference(), 2)
    claim(first, theirs, TAG)
    del server.tags[TAG]
    claim(second, ours, TAG)
    assert [digest for tag, digest in server.tags.items() if tag.endswith(".claim")] == [ours.digest]
    assert server.tags[TAG] == ours.digest


@pytest.mark.parametrize("status", [400, 403, 405, 409])
def test_a_registry_that_takes_no_other_tag_is_published_to_all_the_same(server: Double, status: int) -> None:
    ((repository, manifest),) = publishers(server.reference(), 1)

    def bend(call: Call) -> Reply | None:
        recorded = call.method == "PUT" and call.path.endswith(".claim")
        return problem(status, "TAG_IMMUTABLE") if recorded else None

    server.bend = bend
    claim(repository, manifest, TAG)
    assert server.tags == {TAG: manifest.digest}


def test_alone_a_publisher_takes_seven_requests_and_no_waiting(server: Double) -> None:
    ((repository, manifest),) = publishers(server.reference(), 1)
    before, start = repository.requests, time.monotonic()
    claim(repository, manifest, TAG)
    assert repository.requests - before == 7
    assert time.monotonic() - start < 1.5
    assert server.tags[TAG] == manifest.digest
    claim(repository, manifest, TAG)
    assert repository.requests - before == 8


def test_the_tag_is_looked_at_while_the_rest_goes_up_and_written_after_it(server: Double) -> None:
    ((repository, manifest),) = publishers(server.reference(), 1)

    def upload() -> None:
        end = time.monotonic() + 20
        while not server.asked("HEAD", TAG):
            assert time.monotonic() < end
            time.sleep(0.01)
        time.sleep(0.05)
        assert not server.asked("PUT", TAG)

    repository.claim(manifest.raw, TAG, meanwhile=upload)
    assert len(server.asked("PUT", TAG)) == 1
    assert server.tags[TAG] == manifest.digest


def test_what_fails_meanwhile_leaves_no_tag(server: Double) -> None:
    ((repository, manifest),) = publishers(server.reference(), 1)

    def upload() -> None:
        raise RegistryError("a blob is refused")

    with pytest.raises(RegistryError, match="refused"):
        repository.claim(manifest.raw, TAG, meanwhile=upload)
    assert not server.asked("PUT", TAG)


def test_a_registry_that_writes_conditionally_tells_the_loser_at_once(server: Double) -> None:
    (first, theirs), (second, ours) = publishers(server.reference(), 2)

    def bend(call: Call) -> Reply | None:
        if call.method != "PUT" or not call.path.endswith(TAG):
            return None
        assert call.headers["if-none-match"] == "*"
        server.tags.setdefault(TAG, theirs.digest)  # somebody was a moment faster
        return problem(412, "PRECONDITION_FAILED")

    server.bend = bend
    with pytest.raises(VersionExists, match="first") as lost:
        claim(second, ours, TAG)
    assert theirs.digest in lost.value.message and ours.digest in lost.value.message
    assert server.tags[TAG] == theirs.digest
    claim(first, theirs, TAG)  # whose own answer was lost on the way has published all the same


def test_a_tag_written_between_the_look_and_the_write_is_found_out_and_named(server: Double) -> None:
    (_, theirs), (repository, ours) = publishers(server.reference(), 2)

    def bend(call: Call) -> Reply | None:
        if call.method == "HEAD" and "/manifests/sha256:" in call.path:  # after the tag was written
            server.tags[TAG] = theirs.digest
        return None

    server.bend = bend
    with pytest.raises(VersionExists) as lost:
        claim(repository, ours, TAG)
    assert theirs.digest in lost.value.message
    assert server.tags[TAG] == theirs.digest


def test_a_registry_that_drops_the_tag_is_an_error(server: Double) -> None:
    ((repository, manifest),) = publishers(server.reference(), 1)

    def bend(call: Call) -> Reply | None:
        dropped = call.method == "PUT" and call.path.endswith(TAG)
        return Reply(201, headers={"Docker-Content-Digest": manifest.digest}) if dropped else None

    server.bend = bend
    with pytest.raises(RegistryError, match="does not keep it") as failure:
        claim(repository, manifest, TAG)
    assert failure.value.exit_code == 3 and not isinstance(failure.value, VersionExists)


@pytest.mark.parametrize("status", [400, 403, 404, 405, 415])
def test_a_registry_that_takes_no_flag_is_given_time_instead(
    server: Double, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setattr(claiming, "_SETTLED", 0.3)
    ((repository, manifest),) = publishers(server.reference(), 1)

    def flagged(call: Call) -> bool:
        return call.method == "PUT" and "/manifests/sha256:" in call.path

    server.bend = lambda call: problem(status, "MANIFEST_INVALID") if flagged(call) else None
    start = time.monotonic()
    claim(repository, manifest, TAG)
    assert time.monotonic() - start >= 0.3
    assert server.tags[TAG] == manifest.digest
