"""What single files say, read by one process or by several: the same facts, whatever happens to one."""

from __future__ import annotations

import os
import signal
import threading
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from floe_engine.project import recalled, said
from floe_engine.project.dbt_yaml import Lined, load
from floe_engine.project.facts import Project
from floe_engine.project.jinja.calls import Calls
from floe_engine.project.jinja.templates import Templates
from floe_engine.project.reading import read_project
from tests.engine.project.projects import TRICKY

BROKEN = {
    "macros/broken.sql": "{% macro broken() %}{{ ref('a' }}{% endmacro %}",
    "models/calls_broken.sql": "select * from {{ broken() }}",
    "models/calls_it_too.sql": "select 1 from {{ broken() }}",
    "models/no_yaml.yml": "models: [",
    "models/dated.yml": "models: [{name: calls_broken, meta: {since: 2024-01-01}}]",
    "models/no_text.sql": "",
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every trick and every fault of a project."""
    for name, text in {**TRICKY, **BROKEN}.items():
        path = tmp_path / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "project/models/no_text.sql").write_bytes(b"\xff")
    monkeypatch.setenv("FLOE_NO_CACHE", "1")
    return tmp_path / "project"


def facts(project: Path) -> list[Any]:
    found = read_project(project, reader="static")
    return [getattr(found, name) for name in Project.__struct_fields__ if name != "templates"]


@pytest.fixture
def plain(project: Path) -> list[Any]:
    """The facts as one process reads them, file after file."""
    return facts(project)


@pytest.fixture
def processors(plain: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Three processors, for however few files, and no thread left that an earlier test began."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(timeout=20)
    monkeypatch.setattr(recalled, "FEWEST", 0)
    monkeypatch.setattr(said, "TOGETHER", 0)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 1, 2})


@pytest.fixture
def copies(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The processes that are begun."""
    begun: list[int] = []
    fork = os.fork

    def noted() -> int:
        begun.append(process := fork())
        return process

    monkeypatch.setattr(os, "fork", noted)
    return begun


@pytest.mark.usefixtures("processors")
def test_several_processes_find_what_one_finds(project: Path, plain: list[Any], copies: list[int]) -> None:
    assert facts(project) == plain
    assert len(copies) == 2
    for process in copies:
        with pytest.raises(ChildProcessError):  # none is left
            os.waitpid(process, 0)


@pytest.mark.usefixtures("processors")
def test_what_is_kept_of_several_is_told_again(
    project: Path, plain: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FLOE_NO_CACHE")
    for text in ("", "-- one\n", "-- another\n"):
        (project / "models" / "old.sql").write_text(text)
        monkeypatch.delenv("FLOE_NO_CACHE", raising=False)
        recalled_now = facts(project)
        monkeypatch.setenv("FLOE_NO_CACHE", "1")
        assert recalled_now == facts(project)


@pytest.mark.usefixtures("processors")
@pytest.mark.parametrize("end", [lambda: os.kill(os.getpid(), signal.SIGKILL), lambda: 1 / 0])
def test_the_files_of_a_process_that_ends_half_way_are_read_by_the_first(
    project: Path, plain: list[Any], monkeypatch: pytest.MonkeyPatch, end: Any
) -> None:
    first, say, done = os.getpid(), said.say, []

    def ends(*arguments: Any) -> Any:
        done.append(arguments)
        if os.getpid() != first and len(done) > 2:
            end()
        return say(*arguments)

    monkeypatch.setattr(said, "say", ends)
    assert facts(project) == plain


@pytest.mark.usefixtures("processors")
def test_where_no_process_is_to_be_had_the_first_reads_all(
    project: Path, plain: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused() -> int:
        raise BlockingIOError

    monkeypatch.setattr(os, "fork", refused)
    assert facts(project) == plain


@pytest.mark.usefixtures("processors")
def test_one_processor_begins_no_other_process(
    project: Path, plain: list[Any], copies: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0})
    assert facts(project) == plain
    assert copies == []


@pytest.mark.usefixtures("processors")
def test_beside_another_thread_no_process_is_copied(
    project: Path, plain: list[Any], copies: list[int]
) -> None:
    end = threading.Event()
    thread = threading.Thread(target=end.wait)
    thread.start()
    try:
        assert facts(project) == plain
    finally:
        end.set()
        thread.join()
    assert copies == []


def _told(text: str) -> Any:
    told = said.say((text, True), Templates())
    return None if told is None else said.heard_document(told[0])


@pytest.mark.parametrize(
    "text",
    [
        "{a: 1, b: 1.0, c: true, d: ~, e: [x, {f: 1}], 1: x, true: y, 1.5: z}",
        "[]",
        "x",
        "",
        "{a: {}, b: [[]]}",
    ],
)
def test_a_document_comes_back_type_by_type(text: str) -> None:
    assert repr(_told(text)) == repr(load(text))


def test_every_mapping_keeps_its_line() -> None:
    told = _told("models:\n  - name: a\n    columns:\n      - name: b\n  - {name: c}\n")

    def lines(value: Any) -> list[int]:
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        own = [value.line] if isinstance(value, Lined) else []
        return own + [line for item in inner for line in lines(item)]

    assert lines(told) == [1, 2, 4, 5]


_BOMB = "- &a [x, x, x, x, x, x, x, x]\n" + "".join(
    f"- &{name} [*{of}, *{of}, *{of}, *{of}, *{of}, *{of}, *{of}]\n" for of, name in pairwise("abcdefghi")
)


def test_calls_come_back_with_every_field() -> None:
    text = (
        "{{ config(meta={'a': [1, none]}, enabled=target.name == 'x', tags='t') }}{{ config(**target.more) }}"
        "{{ ref('a') }} {{ ref('p', 'b', v=2) }} {{ source('s', 't') }} {{ ref(target.name) }}"
    )
    calls = Templates().calls(text)
    assert all(getattr(calls, name) for name in Calls.__struct_fields__)  # a new field is to be shown here
    told = said.say((text, False), Templates())
    assert told is not None
    assert said.heard_calls(told[0]) == calls


@pytest.mark.parametrize(
    "text",
    [
        "a: 2024-01-01",
        "a: !!binary aGk=",
        f"a: {10**30}",
        "2024-01-01: a",
        "[<<]",
        "{",
        _BOMB,
    ],
    ids=["date", "bytes", "huge", "date as key", "merge", "broken", "aliases of aliases"],
)
def test_what_has_no_exact_bytes_is_not_kept(text: str) -> None:
    assert _told(text) is None
