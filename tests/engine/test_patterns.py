"""Expressions that are compiled when they are first used, floe's own and a library's."""

from __future__ import annotations

import re
import subprocess
import sys
import threading

from floe_engine.patterns import compiled_on_use, pattern


def test_a_pattern_is_as_good_as_one_that_was_compiled_at_once() -> None:
    words = pattern(r"(?P<first>\w+) (\w+)", re.IGNORECASE)
    assert words.fullmatch("some words") is not None
    assert words.pattern == r"(?P<first>\w+) (\w+)"
    assert words.groupindex == {"first": 1}


def test_only_what_the_thread_itself_compiles_meanwhile_waits() -> None:
    compiled: list[object] = []
    compile_now, compiled_before = re.compile, re.compile("x")
    with compiled_on_use():
        other = threading.Thread(target=lambda: compiled.append(re.compile("x+")))
        other.start()
        other.join()
        own = re.compile("y+")
        asked_at_once = re.compile("a|b").match
        of_bytes = re.compile(b"z+")
        again = re.compile(compiled_before)
    assert re.compile is compile_now
    assert asked_at_once("b") is not None
    assert type(compiled[0]) is re.Pattern
    assert not isinstance(own, re.Pattern)
    assert again is compiled_before
    assert of_bytes.sub(b"", b"xyz") == b"xy"
    assert own.sub("", "xyyz") == "xz"


def test_threads_that_import_at_once_leave_the_interpreter_as_it_was() -> None:
    compile_now, together = re.compile, threading.Barrier(2)
    first_out = threading.Event()
    kinds: list[type] = []

    def first() -> None:
        with compiled_on_use():
            together.wait(10)
        first_out.set()

    def second() -> None:
        with compiled_on_use():
            together.wait(10)
            assert first_out.wait(10)
            kinds.append(type(re.compile("of the second")))

    threads = [threading.Thread(target=work) for work in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert re.compile is compile_now
    assert kinds and kinds[0] is not re.Pattern


def test_whoever_else_uses_pyyaml_finds_it_whole() -> None:
    code = (
        "import floe_engine.document, floe_engine.document.document, copy, re, yaml\n"
        "expression = yaml.reader.Reader.NON_PRINTABLE\n"
        "assert not isinstance(expression, re.Pattern)\n"
        "assert yaml.load('[1, 2024-01-01, yes, 0x1f, 1.5e+3]', yaml.SafeLoader) == yaml.load(\n"
        "    '[1, 2024-01-01, yes, 0x1f, 1.5e+3]', yaml.CSafeLoader)\n"
        "try:\n"
        "    yaml.load('a: \\x07', yaml.SafeLoader)\n"
        "except yaml.reader.ReaderError:\n"
        "    copy.deepcopy(yaml.SafeLoader.yaml_implicit_resolvers)\n"
        "    print('well')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "well\n"
