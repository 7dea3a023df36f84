"""dbt-bouncer's checks (4.3) and their equals here."""

from __future__ import annotations

from msgspec import structs

from floe_engine.peers.bouncer_models import (
    LENGTH,
    MODELS,
    described,
    describes,
    meta_keys,
    named,
    needed,
    tagged,
)
from floe_engine.peers.bouncer_more import MORE
from floe_engine.peers.carrying import Arguments, Check, NotCarried, Takes

CATALOG = "it reads the size of a table from the warehouse's catalog, and floe judges what is declared"

_SOURCE_BELOW = "size(source.children.filter(child, child.type == 'model'))"
_SOURCE_FOLDER = "source.path.substring(0, source.path.lastIndexOf('/'))"
_SOURCE_FILE = "source.path.substring(source.path.lastIndexOf('/') + 1)"

_DECLARED = "The columns that are declared are judged, not those that the warehouse has."


def _declared(row: Check, name: str, code: str) -> Check:
    """The check of the catalog that asks of a warehouse's columns what `row` asks of declared ones."""
    takes = (
        (*row.takes, Takes("case_sensitive", "flag", True))
        if name.endswith(("test", "models"))
        else row.takes
    )
    return structs.replace(row, name=name, code=code, takes=takes, near=_DECLARED)


def _complete(kind: str, code: str) -> Check:
    """Every column of a table is declared."""

    def filled(given: Arguments) -> str:
        fold = "" if given["case_sensitive"] is True else ".lowerAscii()"
        same = f"column.name{fold} == name{fold}"
        return f"{kind}.table_columns.all(name, {kind}.columns.exists(column, {same}))"

    return Check(
        f"check_{kind}_columns_are_all_documented",
        kind,
        code=code,
        filled=filled,
        takes=(Takes("case_sensitive", "flag", True),),
        says="declare every column of its table",
    )


_BY_NAME = {check.name: check for check in MODELS}

_RUNS = "it reads how long a run took, and floe judges before anything runs"
_LEVELS = (
    "`governance.classification` follows the levels of columns through SQL, and no other meta; what may "
    "reach a public model says a level's `allowed_access`"
)
_GRAIN = "The key of a model is what its meta, a constraint or its tests state, not what its SQL groups by."

_VIEWS = (Takes("materializations_to_include", "texts", ["ephemeral", "view"]),)
_OWN = "Models of installed packages are told as not known."
_FORMATS = (Takes("permitted_formats", "texts", ["csv", "dict", "sql"]),)
_MACRO_FILE = "(macro.properties_path.substring(macro.properties_path.lastIndexOf('/') + 1))"


def _owner(given: Arguments) -> str:
    fields = {"email": "exposure.owner_email", "name": "exposure.owner_name"}
    strange = [each for each in given["required_fields"] if each not in fields]
    if strange:
        raise NotCarried(f"the facts of an owner are name and email, not {', '.join(strange)}")
    asked = ["exposure.owner != ''", *(f"{fields[each]} != ''" for each in given["required_fields"])]
    return " && ".join(asked)


CHECKS: tuple[Check, ...] = (
    *MODELS,
    describes("source", "SO001"),
    Check("check_source_file_name", "source", code="SO002", takes=(needed("file_name_pattern"),),
          expr=_SOURCE_FILE + ".matches($file_name_pattern)", says="stand in a file like $file_name_pattern"),
    Check("check_source_property_file_location", "source", code="SO003",
          expr=f"{_SOURCE_FILE}.startsWith('_') && {_SOURCE_FILE}.endsWith('__sources.yml') && "
               f"{_SOURCE_FILE}.contains({_SOURCE_FOLDER} == 'models/staging' ? '' : '_' + "
               f"({_SOURCE_FOLDER}.startsWith('models/staging/') ? {_SOURCE_FOLDER}.substring(15) : "
               f"{_SOURCE_FOLDER}).replace('/', '_'))",
          says="stand in the file named after its folder"),
    Check("check_source_freshness_populated", "source", code="SO004", expr="source.has_freshness",
          says="say how old its rows may be"),
    Check("check_source_min_downstream_models", "source", code="SO006",
          takes=(Takes("min_number_of_models", "number", 1),),
          expr=_SOURCE_BELOW + " >= $min_number_of_models",
          says="be selected from by $min_number_of_models models"),
    Check("check_source_not_orphaned", "source", code="SO007", expr="size(source.children) >= 1",
          says="be selected from by something", near="A snapshot or an exposure that reads it counts too."),
    Check("check_source_used_by_models_in_same_directory", "source", code="SO008",
          expr="source.children.all(child, child.type != 'model' || "
               f"child.path.substring(0, child.path.lastIndexOf('/')) == {_SOURCE_FOLDER})",
          says="be selected from in its own folder"),
    Check("check_source_used_by_only_one_model", "source", code="SO009", expr=_SOURCE_BELOW + " <= 1",
          says="be selected from by one model at most"),
    meta_keys("source", "SO012"),
    Check("check_source_pii_meta", "source", code="SO013",
          takes=(needed("column_name_pattern"), needed("meta_key", "text")),
          expr="source.columns.all(column, !column.name.matches($column_name_pattern) || "
               "($meta_key in column.meta && column.meta[$meta_key] != false"
               " && column.meta[$meta_key] != null"
               " && column.meta[$meta_key] != '' && column.meta[$meta_key] != 0))",
          says="mark its personal columns by meta $meta_key"),
    named("source", "SO014"),
    tagged("source", "SO015"),
    Check("check_source_has_tests", "source", code="SO016",
          takes=(Takes("min_number_of_tests", "number", 1),),
          expr="size(source.tests) >= $min_number_of_tests", says="have $min_number_of_tests tests",
          near="Generic tests on it count."),
    Check("check_seed_column_names", "seed", code="SE001", takes=(needed("seed_column_name_pattern"),),
          expr="seed.columns.all(column, column.name.matches($seed_column_name_pattern))",
          says="have columns named like $seed_column_name_pattern"),
    Check("check_seed_columns_have_types", "seed", code="SE002",
          expr="seed.columns.all(column, column.data_type != null)",
          says="declare the data_type of its columns"),
    describes("seed", "SE003"),
    meta_keys("seed", "SE004"),
    Check("check_seed_has_unit_tests", "seed", code="SE005",
          takes=(Takes("min_number_of_unit_tests", "number", 1),),
          expr="seed.unit_tests >= $min_number_of_unit_tests",
          says="have $min_number_of_unit_tests unit tests"),
    named("seed", "SE006"),
    describes("snapshot", "SN001"),
    meta_keys("snapshot", "SN002"),
    tagged("snapshot", "SN003"),
    named("snapshot", "SN005"),
    Check("check_project_name", "project", code="ME001", takes=(needed("project_name_pattern"),),
          expr="project.name.matches($project_name_pattern)", says="be named like $project_name_pattern"),
    Check("check_model_does_not_use_select_star", code="MO008", when="model.language == 'sql'",
          expr="!model.code.select_star", says="name the columns that it selects"),
    Check("check_model_max_number_of_lines", code="MO013",
          takes=(Takes("max_number_of_lines", "number", 100),),
          expr="model.code.lines <= $max_number_of_lines", says="have $max_number_of_lines lines at most",
          near="A line break at the end begins no further line."),
    Check("check_source_loader_populated", "source", code="SO010", expr="source.loader != ''",
          says="say what loads it", near="A loader that is not set fails as an empty one does."),
    Check("check_exposure_based_on_model", "exposure", code="EX001",
          takes=(Takes("minimum_number_of_models", "number", 1),
          Takes("maximum_number_of_models", "number", 100)),
          expr="size(exposure.parents) >= $minimum_number_of_models && "
               "size(exposure.parents) <= $maximum_number_of_models",
          says="read from $minimum_number_of_models to $maximum_number_of_models models"),
    Check("check_exposure_based_on_non_public_models", "exposure", code="EX002",
          expr="exposure.parents.all(parent, parent.type != 'model' || parent.access == 'public')",
          says="read public models alone", near=_OWN),
    Check("check_exposure_based_on_view", "exposure", code="EX003", takes=_VIEWS,
          expr="exposure.parents.all(parent, parent.type != 'model' || "
               "!(parent.materialized in $materializations_to_include))",
          says="read no $materializations_to_include", near=_OWN),
    describes("exposure", "EX004"),
    meta_keys("exposure", "EX005"),
    Check("check_exposure_has_owner", "exposure", code="EX006",
          takes=(Takes("required_fields", "texts", ["email"]),), filled=_owner,
          says="say who answers for it"),
    Check("check_macro_arguments_description_populated", "macro", code="MA001", takes=(LENGTH,),
          expr="macro.arguments.all(argument, " + described("argument.description") + ")",
          says="describe its arguments", near="Arguments that the properties file lists are judged."),
    describes("macro", "MA003"),
    meta_keys("macro", "MA004"),
    Check("check_macro_is_used", "macro", code="MA005", expr="macro.used", says="be called by something",
          near="Judged from dbt's manifest; from the files alone it is told as not known."),
    Check("check_macro_max_number_of_lines", "macro", code="MA007",
          takes=(Takes("max_number_of_lines", "number", 100),), expr="macro.lines <= $max_number_of_lines",
          says="have $max_number_of_lines lines at most", near="Blank lines around a macro are none of it."),
    Check("check_macro_name_matches_file_name", "macro", code="MA008",
          expr="macro.file == (macro.name.startsWith('test_') ? macro.name.substring(5) : macro.name)",
          says="stand in a file of its name"),
    named("macro", "MA009"),
    Check("check_macro_property_file_location", "macro", code="MA010",
          expr="macro.properties_path != null && (macro.path.startsWith('tests/') || "
               "(macro.path.lastIndexOf('/') == macro.path.indexOf('/') ? "
               f"{_MACRO_FILE} == '_macros.yml' : "
               f"({_MACRO_FILE}.startsWith('_') && {_MACRO_FILE}.endsWith('__macros.yml') && "
               f"{_MACRO_FILE}.contains('_' + macro.path.substring(macro.path.indexOf('/') + 1, "
               "macro.path.lastIndexOf('/')).replace('/', '_')))))",
          says="be described in the file named after its folder"),
    Check("check_semantic_model_based_on_non_public_models", "semantic_model", code="SM001",
          expr="semantic_model.parents.all(parent, parent.type != 'model' || parent.access == 'public')",
          says="be made on public models alone", near=_OWN),
    Check("check_unit_test_expect_format", "unit_test", code="UT002", takes=_FORMATS,
          expr="unit_test.expected_format in $permitted_formats", says="expect one of $permitted_formats",
          near="A format that is not said is dict, as dbt takes it."),
    Check("check_unit_test_given_formats", "unit_test", code="UT003", takes=_FORMATS,
          expr="unit_test.given.all(input, input.format in $permitted_formats)",
          says="be given $permitted_formats", near="A format that is not said is dict, as dbt takes it."),
    *MORE,
    Check("check_model_hard_coded_references", code="MO009", when="model.language == 'sql'",
          expr="size(model.code.hard_coded) == 0", says="name no table itself",
          near="Names without a schema are found too."),
    Check("check_unit_test_coverage", "project", code="UT001",
          takes=(Takes("min_unit_test_coverage_pct", "share", 100),),
          expr="double(size(project.models.filter(model, model.unit_tests > 0))) * 100.0"
               " >= double(size(project.models)) * $min_unit_test_coverage_pct",
          says="have unit tests of $min_unit_test_coverage_pct % of its models"),
    _complete("seed", "CA001"),
    Check("check_seed_max_bytes", code="CA002", why=CATALOG),
    Check("check_seed_max_row_count", code="CA003", why=CATALOG),
    _complete("source", "CA004"),
    _declared(_BY_NAME["check_model_column_description_populated"], "check_column_description_populated",
              "CA005"),
    Check("check_columns_are_all_documented", code="CA006", takes=(Takes("case_sensitive", "flag", True),),
          says="declare every column",
          near="The columns that a model's SQL makes are compared, not those that the warehouse has."),
    structs.replace(
        _declared(_BY_NAME["check_model_column_description_populated"],
                  "check_columns_are_documented_in_public_models", "CA007"),
        when="model.access == 'public'"),
    _declared(_BY_NAME["check_model_column_name_complies_to_column_type"],
              "check_column_name_complies_to_column_type", "CA008"),
    _declared(_BY_NAME["check_model_column_names"], "check_column_names", "CA009"),
    _declared(_BY_NAME["check_model_column_type_complies_to_column_name"],
              "check_column_type_complies_to_column_name", "CA010"),
    _declared(_BY_NAME["check_model_column_has_specified_test"], "check_column_has_specified_test", "CA011"),
    Check("check_info_schema_query", code="IS001",
          why="it is a query over dbt Fusion's own tables, which floe does not read"),
    Check("check_model_column_descriptions_propagated", code="IS002",
          why="floe does not ask whose column a column was; `governance.documentation.descriptions` asks for "
              "words about every one, and `one_description` for the same words"),
    Check("check_model_column_meta_propagated", code="IS003", why=_LEVELS),
    Check("check_model_column_types_match_inferred", code="IS004", why="floe works out no types of SQL"),
    Check("check_model_columns_have_lineage", code="IS005",
          why="with `governance.classification.propagation: {mode: column}` floe tells which models' columns "
              "it cannot follow (FLOE-E253), where something sensitive is above them"),
    Check("check_model_grain_is_tested", code="IS006", says="have a tested key", near=_GRAIN),
    Check("check_model_has_grain", code="IS007", says="have a key", near=_GRAIN),
    Check("check_model_public_columns_not_derived_from_meta", code="IS008", why=_LEVELS),
    Check("check_source_columns_are_used", code="IS009",
          why="floe follows where sensitive columns go, and not which columns nobody takes"),
    Check("check_run_results_max_execution_time", code="RR001", why=_RUNS),
    Check("check_run_results_max_gigabytes_billed", code="RR002", why=_RUNS),
)  # fmt: skip
