"""A directory and what may be touched below it: no link is followed, and no swap is fast enough."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from floe_engine import walk
from floe_engine.errors import ConfigurationError, FloeError, StorageError, UnsafePath, UsageError
from floe_engine.files import Directory, scratch, write_file

Act = Callable[[Directory, str], object]

ACTS: dict[str, Act] = {
    "read": lambda directory, name: directory.read(name, 100),
    "write": lambda directory, name: directory.write(name, b"floe"),
    "write a tree": lambda directory, name: directory.write_tree(name, {"a/b.json": b"floe"}),
    "remove": lambda directory, name: directory.remove(name),
    "remove a tree": lambda directory, name: directory.remove_tree(name),
    "list": lambda directory, name: directory.names(name),
    "lock": lambda directory, name: directory.lock(name).__enter__(),
}
"""Everything that may be done to a name."""


@pytest.fixture(params=[True, False], ids=["by descriptor", "as on Windows"])
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Both ways to walk; the second looks at each component by its path."""
    monkeypatch.setattr(walk, "BY_DESCRIPTOR", request.param)
    return bool(request.param)


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A directory that is not ours, with a file and a folder in it."""
    folder = tmp_path / "outside"
    (folder / "inner").mkdir(parents=True)
    (folder / "file").write_bytes(b"theirs")
    (folder / "inner" / "file").write_bytes(b"theirs")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else b""
        for path in sorted(folder.rglob("*"))
    }


def here(tmp_path: Path) -> Directory:
    (tmp_path / "project").mkdir(exist_ok=True)
    return Directory(tmp_path / "project")


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
@pytest.mark.parametrize(
    "name", ["../outside/file", "/etc/floe", "a/../../outside/file", "..", "a\0b", "\ud800"]
)
def test_a_name_that_leads_out_by_its_own_words_is_refused(
    tmp_path: Path, outside: Path, act: Act, name: str
) -> None:
    before = contents(outside)
    with pytest.raises(UnsafePath):
        act(here(tmp_path), name)
    assert contents(outside) == before


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
@pytest.mark.parametrize(
    "name", ["link", "link/file", "link/inner", "link/new", "link/inner/file", "deep/link/file"]
)
def test_a_link_below_it_is_never_followed(
    system: bool, tmp_path: Path, outside: Path, act: Act, name: str
) -> None:
    directory = here(tmp_path)
    (directory.root / "link").symlink_to(outside)
    (directory.root / "deep").mkdir()
    (directory.root / "deep" / "link").symlink_to(outside, target_is_directory=True)
    before = contents(outside)
    with pytest.raises(UnsafePath, match="symbolic link") as caught:
        act(directory, name)
    assert caught.value.where.endswith("link")  # the component, not the whole path
    assert str(outside) in caught.value.message
    assert contents(outside) == before


@pytest.mark.parametrize("target", ["nowhere", "self", "../outside/file", "real"])
@pytest.mark.parametrize("act", ["read", "write", "remove", "lock"])
def test_a_file_that_is_a_link_is_refused_wherever_it_leads(
    system: bool, tmp_path: Path, outside: Path, act: str, target: str
) -> None:
    directory = here(tmp_path)
    (directory.root / "real").write_bytes(b"mine")
    (directory.root / "self").symlink_to(target)
    with pytest.raises(UnsafePath, match="symbolic link") as caught:
        ACTS[act](directory, "self")
    assert f"leads to {target}" in caught.value.message
    assert (directory.root / "self").is_symlink()
    assert (directory.root / "real").read_bytes() == b"mine"
    assert (outside / "file").read_bytes() == b"theirs"


@pytest.mark.parametrize("act", ["read", "write", "remove", "lock"])
def test_what_is_no_regular_file_is_named_and_left_alone(system: bool, tmp_path: Path, act: str) -> None:
    directory = here(tmp_path)
    os.mkfifo(directory.root / "pipe")
    (directory.root / "folder").mkdir()
    for name, kind in (("pipe", "a pipe"), ("folder", "a directory")):
        with pytest.raises(UnsafePath, match=kind):
            ACTS[act](directory, name)
    assert stat.S_ISFIFO((directory.root / "pipe").lstat().st_mode)


def test_a_device_is_written_to_by_nobody() -> None:
    with pytest.raises(UnsafePath, match="a device"):
        write_file(Path(os.devnull), b"x")


def test_the_directory_itself_may_be_reached_by_links(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    Directory(tmp_path / "link").write("a/file", b"x")
    write_file(tmp_path / "link" / "b" / "file", b"y")
    assert contents(tmp_path / "real") == {"a": b"", "a/file": b"x", "b": b"", "b/file": b"y"}


def test_a_file_that_the_user_names_in_the_project_is_walked_to_from_there(
    tmp_path: Path, outside: Path
) -> None:
    project = here(tmp_path).root
    (project / "reports").symlink_to(outside)
    with pytest.raises(UnsafePath, match="symbolic link"):
        write_file(project / "reports" / "baseline.json", b"x", project=project)
    write_file(outside / "baseline.json", b"x", project=project)
    assert (outside / "baseline.json").read_bytes() == b"x"


@pytest.mark.parametrize("name", ["-", "folder/-"])
def test_a_dash_is_no_name_of_a_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="name of a file"):
        write_file(tmp_path / name, b"x")
    assert list(tmp_path.iterdir()) == []


def test_an_old_file_keeps_its_mode_and_a_new_one_that_of_its_user(tmp_path: Path) -> None:
    directory = here(tmp_path)
    before = os.umask(0o027)
    try:
        directory.write("new", b"x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((directory.root / "new").stat().st_mode) == 0o640
    (directory.root / "new").chmod(0o755)
    directory.write("new", b"y")
    assert stat.S_IMODE((directory.root / "new").stat().st_mode) == 0o755


def test_a_tree_is_replaced_whole(system: bool, tmp_path: Path) -> None:
    directory = here(tmp_path)
    directory.write_tree("platform/v1", {"a.json": b"1", "b/c.json": b"2"})
    directory.write_tree("platform/v1", {"d.json": b"3"})
    assert contents(directory.root / "platform") == {"v1": b"", "v1/d.json": b"3"}
    assert directory.remove_tree("platform")
    assert not directory.remove_tree("platform")
    assert directory.names() == ()


def test_removing_a_tree_removes_links_and_not_what_they_lead_to(tmp_path: Path, outside: Path) -> None:
    directory = here(tmp_path)
    directory.write("platform/v1/a.json", b"1")
    (directory.root / "platform" / "v1" / "link").symlink_to(outside)
    before = contents(outside)
    assert directory.remove_tree("platform")
    assert contents(outside) == before


def test_what_a_killed_writer_left_goes_with_the_next_write_and_what_a_living_one_holds_stays(
    tmp_path: Path,
) -> None:
    directory = here(tmp_path)
    dead = [directory.root / f".floe-{number:016x}.tmp" for number in range(3)]
    dead[0].write_bytes(b"half")
    (dead[1] / "new").mkdir(parents=True)
    dead[2].symlink_to(tmp_path)  # not ours
    theirs = directory.root / ".floe-mine.tmp"
    theirs.write_bytes(b"a name that floe does not give")
    with contextlib.ExitStack() as opened:
        level = walk.Level.at(directory.root, opened)
        assert level is not None
        living, _ = opened.enter_context(level.temporary_file(0o600))
        directory.write("file", b"x")
        assert set(directory.names()) == {"file", living, dead[2].name, theirs.name}


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    directory = here(tmp_path)
    directory.write("file", b"old")

    def full(*arguments: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, failing, full)
    with pytest.raises(StorageError, match="cannot write"):
        directory.write("file", b"new")
    monkeypatch.undo()
    assert contents(directory.root) == {"file": b"old"}


def test_a_scratch_directory_is_gone_afterwards_and_so_is_a_dead_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    (tmp_path / ".floe-00000000deadbeef.tmp" / "layout").mkdir(parents=True)
    with scratch() as place:
        assert [entry.name for entry in tmp_path.iterdir()] == [place.name]
        with scratch() as other:
            assert place.is_dir()
            assert other != place
    assert list(tmp_path.iterdir()) == []


# --- whoever is fast ---------------------------------------------------------------------------


@pytest.mark.parametrize("act", ["write", "write a tree", "remove", "remove a tree", "read"])
def test_whoever_swaps_a_component_meanwhile_gains_nothing(tmp_path: Path, act: str) -> None:
    directory, target = here(tmp_path), tmp_path / "outside"
    target.mkdir()
    (target / "file").write_bytes(b"theirs")
    (target / "tree").mkdir()
    (target / "tree" / "file").write_bytes(b"theirs")
    swapped, real, link = directory.root / "way", directory.root / "real", directory.root / "link"
    real.mkdir()
    link.symlink_to(target)
    before, done = contents(target), threading.Event()
    name = "way/tree" if "tree" in act else "way/file"
    seen: set[object] = set()

    def swap() -> None:
        while not done.is_set():
            for one in (real, link):
                with contextlib.suppress(OSError):  # the writer made a directory in its place
                    one.rename(swapped)
                with contextlib.suppress(OSError):
                    swapped.rename(one)
                shutil.rmtree(swapped, ignore_errors=True)

    swapper = threading.Thread(target=swap)
    swapper.start()
    try:
        for _ in range(1000):
            try:
                seen.add(ACTS[act](directory, name))
            except FloeError:
                seen.add("refused")
    finally:
        done.set()
        swapper.join()
    assert contents(target) == before
    assert b"theirs" not in seen


@settings(max_examples=80)
@given(
    steps=st.lists(
        st.sampled_from(["a", "b", "link", "loop", "pipe", "..", ".", "", "file", "nowhere", "é", "a b"]),
        min_size=1,
        max_size=5,
    ),
    act=st.sampled_from(sorted(ACTS)),
)
def test_whatever_the_name_nothing_outside_changes(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str], act: str
) -> None:
    base = tmp_path_factory.mktemp("any")
    outside, project = base / "outside", base / "project"
    for folder in (outside / "a", project / "a" / "b"):
        folder.mkdir(parents=True)
    (outside / "file").write_bytes(b"theirs")
    for place in (project, project / "a"):
        (place / "link").symlink_to(outside)
        (place / "loop").symlink_to("loop")
        (place / "nowhere").symlink_to(outside / "new")
        os.mkfifo(place / "pipe")
        (place / "file").write_bytes(b"mine")
    before = contents(outside)
    try:
        ACTS[act](Directory(project), "/".join(steps))
    except FloeError as error:
        assert isinstance(error, ConfigurationError | StorageError)
        assert error.exit_code == 2
    assert contents(outside) == before
