"""Completion, hover, outline and definitions, at the places where people want them."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from floe_engine.document import edit
from floe_engine.document.diagnostics import Position, Span, TextEdit
from floe_engine.manifest.assist import complete, definition, fixes_at, hover, inherited, outline
from floe_engine.manifest.check import Checked, check
from floe_engine.manifest.cursor import cursor_at
from floe_engine.manifest.plugins import Catalogue
from tests.engine.manifest.conftest import SEED
from tests.engine.manifest.files import check_file


def at(text: str, catalogue: Catalogue) -> tuple[Checked, Position]:
    """A text with the cursor at ``|``."""
    before, _, after = text.partition("|")
    checked = check(before + after, catalogue=catalogue)
    return checked, Position(before.count("\n"), len(before) - before.rfind("\n") - 1)


def offered(text: str, catalogue: Catalogue) -> list[str]:
    return [offer.label for offer in complete(*at(text, catalogue))]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        (SEED + "|", ["scope", "parent", "approved_plugins", "catalog", "security", "artifacts"]),
        (SEED + "sec|", ["security"]),
        (SEED.replace("pattern: medallion", "pattern: |"), ["medallion", "kimball", "data_vault", "custom"]),
        (SEED.replace("pattern: medallion", "pattern: med|"), ["medallion"]),
        (SEED.replace("enforcement: strict", "enforcement:  st|rict"), ["strict"]),
        (SEED.replace("block_on_failure: true", "block_on_failure: |"), ["true", "false"]),
        (SEED.replace("    minimum_test_coverage: 80\n", "    min|\n"), ["minimum_test_coverage"]),
        (SEED.replace("type: duckdb", "type: |"), ["duckdb", "snowflake", "bigquery"]),
        (SEED.replace("type: duckdb", "type: duckdb\n    version: |"), ["1.0.0"]),
        (SEED.replace("type: duckdb", "type: duckdb\n    config:\n      |"), ["path", "schema", "threads"]),
        (SEED.replace("type: duckdb", "type: bigquery\n    config: {method: |}"), ["oauth"]),
        (SEED.replace("plugins:\n", "plugins:\n  |\n"), ["storage", "semantic_layer", "ingestion"]),
        (SEED + "  classification:\n    default_level: |", ["public", "internal", "confidential"]),
        (SEED + "  classification:\n    levels: [internal, hot]\n    default_level: h|", ["hot"]),
        (SEED + "  access_control:\n    permissions:\n      - role: |", ["data_engineer", "analyst"]),
        (SEED + "  access_control:\n    permissions:\n      - |", ["role", "namespaces", "levels", "access"]),
        (SEED + "  access_control:\n    permissions:\n      - role: admin\n        ac|", ["access"]),
        (
            SEED + "  access_control:\n    permissions:\n      - {role: admin, namespaces: [bronze, |]}",
            ["silver", "gold"],
        ),
        (SEED + "x:\n|", ["scope", "parent"]),
        (
            SEED.replace("  naming:", "  layers:\n    gold:\n      may_depend_on:\n        - s|\n  naming:"),
            ["silver", "source"],
        ),
        (SEED.replace("  naming:", "  layers:\n    |\n  naming:"), ["bronze", "silver", "gold"]),
        (SEED + "  quality_gates:\n    required_tests: [uni|", ["unique_pk", "unit_test"]),
        (SEED + "    layer_thresholds: {|", ["bronze", "silver", "gold"]),
        (SEED + "  documentation:\n    descriptions: {|", ["model", "column", "seed"]),
        (SEED + "  documentation:\n    tags:\n      so|", ["source"]),
        (SEED + "  sources:\n    require: [used, |]", ["freshness", "loader", "tests"]),
        (SEED + "  custom_rules:\n  - type: require_m|", ["require_meta_field"]),
        (SEED + "  waivers:\n  - pattern: x\n    action: |", ["downgrade", "exclude"]),
    ],
)  # fmt: skip
def test_completion_offers_what_fits_the_place(text: str, first: list[str], catalogue: Catalogue) -> None:
    assert offered(text, catalogue)[: len(first)] == first


@pytest.mark.parametrize(
    "text", [SEED + "# comment |", SEED.replace("acme-data-platform", "ac|"), SEED + "x:\n  y: |"]
)
def test_completion_is_silent_where_nothing_is_known(text: str, catalogue: Catalogue) -> None:
    assert offered(text, catalogue) == []


def test_a_completion_replaces_the_whole_word_and_gives_a_sound_document(catalogue: Catalogue) -> None:
    checked, position = at(SEED.replace("pattern: medallion", "pattern: me|da"), catalogue)
    offer = complete(checked, position)[0]
    text = edit.apply(checked.document.text, [TextEdit(offer.span, offer.text)])
    assert text == SEED
    checked, position = at(SEED.replace("    type: duckdb\n", "    type: duckdb\n    ver|\n"), catalogue)
    (offer,) = complete(checked, position)
    text = edit.apply(checked.document.text, [TextEdit(offer.span, offer.text)])
    assert "    version: \n" in text
    assert "exact version" in offer.documentation


@pytest.mark.parametrize("behind", [":|", ": |", ":  med|"])
def test_a_value_is_parted_from_its_colon(behind: str, catalogue: Catalogue) -> None:
    checked, position = at(SEED.replace("pattern: medallion", f"pattern{behind}"), catalogue)
    offer = complete(checked, position)[0]
    text = edit.apply(checked.document.text, [TextEdit(offer.span, offer.text)])
    assert check(text, catalogue=catalogue).ok


def test_a_nested_key_opens_its_section(catalogue: Catalogue) -> None:
    checked, position = at(SEED + "  classif|", catalogue)
    assert complete(checked, position)[0].text == "classification:\n    "


def test_every_place_of_a_manifest_has_a_cursor_that_agrees_with_its_document(catalogue: Catalogue) -> None:
    text = SEED + (
        "  waivers:\n    - pattern: a\n      rules: [R1, R2]\n    - {pattern: b, reason: c}\n"
        "  custom_rules:\n  - type: require_meta_field\n    field: owner\n  - type: x\n"
    )
    document = check(text, catalogue=catalogue).document

    def visit(path: tuple[str | int, ...]) -> None:
        node = document.find(path)
        assert node is not None
        if not node.children and not node.items:
            cursor = cursor_at(document.lines, node.end)
            assert cursor is not None
            assert (cursor.path, cursor.is_value) == (path, True), node
        for name in node.children:
            visit((*path, name))
        for index in range(len(node.items)):
            visit((*path, index))

    visit(())


def test_hover_tells_meaning_type_default_and_origin(catalogue: Catalogue) -> None:
    checked, position = at(SEED.replace("minimum_test_coverage", "minimum|_test_coverage"), catalogue)
    found = hover(checked, position)
    assert found is not None
    assert found.text.startswith("**governance.quality_gates.minimum_test_coverage**")
    assert "whole number 0–100; default `80`" in found.text
    assert "80, from enterprise acme-data-platform@1.2.3" in found.text
    line = checked.document.lines[found.span.start.line]
    assert line[found.span.start.column : found.span.end.column] == "minimum_test_coverage"


def test_hover_on_a_plugin_tells_what_the_catalogue_knows(catalogue: Catalogue) -> None:
    found = hover(*at(SEED.replace("duckdb", "duck|db"), catalogue))
    assert found is not None
    assert "dbt-duckdb" in found.text
    setting = hover(*at(SEED.replace("type: duckdb", "type: duckdb\n    config: {thr|eads: 4}"), catalogue))
    assert setting is not None
    assert "Models built at once" in setting.text


def test_hover_warns_of_a_setting_that_moves_data(catalogue: Catalogue) -> None:
    found = hover(*at(SEED.replace("type: duckdb", "type: duckdb\n    config: {pa|th: a}"), catalogue))
    assert found is not None
    assert "moves data: a major version" in found.text


def test_hover_says_what_a_domain_inherits(tmp_path: Path, catalogue: Catalogue) -> None:
    checked = family(tmp_path, catalogue)
    line = next(n for n, text in enumerate(checked.document.lines) if "minimum" in text)
    found = hover(checked, Position(line, 10))
    assert found is not None
    assert "90, from domain sales@1.0.0; enterprise acme-data-platform@1.2.3: 80" in found.text


def test_definition_leads_to_the_parents_setting(tmp_path: Path, catalogue: Catalogue) -> None:
    checked = family(tmp_path, catalogue)
    line = next(n for n, text in enumerate(checked.document.lines) if "minimum" in text)
    target = definition(checked, Position(line, 10))
    assert target is not None
    assert target.file == tmp_path / "acme.yaml"
    assert SEED.split("\n")[target.span.start.line].strip() == "minimum_test_coverage: 80"


def test_what_a_parent_in_a_registry_sets_is_told_as_text(tmp_path: Path, catalogue: Catalogue) -> None:
    checked = family(tmp_path, catalogue)
    line = next(n for n, text in enumerate(checked.document.lines) if "minimum" in text)
    assert inherited(checked, Position(line, 10)) is None  # it has a file
    assert checked.parent is not None
    remote = replace(checked, parent=replace(checked.parent, path=None, ref="oci://host/acme:v1.2.3"))
    found = inherited(remote, Position(line, 10))
    assert found is not None
    assert found.text.split("\n")[found.span.start.line].strip() == "minimum_test_coverage: 80"
    assert found.origin == "enterprise acme-data-platform@1.2.3, oci://host/acme:v1.2.3"


RULE = SEED + "  custom_rules:\n  - id: r\n    type: cel\n"


@pytest.mark.parametrize(
    ("text", "first"),
    [
        (RULE + "    expr: model.ow|", ["owner"]),
        (RULE + "    expr: model.|", ["name", "path", "description"]),
        (RULE + "    expr: |", ["model", "size"]),
        (RULE + "    expr: mo|", ["model"]),
        (RULE + "    subject: exposure\n    expr: exposure.mat|", ["maturity"]),
        (RULE + "    expr: model.columns.exists(c, c.data|", ["data_type"]),
        (RULE + "    expr: model.columns.exists(c, c.tests.|", ["all", "exists", "exists_one", "filter"]),
        (RULE + "    expr: model.owner.starts|", ["startsWith"]),
        (RULE + "    expr: model.contract.en| && true", ["enforced"]),
        (RULE + "    expr: model.depth < && model.contract.en|", ["enforced"]),
        (RULE + "    expr: |-\n".replace("|", ">") + "      true &&\n        model.dep| > 1", ["depth"]),
        (RULE + "    when: 'model.lay|'", ["layer"]),
        (RULE + '    message: "{model.name} of {model.lay|} is wide"', ["layer"]),
        (RULE + "    subject: column\n    expr: co|", ["column"]),
    ],
)  # fmt: skip
def test_completion_inside_an_expression_offers_what_fits(
    text: str, first: list[str], catalogue: Catalogue
) -> None:
    assert offered(text, catalogue)[: len(first)] == first


@pytest.mark.parametrize(
    "text",
    [
        RULE + "    expr: model.name == 'own|er'",
        RULE + '    message: "the model.ow| of"',
        RULE + "    subject: galaxy\n    expr: model.|",
        RULE + "    expr: model.meta.anything.o|",
        RULE.replace("type: cel", "type: require_meta_field") + "    expr: model.ow|",
    ],
)
def test_completion_inside_an_expression_is_silent_where_nothing_is_known(
    text: str, catalogue: Catalogue
) -> None:
    assert not {"owner", "name"} & set(offered(text, catalogue))


def test_a_completion_inside_an_expression_replaces_the_whole_word(catalogue: Catalogue) -> None:
    checked, position = at(RULE + "    expr: true && model.ow|ner != null\n", catalogue)
    (offer,) = complete(checked, position)
    assert checked.document.slice(offer.span) == "owner"
    assert (offer.text, offer.detail) == ("owner", "string or null")
    assert "Who answers for it" in offer.documentation


@pytest.mark.parametrize(
    ("text", "word", "said"),
    [
        (RULE + "    expr: model.own|er != null", "owner", "**Model.owner**: `string or null`"),
        (RULE + "    expr: mod|el.owner != null", "model", "A model of the project."),
        (RULE + "    expr: model.columns.ex|ists(c, c.name == 'x')", "exists", "true of some item"),
        (RULE + "    expr: model.columns.exists(c, c.na|me == 'x')", "name", "Its name, as declared."),
        (RULE + "    expr: siz|e(model.tags) > 0", "size", "How many characters, items or entries."),
        (RULE + "    message: '{model.dep|th} levels'", "depth", "**Model.depth**: `int`"),
    ],
)
def test_hover_inside_an_expression_tells_type_and_meaning(
    text: str, word: str, said: str, catalogue: Catalogue
) -> None:
    checked, position = at(text, catalogue)
    told = hover(checked, position)
    assert told is not None
    assert checked.document.slice(told.span) == word
    assert said in told.text


def test_definition_of_a_name_leads_to_where_the_file_defines_it(catalogue: Catalogue) -> None:
    text = (
        SEED + "  access_control:\n    roles:\n      steward: {}\n"
        "    permissions: [{role: stew|ard, levels: [pii], access: READ}]\n"
    )
    checked, position = at(text, catalogue)
    target = definition(checked, position)
    assert target is not None
    assert target.file is None
    assert checked.document.lines[target.span.start.line].strip() == "steward: {}"


def test_the_outline_has_sections_with_their_contents(catalogue: Catalogue) -> None:
    symbols = outline(check(SEED, catalogue=catalogue).document)
    assert [symbol.name for symbol in symbols] == [
        "apiVersion", "kind", "metadata", "plugins", "data_architecture", "governance",
    ]  # fmt: skip
    plugins = symbols[3]
    assert [child.name for child in plugins.children] == ["compute", "orchestrator", "catalog"]
    assert plugins.children[0].children[0].detail == "duckdb"
    for symbol in symbols:
        assert symbol.span.start <= symbol.selection.start
        assert symbol.selection.end <= symbol.span.end


def test_fixes_are_found_by_place(catalogue: Catalogue) -> None:
    checked, position = at(SEED.replace("duckdb", "duckbd|"), catalogue)
    ((found, fix),) = fixes_at(checked.diagnostics, Span(position, position))
    assert found.code == "FLOE-M021"
    assert edit.apply(checked.document.text, fix.edits) == SEED


def family(directory: Path, catalogue: Catalogue) -> Checked:
    (directory / "acme.yaml").write_text(SEED)
    (directory / "manifest.yaml").write_text(
        'apiVersion: floe.dev/v1\nkind: Manifest\nmetadata: {name: sales, version: "1.0.0", scope: domain}\n'
        "parent: {ref: acme.yaml}\ngovernance:\n  quality_gates:\n    minimum_test_coverage: 90\n"
    )
    return check_file(directory / "manifest.yaml", catalogue=catalogue)
