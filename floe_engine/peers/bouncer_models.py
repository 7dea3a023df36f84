"""dbt-bouncer's checks (4.3) of models, and what its tables share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from floe_engine.peers.carrying import Arguments, Check, NotCarried, Takes, expression, literal

LENGTH = Takes("min_description_length", "number", 4)
_CRITERIA = Takes("criteria", "criteria", "all")
ONE_TEST = "Tests that can never fail do not count here."


def needed(name: str, kind: str = "match") -> Takes:
    """What a check cannot do without; a regular expression that binds the start, unless `kind` says else."""
    return Takes(name, kind, required=True)


def described(text: str, length: str = "$min_description_length") -> str:
    """The expression for a description that is one: long enough, and no word for none."""
    return f"size({text}.trim()) >= {length} && !({text}.trim().lowerAscii() in ['none', 'null', 'n/a'])"


def has_keys(holder: str) -> Callable[[Arguments], str]:
    """Keys, nested as in ``[owner, {contact: [mail]}]``, of which all, some or one are there."""

    def paths(wanted: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
        if isinstance(wanted, str):
            yield (*above, wanted)
        elif isinstance(wanted, dict):
            for key, inner in wanted.items():
                yield from paths(inner, (*above, str(key))) if inner else ((*above, str(key)),)
        elif isinstance(wanted, list):
            for item in wanted:
                yield from paths(item, above)
        else:
            raise NotCarried(f"{wanted!r} is no key")

    def filled(given: Arguments) -> str:
        all_paths = list(paths(given["keys"]))
        macro = {"all": "all", "any": "exists", "one": "exists_one"}.get(str(given.get("criteria", "all")))
        if not all_paths or macro is None:
            raise NotCarried("it names no keys" if macro else f"criteria cannot be {given['criteria']!r}")
        if all(len(path) == 1 for path in all_paths):
            names = literal([path[0] for path in all_paths])
            return f"{names}.{macro}(key, key in {holder})"
        asked = ", ".join(_present(holder, path) for path in all_paths)
        return f"[{asked}].{macro}(found, found)"

    return filled


def describes(kind: str, code: str) -> Check:
    """A description of some length."""
    return Check(f"check_{kind}_description_populated", kind, code=code, takes=(LENGTH,),
                 expr=described(f"{kind}.description"),
                 says="have a description of at least $min_description_length characters")  # fmt: skip


def meta_keys(kind: str, code: str, near: str = "") -> Check:
    """Keys of meta."""
    return Check(f"check_{kind}_has_meta_keys", kind, code=code, near=near,
                 takes=(needed("keys", "keys"), _CRITERIA), filled=has_keys(f"{kind}.meta"),
                 says="have the meta keys asked for")  # fmt: skip


def named(kind: str, code: str) -> Check:
    """A name like a pattern."""
    return Check(f"check_{kind}_names", kind, code=code, takes=(needed(f"{kind}_name_pattern"),),
                 expr=f"{kind}.name.matches(${kind}_name_pattern)",
                 says=f"be named like ${kind}_name_pattern")  # fmt: skip


def tagged(kind: str, code: str, near: str = "") -> Check:
    """Tags."""
    return Check(f"check_{kind}_has_tags", kind, code=code, near=near,
                 takes=(needed("tags", "texts"), _CRITERIA), says="have the tags $tags",
                 expr=f"$tags.$criteria(tag, tag in {kind}.tags)")  # fmt: skip


def _present(holder: str, path: tuple[str, ...]) -> str:
    steps = []
    for key in path:
        steps.append(f"{literal(key)} in {holder}")
        holder = f"{holder}[{literal(key)}]"
    return " && ".join(steps)


def _typed(reverse: bool) -> Callable[[Arguments], str]:
    """Names that mean a type, or types that mean a name."""

    def filled(given: Arguments) -> str:
        pattern, types = given["type_pattern"], given["types"]
        if (pattern is None) == (types is None):
            raise NotCarried("it wants either type_pattern or types")
        name = f"column.name.matches({expression(given['column_name_pattern'].strip(), begin='^')})"
        kind = (
            f"column.data_type in {literal(types)}"
            if pattern is None
            else f"column.data_type.matches({expression(pattern.strip(), begin='^')})"
        )
        left, right = (kind, name) if reverse else (name, kind)
        return f"!({left}) || {right}"

    return filled


def _related(given: Arguments) -> str:
    asked = ["test.name == 'relationships'"]
    if given["target_column_pattern"]:
        asked.append(f"string(test.arguments.field).matches({expression(given['target_column_pattern'])})")
    if given["target_model_pattern"]:
        model = """string(test.arguments.to).replace('"', "'").replace("ref('", '').replace("')", '')"""
        asked.append(f"{model}.matches({expression(given['target_model_pattern'])})")
    return f"column.tests.exists(test, {' && '.join(asked)})"


def _folders(given: Arguments) -> str:
    start = given["include"].strip().rstrip("/")
    names = "|".join(re.escape(each) for each in given["permitted_sub_directories"])
    return f"model.path.matches({expression(f'(?:{start})/(?:{names})/', begin='^')})"


def _beside(given: Arguments) -> str:
    file = "model.properties_path.substring(model.properties_path.lastIndexOf('/') + 1)"
    if given["layout"] == "per_model":
        return f"model.properties_path != null && {file} == model.name + '.yml'"
    if given["layout"] != "per_directory":
        raise NotCarried(f"layout cannot be {given['layout']!r}")
    below = "model.folder.substring(model.folder.indexOf('/') + 1)"
    short = "part == 'staging' ? 'stg' : part == 'intermediate' ? 'int' : part"
    parts = f"{below}.split('/').filter(part, part != 'marts').map(part, {short}).join('_')"
    return (
        f"model.properties_path != null && {file}.startsWith('_') && {file}.endsWith('__models.yml')"
        f" && (!model.folder.contains('/') || {file}.contains({parts}))"
    )


def _uniqueness(given: Arguments) -> str:
    tests = literal(given["accepted_uniqueness_tests"])
    named = "(test.package == '' ? test.name : test.package + '.' + test.name)"
    return f"model.tests.exists(test, {named} in {tests})"


_UNIQUE = [
    "dbt_expectations.expect_compound_columns_to_be_unique",
    "dbt_utils.unique_combination_of_columns",
    "unique",
]
_MODELS_BELOW = "size(model.children.filter(child, child.type == 'model'))"
_TYPES = (
    needed("column_name_pattern", "string"),
    Takes("type_pattern", "string"),
    Takes("types", "texts"),
)
MODELS: tuple[Check, ...] = (
    Check("check_model_access", code="MO001", takes=(needed("access", "text"),),
          expr="model.access == $access", says="have the access $access"),
    Check("check_model_contract_enforced_for_public_model", code="MO002",
          when="model.access == 'public' && model.language != 'python'",
          expr="model.contract.enforced", says="enforce a contract, being public"),
    Check("check_model_grant_privilege", code="MO003", takes=(needed("privilege_pattern"),),
          expr="model.grants.all(privilege, privilege.matches($privilege_pattern))",
          says="grant only privileges like $privilege_pattern"),
    Check("check_model_grant_privilege_required", code="MO004", takes=(needed("privilege", "text"),),
          expr="$privilege in model.grants", says="grant $privilege"),
    Check("check_model_has_contracts_enforced", code="MO005", when="model.language != 'python'",
          expr="model.contract.enforced", says="enforce a contract"),
    Check("check_model_number_of_grants", code="MO006",
          takes=(Takes("min_number_of_privileges", "number", 0),
          Takes("max_number_of_privileges", "number", 100)),
          expr="size(model.grants) >= $min_number_of_privileges"
               " && size(model.grants) <= $max_number_of_privileges",
          says="grant from $min_number_of_privileges to $max_number_of_privileges privileges"),
    Check("check_model_materialization_permitted", code="MO012",
          takes=(needed("permitted_materializations", "texts"),),
          expr="model.materialized in $permitted_materializations",
          says="be one of $permitted_materializations"),
    Check("check_model_columns_have_meta_keys", "column", code="MO014",
          takes=(needed("keys", "keys"),), filled=has_keys("column.meta"),
          says="have the meta keys asked for"),
    Check("check_model_columns_have_relationship_tests", "column", code="MO015",
          takes=(needed("column_name_pattern", "search"), Takes("target_column_pattern", "string"),
                 Takes("target_model_pattern", "string")),
          when="column.name.matches($column_name_pattern)", filled=_related,
          says="have a relationships test", near="Of several such tests one must fit, not the first."),
    Check("check_model_columns_have_types", "column", code="MO016", expr="column.data_type != null",
          says="declare its data_type"),
    Check("check_model_has_constraints", code="MO017", takes=(needed("required_constraint_types", "texts"),),
          when="model.materialized in ['table', 'incremental']",
          expr="$required_constraint_types.all(kind, kind in model.contract.constraints)",
          says="have the constraints $required_constraint_types"),
    Check("check_model_single_primary_key", code="MO018",
          expr="size(model.columns.filter(column, 'primary_key' in column.constraints)) <= 1",
          says="have one column-level primary key at most"),
    Check("check_column_descriptions_are_consistent", "project", code="MO019",
          expr="project.models.map(model, model.columns.filter(column, column.description.trim() != '')"
               ".map(column, column.name)).flatten().distinct().size() == "
               "project.models.map(model, model.columns.filter(column, column.description.trim() != '')"
               ".map(column, column.name + '\\n' + column.description.trim())).flatten().distinct().size()",
          says="describe columns of one name in one way"),
    Check("check_model_description_contains_regexp_pattern", code="MO020",
          takes=(needed("regexp_pattern", "dotall"),), expr="model.description.matches($regexp_pattern)",
          says="have a description like $regexp_pattern"),
    describes("model", "MO021"),
    Check("check_model_documentation_coverage", "project", code="MO022",
          takes=(Takes("min_model_documentation_coverage_pct", "share", 100),),
          expr="double(size(project.models.filter(model, " + described("model.description", "4")
               + "))) * 100.0 >= double(size(project.models)) * $min_model_documentation_coverage_pct",
          says="describe $min_model_documentation_coverage_pct % of its models"),
    Check("check_model_documented_in_same_directory", code="MO023",
          expr="model.properties_path != null && "
               "model.properties_path.substring(0, model.properties_path.lastIndexOf('/')) == model.folder",
          says="be described in its own folder"),
    Check("check_model_directories", code="MO024",
          takes=(needed("include", "string"), needed("permitted_sub_directories", "texts")),
          filled=_folders, says="stand in one of the folders $permitted_sub_directories"),
    Check("check_model_file_name", code="MO025", takes=(needed("file_name_pattern"),),
          expr="model.path.substring(model.path.lastIndexOf('/') + 1).matches($file_name_pattern)",
          says="have a file named like $file_name_pattern"),
    Check("check_model_property_file_location", code="MO026",
          takes=(Takes("layout", "text", "per_directory"),),
          filled=_beside, says="be described in the file named after its folder or itself"),
    Check("check_model_schema_name", code="MO027", takes=(needed("schema_name_pattern"),),
          expr="model.schema != null && model.schema.matches($schema_name_pattern)",
          says="be built in a schema like $schema_name_pattern",
          near="Judged from dbt's manifest; from the files alone it is told as not known."),
    Check("check_model_depends_on_multiple_sources", code="MO029",
          expr="size(model.parents.filter(parent, parent.type == 'source')) <= 1",
          says="select from one source at most"),
    Check("check_model_has_exposure", code="MO030",
          expr="model.children.exists(child, child.type == 'exposure')", says="have an exposure"),
    Check("check_model_has_no_upstream_dependencies", code="MO031", expr="size(model.parents) > 0",
          says="select from something"),
    Check("check_model_materialization_by_fanout", code="MO032",
          takes=(Takes("min_downstream_models", "number", 3),
          Takes("materializations", "texts", ["incremental", "table"])),
          when=_MODELS_BELOW + " >= $min_downstream_models", expr="model.materialized in $materializations",
          says="be one of $materializations, having $min_downstream_models children or more"),
    Check("check_model_max_fanout", code="MO034", takes=(Takes("max_downstream_models", "number", 3),),
          expr=_MODELS_BELOW + " <= $max_downstream_models",
          says="be selected from by $max_downstream_models models at most"),
    meta_keys("model", "MO037"),
    named("model", "MO038"),
    tagged("model", "MO039"),
    Check("check_model_has_tests_by_name", code="MO040",
          takes=(needed("test_names", "texts"), Takes("min_number_of_tests", "number", 1)),
          expr="size(model.tests.filter(test, test.name in $test_names)) >= $min_number_of_tests",
          says="have $min_number_of_tests of the tests $test_names", near=ONE_TEST),
    Check("check_model_has_tests_by_type", code="MO041",
          takes=(Takes("min_number_of_data_tests", "number", 0),
          Takes("min_number_of_schema_tests", "number", 0)),
          expr="size(model.tests) >= $min_number_of_schema_tests"
               " && model.singular_tests >= $min_number_of_data_tests",
          says="have $min_number_of_schema_tests generic and $min_number_of_data_tests singular tests",
          near="Singular tests count here; the original finds none of them."),
    Check("check_model_has_unique_test", code="MO042",
          takes=(Takes("accepted_uniqueness_tests", "texts", _UNIQUE),), filled=_uniqueness,
          says="have a test of uniqueness", near=ONE_TEST),
    Check("check_model_has_unit_tests", code="MO043", takes=(Takes("min_number_of_unit_tests", "number", 1),),
          expr="model.unit_tests >= $min_number_of_unit_tests",
          says="have $min_number_of_unit_tests unit tests"),
    Check("check_model_test_coverage", "project", code="MO044",
          takes=(Takes("min_model_test_coverage_pct", "share", 100),),
          expr="double(size(project.models.filter(model, size(model.tests) + model.singular_tests > 0)))"
               " * 100.0 >= double(size(project.models)) * $min_model_test_coverage_pct",
          says="test $min_model_test_coverage_pct % of its models",
          near="A model's own tests count; a test of another model that only looks at it does not."),
    Check("check_model_version_allowed", code="MO046", takes=(needed("version_pattern"),),
          when="model.version != null", expr="model.version.matches($version_pattern)",
          says="have a version like $version_pattern"),
    Check("check_model_does_not_directly_join_to_source", code="MO048",
          expr="!(model.parents.exists(parent, parent.type == 'source') && "
               "model.parents.exists(parent, parent.type == 'model'))",
          says="not join a model to a source"),
    Check("check_model_min_downstream_models", code="MO050",
          takes=(Takes("min_number_of_models", "number", 1),),
          expr="size(model.children.filter(child, child.type in ['model', 'snapshot']))"
               " >= $min_number_of_models",
          says="be selected from by $min_number_of_models models"),
    Check("check_model_has_properties_file", code="MO051", expr="model.properties_path != null",
          says="be described in a properties file"),
    Check("check_model_column_has_specified_test", "column", code="MO053",
          takes=(needed("column_name_pattern"), needed("test_name", "text")),
          when="column.name.matches($column_name_pattern)",
          expr="column.tests.exists(test, test.name == $test_name)", says="have the test $test_name",
          near=ONE_TEST),
    Check("check_model_column_description_populated", "column", code="MO054", takes=(LENGTH,),
          expr=described("column.description"),
          says="have a description of at least $min_description_length characters"),
    Check("check_model_column_name_complies_to_column_type", "column", code="MO055", takes=_TYPES,
          when="column.data_type != null", filled=_typed(reverse=False),
          says="have the type that its name says"),
    Check("check_model_column_type_complies_to_column_name", "column", code="MO056", takes=_TYPES,
          when="column.data_type != null", filled=_typed(reverse=True),
          says="have the name that its type asks for"),
    Check("check_model_column_names", "column", code="MO057", takes=(needed("column_name_pattern", "full"),),
          expr="column.name.matches($column_name_pattern)", says="be named like $column_name_pattern"),
    Check("check_lineage_permitted_upstream_models", code="LI001",
          takes=(needed("upstream_path_pattern"),),
          expr="model.parents.all(parent, parent.type != 'model' || parent.path == '' || "
               "parent.path.matches($upstream_path_pattern))",
          says="select only from models in $upstream_path_pattern"),
    Check("check_lineage_seed_cannot_be_used", code="LI002",
          expr="model.parents.all(parent, parent.type != 'seed')", says="select from no seed"),
    Check("check_lineage_source_cannot_be_used", code="LI003",
          expr="model.parents.all(parent, parent.type != 'source')", says="select from no source"),
)  # fmt: skip
