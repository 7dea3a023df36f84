"""dbt-checkpoint's hooks (2.0) and their equals here."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from floe_engine.peers.bouncer_models import needed
from floe_engine.peers.carrying import Arguments, Check, NotCarried, Takes, expression, literal

_DECLARED = "The columns that are declared are judged, not those that the warehouse has."
_OWN = "A test of another model that only looks at it does not count here."
_ABLE = "Tests that can never fail do not count here."
_BELOW = "{0}.children.filter(child, child.type == 'model')"
_ABOVE = "model.parents.filter(parent, parent.type in ['model', 'source'])"


def _keys(holder: str, option: str) -> Callable[[Arguments], str]:
    """Keys that must be there, and no others unless they are allowed."""

    def filled(given: Arguments) -> str:
        names = literal(given[option])
        all_there = f"{names}.all(key, key in {holder})"
        return all_there if given["allow_extra_keys"] else f"{all_there} && {holder}.all(key, key in {names})"

    return filled


def _meta(hook: str, subject: str, when: str = "") -> Check:
    return Check(hook, subject, when=when, takes=_META,
                 filled=_keys(f"{subject}.meta", "meta_keys"),
                 says="have the meta keys asked for")  # fmt: skip


_META = (Takes("meta_keys", "texts", required=True), Takes("allow_extra_keys", "flag", False))
_LABELS = (Takes("labels_keys", "texts", required=True), Takes("allow_extra_keys", "flag", False))
_COUNTS = (Takes("tests", "counts", required=True),)


def _by_name(subject: str) -> Callable[[Arguments], str]:
    def filled(given: Arguments) -> str:
        return " && ".join(
            f"size({subject}.tests.filter(test, test.name == {literal(name)})) >= {max(count, 1)}"
            for name, count in given["tests"].items()
        )

    return filled


def _by_type(subject: str) -> Callable[[Arguments], str]:
    def filled(given: Arguments) -> str:
        counted = {"schema": f"size({subject}.tests)", "data": f"{subject}.singular_tests"}
        strange = set(given["tests"]) - set(counted)
        if strange:
            raise NotCarried(f"a test is of type data or schema, not {', '.join(sorted(strange))}")
        if subject == "source" and "data" in given["tests"]:
            raise NotCarried("no fact tells which tests written as queries look at a source")
        return " && ".join(f"{counted[kind]} >= {max(count, 1)}" for kind, count in given["tests"].items())

    return filled


def _listed(field: str, *, prefix: bool = False) -> Callable[[Arguments], str]:
    """What every parent's schema, database or beginning of its name must be, or must not be."""

    def filled(given: Arguments) -> str:
        allowed, banned = given["whitelist"], given["blacklist"]
        if not allowed and not banned:
            raise NotCarried("it names no whitelist and no blacklist")
        if given.get("schema_location") == "config":
            raise NotCarried("it asks for the schema as configured, and floe knows the one that is built")
        asked = []
        for names, verb in ((allowed, ""), (banned, "!")):
            if names:
                found = (
                    f"{literal(names)}.exists(start, parent.name.startsWith(start))"
                    if prefix
                    else f"(parent.{field} in {literal(names)})"
                )
                asked.append(f"{verb}{found}")
        return f"{_ABOVE}.all(parent, {' && '.join(asked)})"

    return filled


_LISTS = (Takes("whitelist", "texts"), Takes("blacklist", "texts"))


def _numbers(*bounds: tuple[str, str, str]) -> Callable[[Arguments], str]:
    """Least and most of what is counted: option, sign, expression. What is 0 or unset is not asked."""

    def filled(given: Arguments) -> str:
        asked = [f"{counted} {sign} {given[option]}" for option, sign, counted in bounds if given[option]]
        if not asked:
            raise NotCarried("it names no number")
        return " && ".join(asked)

    return filled


def _count(option: str) -> Takes:
    return Takes(option, "number")


def _tagged(given: Arguments) -> str:
    if given["has_any_tags"]:
        return f"{literal(given['tags'])}.exists(tag, tag in model.tags)"
    if given["has_all_tags"]:
        return f"{literal(given['tags'])}.all(tag, tag in model.tags)"
    return f"model.tags.all(tag, tag in {literal(given['tags'])})"


def _contract(given: Arguments) -> str:
    kinds = literal([each.lower() for each in given["dtypes"]])
    name = expression(str(given["pattern"]).strip(), begin="^", flags="i")
    return f"(column.data_type.lowerAscii() in {kinds}) == column.name.matches({name})"


def _same(given: Arguments) -> str:
    kept = f".filter(column, !(column.name in {literal(given['ignore'])}))" if given["ignore"] else ""
    columns = f"project.models.map(model, model.columns{kept}.map(column, {{0}})).flatten().distinct().size()"
    return f"{columns.format('column.name')} == " + columns.format("column.name + '\\n' + column.description")


def _constraints(given: Arguments) -> str:
    try:
        wanted: Any = json.loads(given["constraints"])
    except (ValueError, RecursionError):
        raise NotCarried("constraints is no JSON") from None
    if not isinstance(wanted, list) or not all(isinstance(each, dict) for each in wanted):
        raise NotCarried("constraints is no list of constraints")
    if any(set(each) != {"type"} for each in wanted):
        raise NotCarried("the facts have the kinds of constraints, and not their columns")
    return f"{literal([str(each['type']) for each in wanted])}.all(kind, kind in model.contract.constraints)"


def _fresh(given: Arguments) -> str:
    asked = ["source.tells_age"]
    for key in ("warn_after", "error_after"):
        asked.append(f"source.freshness.{key}_hours {'!=' if key in given['freshness'] else '=='} null")
    return " && ".join(asked)


_COUNTED = (Takes("test_cnt", "number", 1),)
_GROUP = (Takes("tests", "texts", required=True), *_COUNTED)
_NAMED = "size({0}.tests.filter(test, test.name in $tests).map(test, test.name).distinct()) >= $test_cnt"

CHECKS: tuple[Check, ...] = (
    Check("check-column-desc-are-same", "project", takes=(Takes("ignore", "texts"),), filled=_same,
          says="describe columns of one name in one way"),
    Check("check-column-name-contract", "column", when="column.data_type != null", near=_DECLARED,
          takes=(needed("pattern", "given"), Takes("dtypes", "texts", required=True)), filled=_contract,
          says="have the type that its name says, and the name that its type asks for"),
    Check("check-model-columns-have-desc", "column", expr="column.description != ''", says="be described"),
    Check("check-model-has-all-columns",
          says="declare every column",
          near="The columns that a model's SQL makes are compared, not those that the warehouse has."),
    Check("check-model-has-contract", expr="model.contract.enforced", says="enforce a contract"),
    Check("check-model-has-constraints", takes=(needed("constraints", "given"),), filled=_constraints,
          says="have the constraints asked for"),
    Check("check-model-has-description", expr="model.description != ''", says="have a description"),
    _meta("check-model-has-meta-keys", "model"),
    Check("check-model-has-labels-keys", takes=_LABELS, filled=_keys("model.labels", "labels_keys"),
          says="have the labels asked for"),
    Check("check-model-has-properties-file", expr="model.properties_path != null",
          says="be described in a properties file"),
    Check("check-model-has-tests-by-group", takes=_GROUP, expr=_NAMED.format("model"),
          says="have $test_cnt of the tests $tests", near=_ABLE),
    Check("check-model-has-tests-by-name", takes=_COUNTS, filled=_by_name("model"),
          says="have the tests asked for", near=_ABLE),
    Check("check-model-has-tests-by-type", takes=_COUNTS, filled=_by_type("model"),
          says="have the tests asked for", near="Tests written as queries count without a tag `data`."),
    Check("check-model-has-tests", takes=_COUNTED, says="have $test_cnt tests", near=_OWN,
          expr="size(model.tests) + model.singular_tests >= $test_cnt"),
    Check("check-model-name-contract", takes=(needed("pattern"),), expr="model.name.matches($pattern)",
          says="be named like $pattern"),
    Check("check-model-parents-schema", takes=(*_LISTS, Takes("schema_location", "given")),
          filled=_listed("schema"), says="select from the schemas asked for",
          near="Judged from dbt's manifest; from the files alone it is told as not known."),
    Check("check-model-parents-database", takes=_LISTS, filled=_listed("database"),
          says="select from the databases asked for",
          near="Judged from dbt's manifest; from the files alone it is told as not known."),
    Check("check-model-parents-name-prefix", takes=_LISTS, filled=_listed("name", prefix=True),
          says="select from what is named as asked"),
    Check("check-model-parents-and-childs", says="have as many parents and children as asked",
          takes=(_count("min_parent_cnt"), _count("max_parent_cnt"), _count("min_child_cnt"),
                 _count("max_child_cnt")),
          filled=_numbers(("min_parent_cnt", ">=", f"size({_ABOVE})"),
                          ("max_parent_cnt", "<=", f"size({_ABOVE})"),
                          ("min_child_cnt", ">=", f"size({_BELOW.format('model')})"),
                          ("max_child_cnt", "<=", f"size({_BELOW.format('model')})"))),
    Check("check-model-tags", filled=_tagged, says="have the tags asked for",
          takes=(Takes("tags", "texts", required=True), Takes("has_any_tags", "flag", False),
                 Takes("has_all_tags", "flag", False))),
    Check("check-model-materialization-by-childs", takes=(Takes("threshold_childs", "number", 5),),
          expr="(model.materialized == 'view') == "
               f"(size({_BELOW.format('model')}) <= $threshold_childs)",
          says="be a view where $threshold_childs models or fewer select from it, and else be none"),
    Check("check-script-semicolon", expr="!model.code.text.trim().endsWith(';')",
          says="not end with a semicolon"),
    Check("check-script-has-no-table-name", when="model.language == 'sql'",
          expr="size(model.code.hard_coded) == 0", says="name no table itself"),
    Check("check-script-ref-and-source", why="dbt itself refuses a ref or a source that is not there"),
    Check("check-source-columns-have-desc", "source",
          expr="source.columns.all(column, column.description != '')", says="describe its columns"),
    Check("check-source-has-all-columns", "source", says="declare every column of its table",
          expr="source.table_columns.all(name, source.columns.exists(column, "
               "column.name.lowerAscii() == name.lowerAscii()))",
          near="Columns that are declared and no longer there are not told."),
    Check("check-source-has-description", "source", expr="source.source_description != ''",
          says="belong to a source with a description"),
    Check("check-source-table-has-description", "source", expr="source.description != ''",
          says="have a description"),
    Check("check-source-has-freshness", "source", takes=(Takes("freshness", "texts", required=True),),
          filled=_fresh, says="say how old its rows may be, as asked"),
    Check("check-source-has-loader", "source", expr="source.loader != ''", says="say what loads it"),
    _meta("check-source-has-meta-keys", "source"),
    Check("check-source-has-labels-keys", "source", takes=_LABELS,
          filled=_keys("source.labels", "labels_keys"), says="have the labels asked for"),
    Check("check-source-has-tests-by-name", "source", takes=_COUNTS, filled=_by_name("source"),
          says="have the tests asked for", near=_ABLE),
    Check("check-source-has-tests-by-type", "source", takes=_COUNTS, filled=_by_type("source"),
          says="have the tests asked for", near=_ABLE),
    Check("check-source-has-tests-by-group", "source", takes=_GROUP, expr=_NAMED.format("source"),
          says="have $test_cnt of the tests $tests", near=_ABLE),
    Check("check-source-has-tests", "source", takes=_COUNTED, expr="size(source.tests) >= $test_cnt",
          says="have $test_cnt tests", near=_ABLE),
    Check("check-source-tags", "source", takes=(Takes("tags", "texts", required=True),),
          expr="source.tags.all(tag, tag in $tags)", says="have no tags but $tags"),
    Check("check-source-childs", "source", takes=(_count("min_child_cnt"), _count("max_child_cnt")),
          filled=_numbers(("min_child_cnt", ">=", f"size({_BELOW.format('source')})"),
                          ("max_child_cnt", "<=", f"size({_BELOW.format('source')})")),
          says="be selected from by as many models as asked"),
    Check("check-macro-has-description", "macro", expr="macro.description != ''", says="have a description"),
    Check("check-macro-arguments-have-desc", "macro", says="describe its arguments",
          expr="macro.arguments.all(argument, argument.description != '')",
          near="Arguments that the properties file lists are judged."),
    _meta("check-macro-has-meta-keys", "macro"),
    _meta("check-exposure-has-meta-keys", "exposure"),
    _meta("check-seed-has-meta-keys", "seed"),
    _meta("check-snapshot-has-meta-keys", "snapshot"),
    _meta("check-test-has-meta-keys", "test", "test.test == ''"),
    Check("check-database-casing-consistency",
          why="dbt folds names as its adapter does, and floe compares none with the warehouse"),
    *(Check(hook, why="it changes files, and floe's `fix` does that")
      for hook in ("generate-missing-sources", "generate-model-properties-file", "unify-column-description",
                   "replace-script-table-names", "remove-script-semicolon")),
    *(Check(hook, why="it runs dbt, and checks nothing itself")
      for hook in ("dbt-clean", "dbt-compile", "dbt-deps", "dbt-docs-generate", "dbt-parse", "dbt-run",
                   "dbt-test")),
)  # fmt: skip
"""Hooks by their id in ``.pre-commit-config.yaml``."""
