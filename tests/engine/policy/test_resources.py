"""What cannot be known of a resource is told once, is no pass, and hides nothing that is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msgspec.structs import replace

from floe_engine.policy.evaluate import evaluate
from floe_engine.project.facts import Column, Macro, Model, Project, Source, Unread
from tests.engine.policy.samples import platform

MODELS = tuple(
    Model(f"model.shop.m{n}", f"m{n}", f"models/m{n}.sql", description=text, code=code, checksum="x")
    for n, (text, code) in enumerate((("{{ doc('a') }}", ""), ("short", ""), ("{{ doc('b') }}", "select 1;")))
)
PROJECT = Project("shop", Path(), MODELS, reader="static")


def told(project: Project, rule: str, **settings: Any) -> list[tuple[str, str]]:
    asking = platform(**{f"governance__{section}": said for section, said in settings.items()})
    found = evaluate(asking, project, select=[rule]).findings
    return sorted((each.subject, each.message) for each in found)


def test_the_words_of_a_doc_block_are_dbts_to_tell() -> None:
    asked = {"descriptions": {"model": 10}}
    assert told(PROJECT, "FLOE-E300", documentation=asked) == [
        ("m1", "the description of m1 has 5 of 10 characters"),
        ("shop", "m0 and 1 other were not judged: only dbt could tell the words of a doc block"),
    ]
    assert told(PROJECT, "FLOE-E300", documentation={"descriptions": {"model": 1}}) == [], "it is one"
    evaluation = evaluate(platform(governance__documentation=asked), PROJECT, select=["FLOE-E300"])
    assert {label for _, label in evaluation.checked} == {"m1", "shop"}


def test_a_model_without_its_code_is_not_judged_and_the_others_are() -> None:
    assert told(PROJECT, "FLOE-E352", code={"forbid": ["final_semicolon"]}) == [
        ("m2", "m2 ends with a semicolon"),
        ("shop", "m0 and 1 other were not judged: the manifest has no code of it"),
    ]


def test_one_subject_that_is_not_judged_is_named_itself() -> None:
    macro = Macro(
        "macro.shop.cents", "cents", path="macros/cents.sql", code="{% macro cents() %}{% endmacro %}"
    )
    project = replace(PROJECT, macros=(macro,))
    assert told(project, "FLOE-E360", macros={"require": ["used"]}) == [
        ("macro:cents", "macro:cents was not judged: only dbt could tell what calls it")
    ]


def test_a_source_that_is_surely_used_needs_no_word_of_dbt() -> None:
    """A model that only dbt can follow might read the other one."""
    sources = tuple(Source(f"source.shop.raw.{name}", "raw", name) for name in ("a", "b"))
    hidden = replace(
        MODELS[0], parents=("source.shop.raw.a",), unread=Unread("macro m()", "models/m0.sql", 1)
    )
    project = replace(PROJECT, models=(hidden,), sources=sources)
    ((subject, message),) = told(project, "FLOE-E313", sources={"require": ["used"]})
    assert (subject, message.partition(":")[0]) == ("raw.b", "raw.b was not judged")


def test_a_column_of_the_table_is_asked_for_in_any_case() -> None:
    source = Source("source.shop.raw.a", "raw", "a", columns=(Column("id"),), table_columns=("ID", "email"))
    project = replace(PROJECT, sources=(source,))
    assert told(project, "FLOE-E304", documentation={"complete_columns": ["source"]}) == [
        ("raw.a", "raw.a has email, which nothing declares")
    ]
