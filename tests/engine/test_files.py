"""The one way floe touches a disk."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from floe_engine.errors import Cancelled, ConfigurationError, FloeError
from floe_engine.events import CancelToken
from floe_engine.files import Directory, canonical_json, human_size, read_bounded, strict_json, write_file


def test_canonical_json_is_sorted_utf8_with_one_final_newline() -> None:
    assert canonical_json({"b": "é", "a": [1]}) == '{\n  "a": [\n    1\n  ],\n  "b": "é"\n}\n'.encode()


@pytest.mark.parametrize("text", ['{"a": 1, "a": 2}', "NaN", "[Infinity]", "[" * 100_000, '{"a"'])
def test_strict_json_refuses_what_two_parsers_might_read_differently(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        strict_json(text)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 KB"),
        (2136, "2.1 KB"),
        (999_960, "1.0 MB"),
        (3_000_000, "3.0 MB"),
    ],
)
def test_sizes_read_as_people_write_them(size: int, text: str) -> None:
    assert human_size(size) == text


def test_an_atomic_write_replaces_the_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file.json"
    write_file(path, b"one")
    write_file(path, b"two", mode=0o600)
    assert path.read_bytes() == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["file.json"]


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"in the way")
    with pytest.raises(FloeError, match="cannot write"):
        write_file(tmp_path / "file" / "below", b"x")
    assert (tmp_path / "file").read_bytes() == b"in the way"


def test_reading_says_what_is_wrong_with_the_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="key not found"):
        read_bounded(tmp_path / "absent", 10, what="key")
    with pytest.raises(ConfigurationError, match="key is a directory"):
        read_bounded(tmp_path, 10, what="key")
    (tmp_path / "large").write_bytes(b"x" * 11)
    with pytest.raises(ConfigurationError, match="larger than 10 B"):
        read_bounded(tmp_path / "large", 10, what="key")
    with pytest.raises(ConfigurationError, match="not a regular file"):
        read_bounded(Path(os.devnull), 10, what="key")


def test_a_second_holder_waits_for_the_lock_and_can_be_cancelled(tmp_path: Path) -> None:
    directory = Directory(tmp_path)
    with directory.lock("lock"):
        with pytest.raises(FloeError, match="another floe process"), directory.lock("lock", timeout=0.05):
            pass
        token = CancelToken()
        token.cancel()
        with pytest.raises(Cancelled), directory.lock("lock", cancel=token):
            pass
    with directory.lock("lock", timeout=0.05):
        pass
