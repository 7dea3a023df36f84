"""Facts that the static reader found before: told again while all inputs are the same, and never else."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest

from floe_engine.errors import FloeError
from floe_engine.project import dbt_source, recalled, said
from floe_engine.project.facts import Project
from floe_engine.project.reading import read_project
from tests.engine.project.projects import write_generated_project

MODELS = 12


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(recalled, "FEWEST", 0)
    return write_generated_project(tmp_path / "project", models=MODELS, seed=1)


@pytest.fixture
def entries(project: Path) -> Path:
    """Where entries lie, in a home of this test's own."""
    return Path(os.environ["XDG_CACHE_HOME"]) / "floe" / "facts"


class Reader:
    """Reads the project, and counts how often files were read for it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.times = 0

    def __call__(self, **variables: Any) -> Project:
        return read_project(self.directory, reader="static", variables=variables)


@pytest.fixture
def read(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    reader, read_source = Reader(project), dbt_source.read_source

    def counted(*arguments: Any, **options: Any) -> Project:
        reader.times += 1
        return read_source(*arguments, **options)

    monkeypatch.setattr(dbt_source, "read_source", counted)
    yield reader


def facts(found: Project) -> tuple[object, ...]:
    return (
        found.name,
        found.models,
        found.sources,
        found.exposures,
        found.macros,
        found.semantic_models,
        found.unit_tests,
        found.groups,
        found.warnings,
        found.reason,
    )


def test_the_same_project_is_read_once_and_says_the_same(read: Reader) -> None:
    assert facts(read()) == facts(read())
    assert read.times == 1


def test_what_is_recalled_reads_sql_as_what_was_read(read: Reader) -> None:
    text = "select * from {{ ref('a') }}"
    first, second = read().templates, read().templates
    assert first is not None
    assert second is not None
    assert first.calls(text) == second.calls(text)


def _same_size(project: Path) -> None:
    path = next((project / "models").rglob("*.sql"))
    status = path.stat()
    path.write_bytes(path.read_bytes()[:-2] + b"x\n")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def _described_otherwise(project: Path) -> None:
    path = next((project / "models").rglob("*.yml"))
    text = path.read_text()
    path.write_text(text.replace("name: ", "name: x", 1))


def _setting(project: Path) -> None:
    path = project / "dbt_project.yml"
    path.write_text(path.read_text() + "\nvars: {a: 1}\n")


def _macro(project: Path) -> None:
    (project / "macros").mkdir()
    (project / "macros" / "m.sql").write_text("{% macro m() %}{{ ref('a') }}{% endmacro %}")


def _package(project: Path) -> None:
    package = project / "dbt_packages" / "p"
    (package / "macros").mkdir(parents=True)
    (package / "dbt_project.yml").write_text("name: p\n")
    (package / "macros" / "m.sql").write_text("{% macro m() %}1{% endmacro %}")


def _moved(project: Path) -> None:
    path = next((project / "models").rglob("*.sql"))
    path.rename(path.with_name(f"other_{path.name}"))


@pytest.mark.parametrize("change", [_same_size, _described_otherwise, _setting, _macro, _package, _moved])
def test_a_project_that_changed_is_read_again(
    read: Reader, project: Path, change: Callable[[Path], None]
) -> None:
    read()
    change(project)
    changed = read()
    assert read.times == 2
    assert facts(read()) == facts(changed) == facts(read()) == facts(read())
    assert read.times <= 3, "a project that lies between two edits is kept when it is asked for again"


def test_other_variables_are_another_project(read: Reader) -> None:
    read()
    read(a=1)
    assert read.times == 2


def test_the_environment_counts_where_a_file_asks_for_it(
    read: Reader, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read()
    monkeypatch.setenv("DBT_LAYER", "one")
    read()
    assert read.times == 1
    (project / "models" / "asks.sql").write_text("{{ config(schema=env_var('DBT_LAYER')) }} select 1")
    schemas = []
    for value in ("one", "two", "two", "two"):
        monkeypatch.setenv("DBT_LAYER", value)
        [asks] = (model for model in read().models if model.name == "asks")
        schemas.append(asks.schema)
    assert schemas == ["one", "two", "two", "two"]
    assert read.times == 4


def _sealed(path: Path, content: bytes) -> bytes:
    return recalled._seal(path.name, content) + content


_NONSENSE: list[Any] = [7, ({}, [1, "x"]), ({"a": {}}, []), ({}, [[]], [], []), ({"a": {}}, [1], 2)]


def _with_nonsense_said(path: Path) -> bytes:
    kept = msgspec.msgpack.decode(path.read_bytes()[32:])
    if "by_digest" not in kept:
        return b""
    nonsense = [b"", b"\xc1", *map(msgspec.msgpack.encode, _NONSENSE)]
    replaced = {key: nonsense[number % len(nonsense)] for number, key in enumerate(kept["by_digest"])}
    return _sealed(path, msgspec.msgpack.encode({"by_digest": replaced}))


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: b"",
        lambda path: path.read_bytes()[:-1],
        lambda path: path.read_bytes().replace(b"id", b"ib", 1),
        lambda path: path.read_bytes() + b"\0",
        lambda path: _sealed(path, b"\xc1"),
        lambda path: _sealed(path, msgspec.msgpack.encode({"models": 1})),
        lambda path: recalled._seal("0" * 64, path.read_bytes()[32:]) + path.read_bytes()[32:],
        _with_nonsense_said,
    ],
    ids=[
        "empty",
        "cut",
        "altered",
        "longer",
        "no msgpack",
        "another shape",
        "of another project",
        "nonsense",
    ],
)
def test_a_damaged_or_foreign_entry_is_never_believed(
    read: Reader, entries: Path, damage: Callable[[Path], bytes]
) -> None:
    first = read()
    whole, single = entries.iterdir()
    for entry in (whole, single):
        entry.write_bytes(damage(entry))
    assert facts(read()) == facts(first)
    assert read.times == 2
    assert facts(read()) == facts(first)  # it was replaced
    assert read.times == 2


def _read_files(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The text of each file that is read from here on, rather than recalled."""
    texts: list[str] = []
    say = said.say

    def noted(text: said.Text, *others: Any) -> Any:
        texts.append(text[0])
        return say(text, *others)

    monkeypatch.setattr(said, "say", noted)
    return texts


@pytest.mark.parametrize(("suffix", "line"), [("sql", "-- new\n"), ("yml", "# new\n")])
def test_where_one_file_changed_one_is_read(
    read: Reader, project: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, line: str
) -> None:
    read()
    path = next((project / "models").rglob(f"*.{suffix}"))
    path.write_text(path.read_text() + line)
    texts = _read_files(monkeypatch)
    changed = read()
    assert texts == [path.read_text()]
    monkeypatch.setenv("FLOE_NO_CACHE", "1")
    assert facts(changed) == facts(read())


def test_where_no_call_changed_nothing_is_made_anew(
    read: Reader, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = read()
    path = next((project / "models").rglob("*.sql"))
    path.write_text(f"{path.read_text()}-- new\n")
    changed = read()
    assert read.times == 1
    [model] = (model for model in changed.models if model.path == path.relative_to(project).as_posix())
    assert model.code.endswith("-- new\n")
    assert facts(changed) != facts(before)
    monkeypatch.setenv("FLOE_NO_CACHE", "1")
    assert facts(changed) == facts(read())


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("tests/generic/odd.sql", "{% test odd(model) %}{{ config(severity='%s') }}{% endtest %}", "warn"),
        ("models/model.py", "def model(dbt, session):\n    return dbt.ref('bronze_model_%s')\n", "1"),
        ("snapshots/s.sql", "{%% snapshot s %%}{{ config(tags='%s') }} select 1{%% endsnapshot %%}", "b"),
    ],
)
def test_a_file_that_is_more_than_it_says_counts_by_its_bytes(
    read: Reader, project: Path, monkeypatch: pytest.MonkeyPatch, path: str, before: str, after: str
) -> None:
    (file := project / path).parent.mkdir(parents=True, exist_ok=True)
    described = next((project / "models").rglob("*.yml"))
    described.write_text(described.read_text().replace("not_null", "odd"))
    for value in ("0", after):
        file.write_text(before.replace("%s", value).replace("%%", "%"))
        found = read()
    assert read.times == 2
    monkeypatch.setenv("FLOE_NO_CACHE", "1")
    assert facts(found) == facts(read())


def test_a_file_that_cannot_say_it_is_tried_once(
    read: Reader, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "models" / "broken.yml").write_text("models: [")
    first = read()
    texts = _read_files(monkeypatch)
    assert facts(read()) == facts(first)
    assert (texts, read.times) == ([], 1)


@pytest.mark.parametrize("change", [_setting, _macro, _package])
def test_what_all_files_are_read_with_is_part_of_what_each_says(
    read: Reader, project: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None]
) -> None:
    texts = _read_files(monkeypatch)
    read()
    files = len(texts)
    change(project)
    read()
    assert len(texts) == 2 * files


def test_only_variables_that_are_asked_for_count(
    read: Reader, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "models" / "asks.sql").write_text("{{ config(schema=env_var('DBT_A', 'unset')) }} select 1")
    for name, value, times in (
        ("DBT_B", "1", 1),
        ("DBT_B", "2", 1),
        ("DBT_A", "unset", 1),  # the file asks anew, and says the same
        ("DBT_A", "2", 2),
    ):
        monkeypatch.setenv(name, value)
        [asks] = (model for model in read().models if model.name == "asks")
        assert (asks.schema, read.times) == (os.environ.get("DBT_A", "unset"), times)
    # Nobody can tell which one this asks for.
    (project / "models" / "asks.sql").write_text("{{ config(schema=env_var('DBT_' ~ 'A')) }} select 1")
    read()
    monkeypatch.setenv("B", "3")
    read()
    assert read.times == 4


def test_a_variable_of_the_project_can_ask_the_environment(
    read: Reader, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = project / "dbt_project.yml"
    path.write_text(path.read_text() + "\nvars: {layer: \"{{ env_var('DBT_LAYER') }}\"}\n")
    (project / "models" / "asks.sql").write_text("{{ config(schema=var('layer')) }} select 1")
    for times, value in enumerate(("one", "two"), 1):
        monkeypatch.setenv("DBT_LAYER", value)
        read()
        assert read.times == times


def test_two_that_read_at_once_keep_the_same(read: Reader, entries: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        one, other = (pool.submit(read) for _ in range(2))
    assert facts(one.result()) == facts(other.result()) == facts(read())
    assert read.times in (1, 2), "the second may begin when the first has kept what it found"
    assert len(list(entries.iterdir())) == 2


def test_it_can_be_switched_off(read: Reader, entries: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOE_NO_CACHE", "1")
    read()
    read()
    assert read.times == 2
    assert not entries.exists()


def test_a_cache_that_others_may_write_to_or_that_a_clone_brings_is_not_used(
    read: Reader, entries: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read()
    entries.chmod(0o777)
    read()
    assert read.times == 2
    monkeypatch.setenv("XDG_CACHE_HOME", str(project / "cache"))
    read()
    assert read.times == 3
    assert not (project / "cache").exists()


def test_facts_that_would_not_come_back_the_same_are_not_kept(
    read: Reader, entries: Path, project: Path
) -> None:
    (project / "models" / "dated.sql").write_text("select 1")
    (project / "models" / "dated.yml").write_text(
        "models:\n  - {name: dated, meta: {since: 2024-01-01}, description: d}\n"
    )
    assert facts(read()) == facts(read())
    assert read.times == 2
    assert len(list(entries.iterdir())) == 1  # what each file says, but that one


def test_what_changes_meanwhile_is_read_the_next_time(
    read: Reader, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = dbt_source.read_source

    def changed_meanwhile(*arguments: Any, **options: Any) -> Project:
        _same_size(project)
        return counted(*arguments, **options)

    monkeypatch.setattr(dbt_source, "read_source", changed_meanwhile)
    before = read()
    monkeypatch.setattr(dbt_source, "read_source", counted)
    after = read()
    assert read.times == 2
    assert facts(after) != facts(before)


def test_a_small_project_is_not_kept(read: Reader, entries: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recalled, "FEWEST", 1_000)
    read()
    assert not entries.exists()


def test_few_entries_are_kept(
    read: Reader, entries: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recalled, "MOST", 2)
    for number in range(4):
        read(a=number)
    assert len(list(entries.iterdir())) == 2
    read(a=3)
    assert read.times == 4
    monkeypatch.setattr(recalled, "LARGEST", 10)
    read(a=9)
    assert len(list(entries.iterdir())) == 2  # too large to be kept at all


@pytest.mark.parametrize("obstacle", ["a loop", "a file", "a pipe for an entry", "a link for an entry"])
def test_whatever_stands_where_facts_are_kept_costs_time_and_no_more(
    project: Path, entries: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, obstacle: str
) -> None:
    whole = read_project(project).models
    both = list(entries.iterdir())
    assert len(both) == 2
    home = tmp_path / "other"
    match obstacle:
        case "a loop":
            home.symlink_to(home)
            monkeypatch.setenv("XDG_CACHE_HOME", str(home))
        case "a file":
            home.touch()
            monkeypatch.setenv("XDG_CACHE_HOME", str(home))
        case "a pipe for an entry":
            for entry in both:
                entry.unlink()
                os.mkfifo(entry)
        case "a link for an entry":
            home.write_text("somebody else's")
            for entry in both:
                entry.unlink()
                entry.symlink_to(home)
    assert read_project(project).models == whole
    assert not home.is_file() or home.read_text() in ("", "somebody else's")


def test_every_field_of_a_project_is_kept_or_is_made_again() -> None:
    made_again = {
        "name", "directory", "adapter", "reader", "reason", "templates", "folder_configs", "catalog",
        "manifest",
    }  # fmt: skip
    assert {*recalled._Facts.__struct_fields__} | made_again == {*Project.__struct_fields__}


@pytest.mark.parametrize("collecting", [True, False])
def test_the_collector_is_as_it_was_when_a_project_is_read_or_refused(
    project: Path, tmp_path: Path, collecting: bool
) -> None:
    before = gc.isenabled()
    try:
        (gc.enable if collecting else gc.disable)()
        read_project(project)
        assert gc.isenabled() is collecting
        with pytest.raises(FloeError):
            read_project(tmp_path / "nothing")
        assert gc.isenabled() is collecting
    finally:
        (gc.enable if before else gc.disable)()
