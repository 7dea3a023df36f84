"""What is read from Jinja without running it, and what is left to dbt."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from floe_engine.project.jinja.calls import Calls, Gap, Ref, SourceRef, Unreadable
from floe_engine.project.jinja.macros import Macros
from floe_engine.project.jinja.reading import TooMuch
from floe_engine.project.jinja.syntax import BrokenTemplate
from floe_engine.project.jinja.templates import Templates, python_calls

VARIABLES = {"on": True, "off": False, "layer": "gold", "days": 3, "text": " True "}
TEMPLATES = Templates(VARIABLES, {"STAGE": "prod"})


def with_macros(text: str, **packages: str) -> Templates:
    """Templates of the project ``shop``, which has the macros of `text`, and of installed packages."""
    files = {"shop": lambda: [("macros/all.sql", text)]}
    for name, content in packages.items():
        files[name] = lambda content=content, name=name: [(f"dbt_packages/{name}/macros/m.sql", content)]
    return Templates(VARIABLES, {"STAGE": "prod"}, Macros("shop", files, adapter="duckdb"))


def parents(text: str, templates: Templates = TEMPLATES) -> list[Ref | SourceRef]:
    calls = templates.calls(text)
    assert calls.gaps == []
    return calls.parents


# --- values ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("var('layer')", "gold"),
        ("var('nothing', 'else')", "else"),
        ("var('nothing', {'a': [1, none]})", {"a": [1, None]}),
        ("env_var('STAGE')", "prod"),
        ("env_var('PORT', '5432') | as_number", 5432),
        ("env_var('FLAG', 'True') | as_bool", True),
        ("var('text') | trim | as_bool", True),
        ("var('off', False)\n    | as_bool", False),
        ("var('on') and not var('off')", True),
        ("var('off') and target.name == 'x'", False),
        ("target.name == 'x' or var('on')", True),
        ("env_var('STAGE') == 'prod'", True),
        ("var('layer') in ['gold', 'silver']", True),
        ("'a' if var('off') else 'b'", "b"),
        ("-1", "-1"),
        ("'a' ~ 'b' ~ 1", "ab1"),
        ("['b', 'a'] | sort | join('-')", "a-b"),
        ("'Gold_Layer'.lower().split('_')[1]", "layer"),
        ("{'a': 1}.get('a')", 1),
        ("range(3) | list", [0, 1, 2]),
        ("[{'n': 'a'}, {'n': 'b'}] | groupby('n') | map('first') | list", ["a", "b"]),
        ("([{'n': 'a'}] | groupby('n') | first).grouper", "a"),
        ("['a', 'b', 'c'] | batch(2) | list", "[['a', 'b'], ['c']]"),
        ("(['a', 'b'] + var('more', ['c'])) | batch(2) | list", [["a", "b"], ["c"]]),
        ("'a' | center(3) ~ 'b' | indent(2, true)", " a   b"),
        ("{'a': 1} | tojson", '{"a": 1}'),
        ("nothing is defined", False),
        ("nothing | default('x')", "x"),
        ("execute", False),
    ],
)
def test_an_expression_that_needs_no_dbt_has_its_value(expression: str, value: object) -> None:
    assert TEMPLATES.render(f"{{{{ {expression} }}}}") == value


@pytest.mark.parametrize(
    "text",
    [
        "{{ ref('a').include(database=false) }}",
        "{{ context['ref']('a') }}",
        "{{ context.get('named')('a') }}",
        "{% call set_sql_header(config) %}select 1 from {{ ref('a') }}{% endcall %}",
        "{% for name, _ in [{'n': 'a'}] | groupby('n') %}{{ ref(name) }}{% endfor %}",
    ],
)
def test_what_is_named_in_a_roundabout_way_is_a_parent(text: str) -> None:
    templates = with_macros("{% macro named(name) %}{{ return(ref(name)) }}{% endmacro %}")
    assert parents(text, templates) == [Ref("a")]


@pytest.mark.parametrize(
    "expression",
    [
        "target.name == 'prod'",
        "var('nothing')",
        "env_var('NOTHING')",
        "graph.nodes",
        "var(layer)",
        "(" * 500,
        "9" * 5_000,
        "1 if",
        "'x' | as_bool",
        "{[]: 1}",
        "{}['a']",
        "'x'.__class__.__mro__",
        "[1] | map(attribute='__class__') | list",
        "'a' | attr('__class__')",
    ],
)
def test_what_only_dbt_could_tell_is_not_guessed(expression: str) -> None:
    with pytest.raises(Unreadable):
        TEMPLATES.render(f"{{{{ {expression} }}}}")


def test_a_whole_string_keeps_the_type_and_a_part_becomes_text() -> None:
    assert TEMPLATES.render("{{ var('days') }}") == 3
    assert TEMPLATES.render("last_{{ var('days') }}_days") == "last_3_days"
    assert TEMPLATES.render("{{ var('nothing', {'a': {'b': 1}}) }}") == {"a": {"b": 1}}
    assert TEMPLATES.render("{plain: braces}") == "{plain: braces}"
    assert TEMPLATES.render("{% if var('on') %}a{% else %}b{% endif %}") == "a"
    assert TEMPLATES.render_or_keep("{{ doc('x') }}") == "{{ doc('x') }}"


# --- config, ref, source -----------------------------------------------------------------------


def test_config_ref_and_source_are_read_in_any_spelling() -> None:
    calls = TEMPLATES.calls(
        """
{{- config(
    materialized="table", tags = ['a', "b"],  meta={'k': {'deep': true}}, enabled=var('off')
) -}}
select * from {{ref("one")}} join {{ ref('pkg', 'two') }} join {{ builtins.ref('three', v=2) }}
join {{ source( 'raw' , 'orders' ) }} where day > {{ var('x', "ref('not_me')") }}
{% set other = ref('four') %}
"""
    )
    assert calls.config == {
        "materialized": "table",
        "tags": ["a", "b"],
        "meta": {"k": {"deep": True}},
        "enabled": False,
    }
    assert calls.parents == [
        Ref("one"),
        Ref("two", "pkg"),
        Ref("three", version="2"),
        SourceRef("raw", "orders"),
        Ref("four"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "{# {{ ref('a') }}\n#} select 1",
        "{% raw %}{{ ref('a') }}{% endraw %}",
        "select ref('a'), source('b', 'c') from t",
        "{{ \"ref('ghost')\" }}",
        "{% if execute %}{{ ref('a') }}{% endif %}",
        "{%+ if is_incremental() %}{{ ref('a') }}{% endif %}",
        "{% if var('off') %}{{ ref('a') }}{% endif %}",
        "{% call statement('x') %}select * from {{ ref('a') }}{% endcall %}",
        "{% for name in [] %}{{ ref('a') }}{% endfor %}",
        "{% macro own() %}{{ ref('a') }}{% endmacro %}",
    ],
)
def test_what_dbt_does_not_reach_while_it_parses_is_no_parent(text: str) -> None:
    assert parents(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "{% for name in ['a', 'b'] %}{{ ref(name) }}{% endfor %}",
        "{%- set names = ['a'] -%}{% do names.append('b') %}{% for n in names %}{{ ref(n) }}{% endfor %}",
        "{% set space = namespace(name='a') %}{{ ref(space.name) }}{% set space.name = 'b' %}"
        "{{ ref(space.name) }}",
        "{{ ref('a' if var('on') else 'c') }}{{ ref(['a', 'b'] | last) }}",
        "{{ dbt_utils.union_relations(relations=[ref('a'), ref('b')]) }}",
        "{% set sql %}{{ ref('a') }}{% endset %}{{ ref('b') }}",
        "{{ ref('a') if var('on') }}{% filter upper %}{{ ref('b') }}{% endfilter %}",
        "-- depends_on: {{ ref('a') }}\n{% if execute %}{{ ref('b') }}{% endif %}-- {{ ref('b') }}",
    ],
)
def test_parents_are_found_through_whatever_makes_their_names(text: str) -> None:
    assert set(parents(text)) == {Ref("a"), Ref("b")}


def test_computed_calls_are_noted_with_their_line() -> None:
    calls = TEMPLATES.calls("select 1\nfrom {{ ref(name) }}\n{{ config(enabled=target.name == 'x') }}")
    assert calls.parents == []
    assert calls.gaps == [Gap("ref()", 2, parents=True), Gap("config(enabled=…)", 3)]


def test_a_config_that_may_not_be_taken_is_noted_and_not_taken() -> None:
    calls = TEMPLATES.calls("{% if target.name == 'x' %}{{ config(materialized='table', x=1) }}{% endif %}")
    assert calls == Calls(gaps=[Gap("config(materialized=…)", 1)], unread={"materialized", "x"})


def test_two_config_calls_add_their_tags() -> None:
    calls = TEMPLATES.calls("{{ config(tags='a', schema='x') }}{{ config(tags=['b'], schema='y') }}")
    assert calls.config == {"tags": ["a", "b"], "schema": "y"}


def test_text_that_is_no_jinja_is_a_gap_at_its_line() -> None:
    calls = TEMPLATES.calls("select 1\n{% if %}\n{{ ref('a') }}")
    assert [(gap.line, gap.parents) for gap in calls.gaps] == [(2, True)]


# --- macros ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("macros", "model"),
    [
        ("{% macro src() %}{{ source('crm', 'people') }}{% endmacro %}", "{{ src() }}"),
        ("{%- macro src(t) -%}{{ source('crm', t) }}{%- endmacro -%}", "{{ src('people') }}"),
        ("{% macro src(s='crm', t='x') %}{{ source(s, t) }}{% endmacro %}", "{{ src(t='people') }}"),
        (
            "{% macro src() %}{{ return(source('crm', 'people')) }}{% endmacro %}",
            "{% set s = src() %}{{ s }}",
        ),
        ("{% macro src() %}{{ source(*varargs) }}{% endmacro %}", "{{ src('crm', 'people') }}"),
        (
            "{% macro src() %}{{ source(kwargs.s, kwargs['t']) }}{% endmacro %}",
            "{{ src(s='crm', t='people') }}",
        ),
        ("{% macro src(r) %}{{ r }}{% endmacro %}", "{{ src(source('crm', 'people')) }}"),
        (
            "{% macro a(t) %}{{ b(t ~ 'ple') }}{% endmacro %}"
            "{% macro b(t) %}{{ source('crm', t) }}{% endmacro %}",
            "{{ a('peo') }}",
        ),
        (
            "{% macro wrap() %}({{ caller() }}){% endmacro %}",
            "{% call wrap() %}{{ source('crm', 'people') }}{% endcall %}",
        ),
        (
            "{% macro src() %}{{ adapter.dispatch('src', 'shop')() }}{% endmacro %}"
            "{% macro default__src() %}{{ ref('wrong') }}{% endmacro %}"
            "{% macro duckdb__src() %}{{ source('crm', 'people') }}{% endmacro %}",
            "{{ src() }}",
        ),
        (
            "{% macro ref(name) %}{{ return(builtins.source('crm', name)) }}{% endmacro %}",
            "{{ ref('people') }}",
        ),
    ],
)
def test_macros_of_the_project_are_followed(macros: str, model: str) -> None:
    assert parents(model, with_macros(macros)) == [SourceRef("crm", "people")]


def test_a_macro_can_configure_the_model_that_calls_it() -> None:
    calls = with_macros("{% macro big() %}{{ config(materialized='table') }}{% endmacro %}").calls(
        "{{ big() }}"
    )
    assert calls.config == {"materialized": "table"}


def test_macros_of_an_installed_package_are_followed() -> None:
    templates = with_macros("", crm="{% macro people() %}{{ inner() }}{% endmacro %}"
                            "{% macro inner() %}{{ source('crm', 'people') }}{% endmacro %}")  # fmt: skip
    assert parents("{{ crm.people() }}", templates) == [SourceRef("crm", "people")]


def test_a_macro_that_nobody_has_is_a_gap_and_one_of_an_absent_package_is_none() -> None:
    templates = with_macros("{% macro a() %}\n\n{{ nowhere() }}{% endmacro %}")
    assert templates.calls("{{ a() }}").gaps == [Gap("macro nowhere()", 3, "macros/all.sql", parents=True)]
    assert templates.calls("{{ dbt_utils.star(ref('x')) }}") == Calls(parents=[Ref("x")])
    assert (
        templates.calls("{{ dbt.type_string() }}{{ dateadd('day', 1, 'x') }}{{ current_timestamp() }}").gaps
        == []
    )


def test_a_broken_macro_file_is_told_once_and_only_where_it_is_needed() -> None:
    told: list[tuple[str, int, str]] = []
    files = {"shop": lambda: [("macros/bad.sql", "{% macro bad() %}\n{% if %}{% endmacro %}")]}
    templates = Templates(macros=Macros("shop", files, broken=lambda *what: told.append(what)))
    assert templates.calls("{{ ref('a') }}").gaps == [] and told == []
    assert [gap.what for gap in templates.calls("{{ bad() }}{{ bad() }}").gaps] == ["macro bad()"]
    assert [what[:2] for what in told] == [("macros/bad.sql", 2)]


# --- blocks ------------------------------------------------------------------------------------


def test_snapshots_are_read_with_their_code() -> None:
    text = (
        "{# {% snapshot no %}{% endsnapshot %} #}\n{% snapshot one %}\n{{ config(tags='t') }}\n"
        "select * from {{ ref('a') }}\n{% endsnapshot %}\n{%- snapshot two -%}select 2{%- endsnapshot -%}"
    )
    one, two = TEMPLATES.blocks(text, "snapshot")
    assert (one.name, one.line, one.calls.config, one.calls.parents) == ("one", 2, {"tags": "t"}, [Ref("a")])
    assert one.code == "{{ config(tags='t') }}\nselect * from {{ ref('a') }}"
    assert (two.name, two.code) == ("two", "select 2")


def test_generic_tests_are_read_in_both_spellings() -> None:
    text = (
        "{% test is_big(model, column_name, n=1) %}{{ config(severity='warn') }}{% endtest %}"
        "{% macro test_old(model) %}{{ config(enabled=false) }}{% endmacro %}"
        "{% macro other() %}{% endmacro %}"
    )
    found = {block.name: block.calls.config for block in TEMPLATES.blocks(text, "test", "data_test")}
    assert found == {"is_big": {"severity": "warn"}, "old": {"enabled": False}}


# --- plain SQL ---------------------------------------------------------------------------------


def test_plain_sql_has_stand_ins_for_relations() -> None:
    templates = with_macros("{% macro people() %}select * from {{ source('CRM', 'People') }}{% endmacro %}")
    sql, tables = templates.plain(
        "with p as ({{ people() }}) select * from p join {{ ref('Orders') }} join {{ ref('orders') }}"
    )
    assert sql == "with p as (select * from floe_table_0) select * from p join floe_table_1 join floe_table_1"
    assert tables == {"floe_table_0": "source:crm.people", "floe_table_1": "ref:orders"}


def test_plain_sql_is_that_of_a_first_run() -> None:
    text = (
        "{{ config(x=1) }}select {{ dbt_utils.generate_surrogate_key(['a']) }}, "
        "{{ dbt_utils.star(ref('t')) }}"
        "{% if is_incremental() %} where x{% endif %}{% if target.name == 'ci' %} limit 1{% endif %}"
        "{{ unheard_of() }}"
    )
    assert TEMPLATES.plain(text)[0] == "select NULL, * limit 1floe_jinja_value"


# --- Python and YAML ---------------------------------------------------------------------------


def test_python_models_are_read_by_their_syntax() -> None:
    calls = python_calls(
        "# dbt.ref('comment')\ndef model(dbt, session):\n"
        "    dbt.config(materialized='table', enabled=False)\n"
        "    return dbt.ref('a').join(dbt.source('raw', 'b')).join(dbt.ref(name))\n"
    )
    assert calls.config == {"materialized": "table", "enabled": False}
    assert set(calls.parents) == {Ref("a"), SourceRef("raw", "b")}
    assert calls.gaps == [Gap("dbt.ref()", 4, parents=True)]


@pytest.mark.parametrize("source", ["def model(:\n", "x = '\0'"])
def test_python_that_is_none_is_a_syntax_error(source: str) -> None:
    with pytest.raises(SyntaxError):
        python_calls(source)


def test_exposures_name_their_parents_as_text() -> None:
    assert TEMPLATES.parent_of("ref('a', version=1)") == Ref("a", version="1")
    assert TEMPLATES.parent_of("source('raw', 'b')") == SourceRef("raw", "b")
    assert TEMPLATES.parent_of("{{ ref('a') }}") == Ref("a")
    for text in ("a", "config(x=1)", "ref(a)", "source('raw')", "ref('a') }} {{ ref('b')"):
        with pytest.raises(Unreadable):
            TEMPLATES.parent_of(text)


# --- hostile templates -------------------------------------------------------------------------


@given(st.text("{}%#-()[]'\"\\ ,=\nrefconigaw|.", max_size=80))
def test_any_text_is_read_to_its_end(text: str) -> None:
    calls = TEMPLATES.calls(text)
    assert all(1 <= gap.line <= text.count("\n") + 1 for gap in calls.gaps)
    assert TEMPLATES.render_or_keep(text) is not None or "{{" in text


LOOPS = "{% for a in range(1000) %}" * 4 + "x" + "{% endfor %}" * 4


@pytest.mark.parametrize(
    "text",
    [
        "{#" * 150_000,
        "{% raw %}" * 30_000,
        "{{ ref(" * 40_000,
        "{{ '\\'" * 40_000,
        "{{ {" * 70_000,
        "{% snapshot a %}" * 20_000,
        LOOPS,
        "{% set x = 'ab' %}" + "{% set x = x + x %}" * 60 + "{{ x }}",
        "{% set x = [1] %}" + "{% set x = [x, x] %}" * 60 + "{{ x }}{{ x == x }}{{ x | string }}",
        "{% set x = [1] %}" + "{% do x.extend(x) %}" * 60 + "{{ x }}",
        "{% set x = [] %}{% do x.append(x) %}{{ x }}{{ x == [x] }}{{ x | length }}{{ x | sum }}",
        "{{ 'a' | indent(1000000000) }}{{ 'a' | center(1000000000) }}{{ 'a' * 1000000000 }}",
        "{{ ['a'] | map('center', 1000000000) | list }}{{ ['a'] | map('indent', 1000000000) | list }}",
        "{{ ['a'] | map('center', width=1000000000) | list }}{{ 'a' | indent(width=1000000000) }}",
        "{{ ['a'] | slice(1000000000) | list }}{{ {'a': 1} | tojson(indent=1000000000) }}",
        "{{ '%1000000000d' | format(1) }}{{ '%1000000000d' % 1 }}{{ '{:>1000000000}'.format('a') }}",
        "{{ 10 ** 1000000000 }}{{ 1.5 | round(1000000000, 'ceil') }}{{ range(1000000000000) | list }}",
        "{% set x = 'aaaa' %}" + "{% set x = x | replace('a', x) %}" * 60 + "{{ x }}",
        "{% macro a() %}{{ a() }}{{ a() }}{% endmacro %}{{ a() }}",
        "{% macro a(f) %}{{ f(f) }}{% endmacro %}{{ a(a) }}",
        "{{ (" + "(" * 150 + "1" + ")" * 150 + ") }}",
        "{{ not " + "not " * 900 + "1 }}",
        "{% for a in range(1000) %}{% set b = [a] * 1000 %}{% endfor %}",
    ],
)  # fmt: skip
def test_no_template_costs_more_than_a_moment(text: str) -> None:
    started = time.process_time()
    TEMPLATES.calls(text)
    try:
        sql, _ = TEMPLATES.plain(text)
        assert len(sql) <= 600_000
    except (BrokenTemplate, TooMuch):
        pass
    TEMPLATES.render_or_keep(text)
    assert time.process_time() - started < 3


def test_a_variable_that_names_itself_ends() -> None:
    templates = Templates({"a": "{{ var('b') }}", "b": "{{ var('a') }}{{ ref('x') }}"})
    assert templates.calls("{{ var('a') }}").parents == [Ref("x")]


# --- the short way for plain models ------------------------------------------------------------


_PIECES = st.one_of(
    st.sampled_from(["select 1\n", "{{ ref('a') }}", '{{ref("b")}}', "{{- source('c', 'd') -}}", "{{", "}}"]),
    st.sampled_from(["{{ config(tags=['t']) }}", "{{ config(tags='u') }}", "{{ config(meta={'a': 1}) }}"]),
    st.sampled_from(["{{ ref('e', v=2) }}", "{{ ref(x) }}", "{{ ref('p', 'q') }}", "{{ 'ref(1)' }}", "'"]),
    st.sampled_from(["{{ config(enabled=target.x) }}", "{{ nope() }}", "{{ source('s') }}", "{{ ref( }}"]),
    st.sampled_from(["{# #}", "{# {{ ref('z') }}\n #}", "{#", "#}", "\n", "{% set x = 1 %}"]),
    st.sampled_from(["{{ config(meta={'a': {'b': 1}, 'c': []}) }}", "{{ {'r': ref('f')}['r'] }}", "{", "}"]),
)


@given(st.lists(_PIECES, max_size=6).map("".join))
def test_a_template_of_plain_expressions_is_read_as_the_whole_would_be(text: str) -> None:
    one_by_one, whole = TEMPLATES.calls(text), TEMPLATES.calls(f"{{% set read = 'as one' %}}{text}")
    if any(gap.what.startswith("broken Jinja") for gap in whole.gaps):
        assert any(gap.parents for gap in one_by_one.gaps)
    else:
        assert one_by_one == whole


@pytest.mark.parametrize(
    "text",
    [
        "{{ ref('%s' % 'a') }}{{ ref('%s%s' | format('', 'b')) }}",
        "{{ ref('{}'.format('a')) }}{{ ref('{n}'.format(n='b')) }}",
        "{{ ref('xa'[1:]) }}{{ ref(('b',)[-1]) }}",
        "{{ ref(fromjson('[\"a\"]')[0]) }}{{ ref(fromyaml('n: b').n) }}",
        "{{ ref((['a'] * 2)[1]) }}{{ ref(({'n': 'b'} | dictsort | first)[1]) }}",
        "{{ ref(nobody_defined_it or 'a') }}{{ ref('b' if not nobody_defined_it else 'c') }}",
        "{% if load_relation(this) %}{{ ref('c') }}{% endif %}{{ ref('a') }}{{ ref('b') }}",
        "{% for c in adapter.get_columns_in_relation(ref('a')) %}{{ ref('c') }}{% endfor %}{{ ref('b') }}",
        "{% set d = {} %}{% do d.setdefault('n', 'a') %}{{ ref(d.n) }}{{ ref('b') }}",
    ],
)
def test_names_are_made_with_all_that_templates_calculate_with(text: str) -> None:
    assert set(parents(text)) == {Ref("a"), Ref("b")}


@pytest.mark.parametrize(
    "made",
    [
        "{% set d = {'n': 'a'} %}{% if target.name %}{% do d.update({'n': 'b'}) %}{% endif %}{{ ref(d.n) }}",
        "{% set d = ['a'] %}{% if target.name %}{% do d.insert(0, 'b') %}{% endif %}{{ ref(d[0]) }}",
        "{{ ref('%1000000000d' % 1) }}",
        "{{ ref('{:>1000000000}'.format('a')) }}",
        "{{ ref('{0.__class__}'.format('a')) }}",
        "{{ ref(['a'] * 10000000000) }}",
    ],
)
def test_what_may_be_otherwise_or_too_large_is_a_gap(made: str) -> None:
    calls = TEMPLATES.calls(made)
    assert (calls.parents, [gap.what for gap in calls.gaps]) == ([], ["ref()"])
