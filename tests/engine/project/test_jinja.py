"""What is read from Jinja without running it, and what is left to dbt."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from floe_engine.project.jinja import (
    Ref,
    SourceRef,
    Unknown,
    Values,
    parent_of,
    python_calls,
    snapshots,
    sql_calls,
    uncommented,
)

VALUES = Values({"on": True, "off": False, "layer": "gold", "days": 3}, {"STAGE": "prod"})


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("var('layer')", "gold"),
        ("var('nothing', 'else')", "else"),
        ("var('nothing', {'a': [1, none]})", {"a": [1, None]}),
        ("env_var('STAGE')", "prod"),
        ("env_var('PORT', '5432') | as_number", 5432),
        ("env_var('FLAG', 'True') | as_bool", True),
        ("var('on') and not var('off')", True),
        ("env_var('STAGE') == 'prod'", True),
        ("var('layer') in ['gold', 'silver']", True),
        ("'a' if var('off') else 'b'", "b"),
        ("-1", -1),
    ],
)
def test_plain_expressions_have_their_value(expression: str, value: object) -> None:
    assert VALUES.evaluate(expression) == value


@pytest.mark.parametrize(
    "expression",
    [
        "target.name == 'prod'",
        "var('nothing')",
        "env_var('NOTHING')",
        "run_query('select 1')",
        "var(layer)",
        "'a' ~ 'b'",
        "x" * 5_000,
        "(" * 500,
        "[" * 90 + "]" * 90,
        "9" * 5_000,
        "1 if",
        "'x' | as_bool",
        "{[]: 1}",
    ],
)
def test_what_only_dbt_could_tell_is_unknown(expression: str) -> None:
    values = Values({"layer": "gold"}, {})
    try:
        found = values.evaluate(expression)
    except Unknown:
        return
    assert expression.startswith("[["), f"{expression} gave {found!r}"


def test_a_whole_string_keeps_the_type_and_a_part_becomes_text() -> None:
    assert VALUES.render("{{ var('days') }}") == 3
    assert VALUES.render("last_{{ var('days') }}_days") == "last_3_days"
    assert VALUES.render("{{ var('nothing', {'a': {'b': 1}}) }}") == {"a": {"b": 1}}
    assert VALUES.render("{plain: braces}") == "{plain: braces}"
    assert VALUES.render_or_keep("{{ doc('x') }}") == "{{ doc('x') }}"


def test_config_ref_and_source_are_read_in_any_spelling() -> None:
    calls = sql_calls(
        """
{{- config(
    materialized="table", tags = ['a', "b"],  meta={'k': {'deep': true}}, enabled=var('off')
) -}}
select * from {{ref("one")}} join {{ ref('pkg', 'two') }} join {{ builtins.ref('three', v=2) }}
join {{ source( 'raw' , 'orders' ) }} where day > {{ var('x', "ref('not_me')") }}
{% set other = ref('four') %}
""",
        VALUES,
    )
    assert calls.config == {
        "materialized": "table",
        "tags": ["a", "b"],
        "meta": {"k": {"deep": True}},
        "enabled": False,
    }
    assert calls.parents[:4] == [
        Ref("one"),
        Ref("two", "pkg"),
        Ref("three", version="2"),
        SourceRef("raw", "orders"),
    ]
    assert calls.parents[-1] == Ref("four")


def test_comments_and_raw_blocks_say_nothing_to_dbt() -> None:
    sql = "{# {{ ref('a') }}\n#}{% raw %}{{ ref('b') }}{% endraw %}{{ ref('c') }}"
    plain = uncommented(sql)
    assert sql_calls(plain, VALUES).parents == [Ref("c")]
    assert len(plain) == len(sql) and plain.count("\n") == 1


def test_sql_outside_jinja_says_nothing_to_dbt() -> None:
    assert sql_calls("select ref('a'), source('b', 'c') from t", VALUES).parents == []


def test_computed_calls_are_noted_with_their_line() -> None:
    calls = sql_calls("select 1\nfrom {{ ref(name) }}\n{{ config(enabled=target.name == 'x') }}", VALUES)
    assert calls.parents == []
    assert calls.unknown == [("ref()", 2), ("config(enabled=…)", 3)]


def test_two_config_calls_add_their_tags() -> None:
    calls = sql_calls("{{ config(tags='a', schema='x') }}{{ config(tags=['b'], schema='y') }}", VALUES)
    assert calls.config == {"tags": ["a", "b"], "schema": "y"}


def test_python_models_are_read_by_their_syntax() -> None:
    calls = python_calls(
        "# dbt.ref('comment')\ndef model(dbt, session):\n"
        "    dbt.config(materialized='table', enabled=False)\n"
        "    return dbt.ref('a').join(dbt.source('raw', 'b')).join(dbt.ref(name))\n",
        VALUES,
    )
    assert calls.config == {"materialized": "table", "enabled": False}
    assert set(calls.parents) == {Ref("a"), SourceRef("raw", "b")}
    assert calls.unknown == [("dbt.ref()", 4)]


def test_python_that_is_none_is_a_syntax_error() -> None:
    with pytest.raises(SyntaxError):
        python_calls("def model(:\n", VALUES)
    with pytest.raises(SyntaxError):
        python_calls("x = '\0'", VALUES)


def test_exposures_name_their_parents_as_text() -> None:
    assert parent_of("ref('a', version=1)", VALUES) == Ref("a", version="1")
    assert parent_of("source('raw', 'b')", VALUES) == SourceRef("raw", "b")
    for text in ("a", "config(x=1)", "ref(a)", "source('raw')"):
        with pytest.raises(Unknown):
            parent_of(text, VALUES)


@given(st.text("{}%#-()[]'\"\\ ,=\nrefconigaw", max_size=80))
def test_any_text_is_read_to_its_end(text: str) -> None:
    calls = sql_calls(uncommented(text), VALUES)
    assert len(uncommented(text)) == len(text)
    assert all(1 <= line <= text.count("\n") + 1 for _, line in calls.unknown)
    assert VALUES.render_or_keep(text) is not None or "{{" in text


@pytest.mark.parametrize(
    "text", ["{#", "{% raw %}", "{{ ref(", "{{ '\\'", "{{ config(", "{{ {", "{% snapshot a %}"]
)
def test_text_that_opens_again_and_again_takes_linear_time(text: str) -> None:
    started = time.perf_counter()
    many = text * (300_000 // len(text))
    list(snapshots(many))
    sql_calls(uncommented(many), VALUES)
    assert time.perf_counter() - started < 10
