"""A lock that floe has not written so is refused with 5 by every command that goes by it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fuzz.faces import command

COMMANDS = (
    ("compile",),
    ("fix",),
    ("outdated",),
    ("upgrade",),
    ("upgrade", "--undo"),
    ("pin", "v1.2.0"),
    ("platform", "pull"),
    ("platform", "verify", "--offline"),
    ("platform", "diff", "v1.0.0", "v1.1.0"),
    ("platform", "doctor"),
)


def says(**changed: object) -> Callable[[bytes], bytes]:
    """The lock with other values in its platform section."""

    def change(data: bytes) -> bytes:
        document: dict[str, Any] = json.loads(data)
        document["platform"].update(changed)
        return json.dumps(document).encode()

    return change


def with_size(size: bytes) -> Callable[[bytes], bytes]:
    return lambda data: data.replace(b'"size": ', b'"size": %b, "was": ' % size, 1)


PEM = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"
ODD: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda data: b"",
    "torn": lambda data: data[:300],
    "a merge conflict": lambda data: b"<<<<<<< HEAD\n" + data,
    "not UTF-8": lambda data: b"\xff\xfe" + data,
    "a list": lambda data: b"[]",
    "nested without end": lambda data: b"[" * 100_000,
    "another version of it": lambda data: data.replace(b'"lockVersion": 1', b'"lockVersion": true'),
    "a key twice": lambda data: data.replace(b'"name"', b'"name": "x", "name"', 1),
    "a size beyond a double": with_size(b"1e999"),
    "a size of 5,000 digits": with_size(b"9" * 5000),
    "a size below nothing": with_size(b"-1"),
    "half a surrogate pair": lambda data: data.replace(b'"acme"', b'"\\ud800"'),
    "a tag that is no version": says(tag="../x"),
    "a version that is none": says(version="1.0"),
    "a constraint that is none": says(constraint=">="),
    "a reference that is none": says(reference="oci-layout:~nouser/x"),
    "a reference with a tag": says(reference="oci://localhost/x:v1.0.0"),
    "no day": says(pulled_at="2026-13-01T00:00:00Z"),
    "no files": says(files={}),
    "a revoked key that is none": says(revoked_keys=["x"]),
    "a rotation that is none": says(rotations=["x"]),
    "a trusted key that is a path": says(trusted_keys=["x"]),
    "a signer that nobody vouches for": says(signer={"identity": "me", "issuer": ""}),
    "a signer whose fingerprint is none": says(signer={"fingerprint": "x", "public_key": PEM}),
    "a delegation by nothing": says(
        delegated_by={"reference": "x", "name": "", "version": "", "digest": f"sha256:{'0' * 64}"}
    ),
}


@pytest.mark.parametrize("kind", ODD)
def test_a_lock_that_floe_has_not_written_so_is_refused_by_every_command(project: Path, kind: str) -> None:
    lock = project / ".floe/cache/artifacts.lock"
    odd = ODD[kind](lock.read_bytes())
    assert odd != lock.read_bytes()
    lock.write_bytes(odd)
    # A tag becomes a folder's name: that it leads elsewhere is no damage, it is somebody's doing.
    refused = 2 if kind == "a tag that is no version" else 5
    for arguments in COMMANDS:
        code, out, err = command(project, *arguments)
        assert (code, ".floe/cache/artifacts.lock" in out + err) == (refused, True), (
            f"{arguments}: {out}{err}"
        )
    assert lock.read_bytes() == odd


def test_a_key_that_only_looks_like_one_is_refused_where_it_is_used(project: Path) -> None:
    lock = project / ".floe/cache/artifacts.lock"
    signer = {"fingerprint": f"sha256:{'a' * 64}", "public_key": PEM}
    lock.write_bytes(says(signer=signer)(lock.read_bytes()))
    for arguments in (("compile",), ("upgrade",), ("pin", "v1.2.0"), ("platform", "verify", "--offline")):
        code, out, err = command(project, *arguments)
        assert (code, ".floe/cache/artifacts.lock" in err) == (5, True), f"{arguments}: {out}{err}"


def test_without_the_lock_the_way_out_that_the_refusal_names_works(project: Path) -> None:
    lock = project / ".floe/cache/artifacts.lock"
    lock.write_bytes(says(tag="x")(lock.read_bytes()))
    assert "delete it and run `floe platform pull --force`" in command(project, "compile")[2]
    lock.unlink()
    assert command(project, "platform", "pull", "--force")[0] == 0
    assert command(project, "compile")[0] == 0
