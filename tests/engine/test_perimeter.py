"""Who may touch the disk: `floe_engine.files`, which walks with `floe_engine.walk`, and nobody else."""

from __future__ import annotations

import ast
from collections.abc import Callable, Container, Iterator
from pathlib import Path

import floe_engine
import floe_tui

DOORS = {"floe_engine/files.py", "floe_engine/walk.py"}
ROOMS = [Path(package.__file__ or "").parent for package in (floe_engine, floe_tui)]

TOUCHING = {
    "write_text", "write_bytes", "unlink", "rmdir", "removedirs", "rmtree", "mkdir", "makedirs", "touch",
    "chmod", "lchmod", "chown", "symlink", "symlink_to", "hardlink_to", "link_to", "mkfifo", "mknod",
    "truncate", "utime", "renames", "copyfile", "copytree", "copy2", "copymode", "copystat",
}  # fmt: skip
"""Methods and functions that nothing else is called by."""

OTHERS = {"self.view.replace"}
"""Calls that look like it: a row in a list."""

READING = {
    "floe_engine/project/said.py": "a pipe of its own",
    "floe_engine/registry/layout_archive.py": "a layout that floe itself has just written",
    "floe_tui/places/start/demo.py": "the demo's files, which come with floe",
    "floe_tui/web/server.py": "the page's files, which come with floe and textual-serve",
}
"""Modules that read without bounds all the same, and what."""


def touches(tree: ast.AST) -> Iterator[ast.AST]:
    """Every expression that writes, removes, renames or makes something on a disk."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = {alias.name for alias in node.names} | {getattr(node, "module", None)}
            if "tempfile" in names:
                yield node
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        if isinstance(called, ast.Attribute) and called.attr in TOUCHING:
            # A file is truncated to a size; a line of the screen says how it is cut.
            if called.attr != "truncate" or not node.keywords:
                yield node
        elif isinstance(called, ast.Attribute) and called.attr in ("rename", "replace", "remove", "move"):
            owner = called.value.id if isinstance(called.value, ast.Name) else ""
            if ast.unparse(called) in OTHERS:
                continue
            # `Path.rename` and `Path.replace` take one name; those of texts, drafts and values do not.
            if owner in ("os", "shutil") or (
                called.attr in ("rename", "replace") and len(node.args) == 1 and not node.keywords
            ):
                yield node
        elif _opens(called) and _to_write(node):
            yield node


def reads(tree: ast.AST) -> Iterator[ast.AST]:
    """Every expression that reads a file without saying how much at most; those of packages are ours."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called, text = node.func, ast.unparse(node)
        if "files(" in text or "__file__" in text or "_SHIPPED" in text:
            continue
        if isinstance(called, ast.Attribute) and called.attr in ("read_text", "read_bytes"):
            if not text.startswith("operations."):  # dbt's own word, which a template may call
                yield node
        elif _opens(called) and any(
            isinstance(told, ast.Constant) and told.value in ("r", "rb") for told in node.args
        ):
            yield node


def _opens(called: ast.expr) -> bool:
    if isinstance(called, ast.Name):
        return called.id == "open"
    return isinstance(called, ast.Attribute) and called.attr == "open"


def _to_write(call: ast.Call) -> bool:
    if any(keyword.arg == "fileobj" for keyword in call.keywords):
        return False  # an archive in memory
    told = [*call.args, *(keyword.value for keyword in call.keywords)]
    if told and ast.unparse(told[0]) == "os.devnull":
        return False
    modes = {
        value.value
        for value in told
        if isinstance(value, ast.Constant) and isinstance(value.value, str) and len(value.value) <= 3
    }
    flags = ("O_WRONLY", "O_RDWR", "O_CREAT", "O_APPEND")
    return bool(set("wax+") & set("".join(modes))) or any(f in ast.unparse(v) for v in told for f in flags)


def found(what: Callable[[ast.AST], Iterator[ast.AST]], but: Container[str]) -> list[str]:
    """Where the code does something, in every module `but` some."""
    return [
        f"{name}:{node.lineno}: {ast.unparse(node)[:80]}"
        for room in ROOMS
        for file in sorted(room.rglob("*.py"))
        if (name := file.relative_to(room.parent).as_posix()) not in but
        for node in what(ast.parse(file.read_text()))
    ]


def test_nothing_goes_round_the_one_door_to_the_disk() -> None:
    assert found(touches, DOORS) == []


def test_nothing_is_read_without_bounds() -> None:
    """A clone may bring a link to /dev/zero, or to a pipe that nobody writes to."""
    assert found(reads, DOORS | READING.keys()) == []
    for name in READING:
        assert list(reads(ast.parse((ROOMS[0].parent / name).read_text()))), f"{name} needs no leave any more"


def test_the_test_of_the_door_sees_what_it_should() -> None:
    seen = [
        "import tempfile", "from tempfile import mkdtemp", "path.write_text('x')", "path.unlink()",
        "os.unlink(path)", "path.rename(other)", "path.replace(other)", "os.replace(a, b)",
        "shutil.rmtree(a)",
        "shutil.move(a, b)", "path.mkdir()", "path.open('w')", "open(path, 'ab')", "open(path, mode='x')",
        "os.open(path, os.O_WRONLY)", "path.touch()", "os.remove(path)",
    ]  # fmt: skip
    unseen = [
        "text.replace('a', 'b')", "draft.rename(path, guess)", "replace(value, a=1)", "path.open('rb')",
        "open(path)", "os.open(os.devnull, os.O_WRONLY)", "Workspace.open(directory)", "names.remove(name)",
    ]  # fmt: skip
    assert [line for line in seen if not list(touches(ast.parse(line)))] == []
    assert [line for line in unseen if list(touches(ast.parse(line)))] == []
    read = ["path.read_text()", "(directory / 'x').read_bytes()", "open(path, 'rb')", "path.open('r')"]
    assert [line for line in read if not list(reads(ast.parse(line)))] == []
    assert not list(reads(ast.parse("resources.files(__package__).joinpath('x').read_text()")))
