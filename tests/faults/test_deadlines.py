"""Every wait has an end: whatever a server, a file or a variable of the environment does."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec import structs

from floe_engine.descriptor import Descriptor
from floe_engine.errors import Cancelled, ConfigurationError, RegistryError, RegistryUnreachable
from floe_engine.events import CancelToken
from floe_engine.registry import listing
from floe_engine.registry.client import Repository
from floe_engine.registry.credentials import Credential
from floe_engine.registry.reference import Reference
from floe_engine.registry.transport import Transport
from tests.cli import floe
from tests.faults.conftest import IMPATIENT
from tests.faults.double import Call, Double, Reply, as_json, problem
from tests.faults.wire import Say, for_ever, once, server

HURRIED = structs.replace(IMPATIENT, read_timeout=5, budget=0.5)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def threads_waiting() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "floe-waiting"]


@pytest.mark.parametrize(
    "say",
    [
        for_ever(HEAD + b"Content-Length: 1000000\r\n\r\n", b" "),
        for_ever(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        for_ever(HEAD, b"X"),
        for_ever(HEAD, b"X: y\r\n", pause=0.1),
        for_ever(b"", b"HTTP/1.1 100 Continue\r\n\r\n", pause=0.001),
        for_ever(b"", b"H", pause=0.1),
    ],
    ids=["body", "chunks", "header line", "header lines", "100 Continue", "status line"],
)
def test_an_answer_that_trickles_in_for_ever_is_given_up(say: Say) -> None:
    with server(say) as reference:
        repository = Repository(reference, settings=HURRIED)
        start = time.monotonic()
        with pytest.raises(RegistryUnreachable) as failure:
            repository.tags()
        assert time.monotonic() - start < 5
    assert "does not come to an end" in failure.value.title
    assert failure.value.exit_code == 3 and failure.value.hint


def test_whoever_listened_to_an_endless_answer_is_not_left_behind() -> None:
    with server(for_ever(b"", b"HTTP/1.1 100 Continue\r\n\r\n", pause=0.001)) as reference:
        with pytest.raises(RegistryUnreachable):
            Repository(reference, settings=HURRIED).tags()
        deadline = time.monotonic() + 5
        while threads_waiting() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not threads_waiting()


def test_an_answer_that_is_long_but_moves_is_read_to_its_end() -> None:
    """The end is a matter of pace: a big file over a slow line takes its time."""
    content = b"x" * 65536

    def say(send: Callable[[bytes], None]) -> None:
        send(b"HTTP/1.1 200 OK\r\nContent-Length: 65536\r\n\r\n")
        for start in range(0, len(content), 16384):
            send(content[start : start + 16384])
            time.sleep(0.3)

    with server(say) as reference:
        settings = structs.replace(HURRIED, slowest=10_000)
        start = time.monotonic()
        descriptor = Descriptor.of(content, "a/b")
        assert Repository(reference, settings=settings).blob(descriptor, len(content)) == content
    assert time.monotonic() - start > settings.budget


def test_a_list_that_goes_on_for_ever_ends_by_the_clock(registry: Double) -> None:
    def bend(call: Call) -> Reply:
        time.sleep(0.05)
        return as_json({"tags": []}, Link=f'<{call.path}?last={time.monotonic_ns()}>; rel="next"')

    registry.bend = bend
    repository = Repository(registry.reference(), settings=structs.replace(IMPATIENT, listing=0.5))
    start = time.monotonic()
    with pytest.raises(RegistryError, match="does not end") as failure:
        repository.tags()
    assert time.monotonic() - start < 5
    assert "pages there are more" in failure.value.message


def test_a_list_that_would_fill_the_memory_ends_by_its_size(
    registry: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "MAX_BYTES", 100_000)
    page = {"tags": [f"v1.0.{number}" for number in range(3000)]}
    registry.bend = lambda call: as_json(page, Link=f'<{call.path}?last={time.monotonic_ns()}>; rel="next"')
    with pytest.raises(RegistryError, match="does not end"):
        Repository(registry.reference(), settings=IMPATIENT).tags()
    assert len(registry.calls) < 10


@pytest.mark.parametrize("say", [for_ever(HEAD, b"X: y\r\n"), lambda send: time.sleep(5)])
def test_cancelling_is_answered_at_once_whatever_is_waited_for(say: Say) -> None:
    cancel = CancelToken()
    with server(say) as reference:
        repository = Repository(reference, cancel=cancel)
        threading.Timer(0.3, cancel.cancel).start()
        start = time.monotonic()
        with pytest.raises(Cancelled):
            repository.tags()
        assert time.monotonic() - start < 0.3 + 0.3


def test_cancelling_does_not_wait_for_a_credential_helper(registry: Double) -> None:
    class Slow:
        def lookup(self, registry: str, repository: str) -> Credential | None:
            time.sleep(5)
            return None

    registry.login = ("somebody", "s3cret")
    cancel = CancelToken()
    repository = Repository(registry.reference(), settings=Transport(credentials=Slow()), cancel=cancel)
    threading.Timer(0.3, cancel.cancel).start()
    start = time.monotonic()
    with pytest.raises(Cancelled):
        repository.tags()
    assert time.monotonic() - start < 0.3 + 0.3


# Answers that are none


@pytest.mark.parametrize(
    "after", ["Wed, 21 Oct 9999999999", "Fri, 31 Dec 9999 23:59:59 -1200", "-1", "1e999", "²"]
)
def test_a_retry_after_that_is_no_time_is_passed_over(registry: Double, after: str) -> None:
    registry.bend = lambda call: problem(
        503, "UNAVAILABLE", **{"Retry-After": after.encode().decode("latin-1")}
    )
    with pytest.raises(RegistryError, match="503"):
        Repository(registry.reference(), settings=IMPATIENT).tags()


@pytest.mark.parametrize("body", ["{}", '{"name": "x"}'])
def test_a_list_of_tags_without_tags_is_no_empty_list(registry: Double, body: str) -> None:
    registry.bend = lambda call: Reply(200, body.encode(), {"Content-Type": "application/json"})
    with pytest.raises(RegistryError, match="malformed"):
        Repository(registry.reference(), settings=IMPATIENT).tags()


def test_docker_registrys_word_for_no_tags_is_an_empty_list(registry: Double) -> None:
    registry.bend = lambda call: as_json({"name": "x", "tags": None})
    assert Repository(registry.reference(), settings=IMPATIENT).tags() == []


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (HEAD + b"Content-Length: 10\r\nContent-Length: 12\r\n\r\n{}", "headers contradict themselves"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "answers in TLS"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "broke off"),
        (b"", "broke off"),
    ],
)
def test_what_is_no_http_is_said_so(answer: bytes, words: str) -> None:
    with server(once(answer)) as reference, pytest.raises(RegistryUnreachable) as failure:
        Repository(reference, settings=IMPATIENT).tags()
    assert words in failure.value.message
    assert failure.value.hint


# The environment


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_junk(path: Path) -> None:
    path.write_text("no PEM")


def make_binary(path: Path) -> None:
    path.write_bytes(bytes(range(256)))


MAKERS: list[Callable[[Path], None]] = [make_pipe, make_junk, make_binary, lambda path: None]


@pytest.mark.parametrize("variable", ["FLOE_CA_FILE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_a_pipe_in_place_of_authorities_keeps_no_command_waiting(tmp_path: Path, variable: str) -> None:
    make_pipe(tmp_path / "ca.pem")
    env = {variable: str(tmp_path / "ca.pem")}
    ran = floe(tmp_path, "platform", "list", "--registry", "oci://registry.invalid/a", env=env, timeout=60)
    assert ran.code == 2, ran.err
    assert variable in ran.err and str(tmp_path / "ca.pem") in ran.err


@pytest.mark.parametrize("make", MAKERS, ids=["pipe", "junk", "binary", "absent"])
@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_authorities_that_cannot_be_read_are_named_with_their_variable(
    tmp_path: Path, variable: str, make: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path / "ca.pem")
    monkeypatch.setenv(variable, str(tmp_path / "ca.pem"))
    with pytest.raises(ConfigurationError, match="certificate authorities") as failure:
        Repository(Reference.parse("oci://registry.invalid/a"), settings=IMPATIENT).tags()
    assert variable in failure.value.message and failure.value.where == str(tmp_path / "ca.pem")


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
@pytest.mark.parametrize(
    "value", ["::::", "http://", "http://a:b:c", "ftp://127.0.0.1:1", "socks5h://127.0.0.1:1"]
)
def test_a_proxy_that_cannot_be_used_is_named_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError) as failure:
        Repository(Reference.parse("oci://registry.invalid/a"), settings=IMPATIENT).tags()
    assert variable in failure.value.title and failure.value.hint


def test_a_password_in_a_proxys_address_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "ftp://me:s3cret@127.0.0.1:1")
    with pytest.raises(ConfigurationError) as failure:
        Repository(Reference.parse("oci://registry.invalid/a"), settings=IMPATIENT).tags()
    assert "s3cret" not in f"{failure.value} {failure.value.hint}"


@pytest.mark.parametrize("arguments", [["platform", "list"], ["compile"]])
def test_a_deleted_working_directory_is_said_so(tmp_path: Path, arguments: list[str]) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    program = Path(sys.executable).with_name("floe")
    script = 'rmdir "$PWD"; exec "$0" "$@"'
    done = subprocess.run(
        ["sh", "-c", script, str(program), *arguments],
        cwd=gone,
        env={**os.environ, "FLOE_REGISTRY": "oci-layout:x"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "the working directory is gone" in done.stderr
