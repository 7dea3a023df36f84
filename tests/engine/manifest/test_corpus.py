"""One broken manifest for every code: where it is blamed, and what its fix leaves behind."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from floe_engine.document import edit
from floe_engine.document.codes import CODES as DOCUMENT_CODES
from floe_engine.document.diagnostics import Span
from floe_engine.fingerprint import fingerprint_of_pem
from floe_engine.manifest.check import Checked, check
from floe_engine.manifest.codes import CODES, MANIFEST_CODES
from floe_engine.manifest.plugins import Catalogue
from tests.engine.manifest.conftest import public_pem

HEAD = 'apiVersion: floe.dev/v1\nkind: Manifest\nmetadata: {name: acme, version: "1.2.3"}\n'
ENTERPRISE = HEAD.replace("}", ", scope: enterprise}")
DOMAIN = HEAD.replace("}", ", scope: domain}") + "parent: up/manifest.yaml\n"
COMPUTE = "plugins: {compute: {type: duckdb}}\n"
PEM = public_pem()
INLINE = json.dumps(PEM)
INLINE_PRINT = fingerprint_of_pem(PEM).removeprefix("sha256:").upper()


@dataclass(frozen=True)
class Case:
    """A manifest in which «» marks where `code` is reported; `fixed` is a part of the mended text."""

    code: str
    text: str
    fixed: str | None = None
    parent: str = ""


def head(text: str, code: str, fixed: str | None = None) -> Case:
    return Case(code, HEAD + COMPUTE + text, fixed)


def house(rule: str, code: str, fixed: str | None = None) -> Case:
    return head(f"governance:\n  custom_rules:\n  - type: cel\n    id: r\n    {rule}\n", code, fixed)


def packaged(package: str, digest: str, code: str) -> Case:
    rule = f"type: python, id: r, package: {package}, rule: r, digest: {digest}, examples: {{pass: [{{}}]}}"
    return head(f"governance: {{custom_rules: [{{{rule}}}]}}\n", code)


CASES = (
    head("«govrnance»: {}\n", "FLOE-M001", "governance: {}"),
    head("«minimum_test_coverage»: 70\n", "FLOE-M001", "minimum_test_coverage: 70"),
    Case("FLOE-M002", 'apiVersion: floe.dev/v1\nkind: Manifest\n«metadata»:\n  version: "1.0.0"\n' + COMPUTE),
    Case("FLOE-M003", HEAD + "plugins:\n  compute: «duckdb»\n", "  compute:\n    type: duckdb"),
    head("governance: {quality_gates: {required_tests: «unique_pk»}}\n", "FLOE-M003", "[unique_pk]"),
    head('governance: {quality_gates: {minimum_test_coverage: «"70"»}}\n', "FLOE-M003", "coverage: 70}"),
    head("«governance»:\n", "FLOE-M003"),
    head("data_architecture: {pattern: «medalion»}\n", "FLOE-M004", "pattern: medallion"),
    head("data_architecture: {naming: {enforcement: «false»}}\n", "FLOE-M004", 'enforcement: "off"'),
    head("governance: {documentation: {tags: {«sorce»: [a]}}}\n", "FLOE-M004", "tags: {source: [a]}"),
    head("governance: {sources: {require: [«usd»]}}\n", "FLOE-M004", "require: [used]"),
    head("governance: {code: {forbidden_patterns: [«(»]}}\n", "FLOE-M036"),
    head("governance: {documentation: {meta: {seed: [{key: a, pattern: «(»}]}}}\n", "FLOE-M036"),
    head("governance: {quality_gates: {minimum_test_coverage: «120»}}\n", "FLOE-M005", "coverage: 100"),
    head("data_architecture:\n  layers:\n    «RawVault»: {prefix: rv_}\n", "FLOE-M006", "rawvault: {prefix"),
    Case("FLOE-M006", HEAD.replace("acme", "«Acme_Data»") + COMPUTE, "name: acme-data,"),
    Case("FLOE-M007", "«»# nothing yet\n", "type: duckdb"),
    head("governance: {quality_gates: {block_on_failure: «yes»}}\n", "FLOE-M008", "failure: true"),
    Case("FLOE-M009", HEAD.replace("}", ", owner: «0042»}") + COMPUTE, 'owner: "0042"'),
    Case("FLOE-M010", HEAD.replace('"1.2.3"', "«1.10»") + COMPUTE, 'version: "1.10.0"'),
    Case("FLOE-M011", HEAD.replace('"1.2.3"', "«v1.2.3»") + COMPUTE, 'version: "1.2.3"'),
    Case("FLOE-M012", HEAD.replace('"1.2.3"', '«"1.2"»') + COMPUTE, 'version: "1.2.0"'),
    Case("FLOE-M012", HEAD.replace('"1.2.3"', '«"1.2.3+b7"»') + COMPUTE, 'version: "1.2.3"'),
    Case("FLOE-M013", HEAD.replace("acme", "«floe»") + COMPUTE),
    head("«environments»: {dev: {}}\n", "FLOE-M014"),
    Case("FLOE-M015", ENTERPRISE + COMPUTE + "scope: «domain»\n", "\nscope: enterprise"),
    Case("FLOE-M016", HEAD.replace("}", ", scope: «domain»}") + COMPUTE),
    Case("FLOE-M017", ENTERPRISE + COMPUTE + "«parent»: {ref: oci://r/p:v1}\n", "scope: domain"),
    Case("FLOE-M018", DOMAIN.replace("up/manifest.yaml", "«nowhere.yaml»") + COMPUTE),
    head("«approved_plugins»: {compute: [duckdb]}\n", "FLOE-M019"),
    Case("FLOE-M020", HEAD + "plugins:\n  «comput»: {type: duckdb}\n", "  compute: {type"),
    Case("FLOE-M021", HEAD + "plugins: {compute: {type: «duckbd»}}\n", "type: duckdb"),
    Case("FLOE-M022", HEAD + 'plugins: {compute: {type: duckdb, version: «"9.9.9"»}}\n', "1.0.0"),
    Case("FLOE-M023", HEAD + "plugins: {compute: {type: «futuredb»}}\n"),
    Case("FLOE-M024", HEAD + "plugins: {compute: {type: duckdb}, dbt: {type: «fusion»}}\n"),
    Case("FLOE-M024", HEAD + "plugins: {compute: {type: duckdb}, storage: {type: «rival»}}\n"),
    Case("FLOE-M025", HEAD + "plugins: {compute: {type: duckdb, config: {threads: «many»}}}\n"),
    Case("FLOE-M025", HEAD + "plugins: {compute: {type: duckdb, config: {«thread»: 4}}}\n", "threads: 4"),
    Case(
        "FLOE-M026",
        HEAD + "plugins: {compute: {type: snowflake, config: {password: «hunter2»}}}\n",
        'password: "${FLOE_COMPUTE_PASSWORD}"',
    ),
    Case("FLOE-M027", HEAD + "«plugins»: {orchestrator: {type: dagster}}\n"),
    Case("FLOE-M028", HEAD + "plugins:\n  «compute»:\n    config: {threads: 2}\n"),
    Case("FLOE-M028", HEAD + "plugins: {compute: {approved: [{name: duckdb}], default: «trino»}}\n"),
    Case("FLOE-M029", HEAD + "«plugins»: {compute: {type: duckdb}}\n"),
    head("data_architecture: {layers: {raw: {prefix: «bronze_raw_»}}}\n", "FLOE-M030"),
    head("data_architecture: {layers: {silver: {may_depend_on: [«bronz»]}}}\n", "FLOE-M031", "[bronze]"),
    head("governance: {classification: {default_level: «intern»}}\n", "FLOE-M032", "level: internal"),
    head("governance: {classification: {«levels»: [low, high]}}\n", "FLOE-M032"),
    head(
        "governance: {access_control: {permissions: [{role: «analist», levels: [pii], access: READ}]}}\n",
        "FLOE-M033",
        "role: analyst",
    ),
    head(
        "governance: {access_control: {permissions: "
        "[{role: admin, namespaces: [«golden»], access: READ}]}}\n",
        "FLOE-M034",
        "[gold]",
    ),
    head("governance: {classification: {levels: [internal, pii, «pii»]}}\n", "FLOE-M035", "[internal, pii]"),
    head("data_architecture: {naming: {name_pattern: «'[a-z'»}}\n", "FLOE-M036"),
    head("data_architecture: {naming: {name_pattern: «'(?!stg)[a-z]+'»}}\n", "FLOE-M037"),
    head("data_architecture: {naming: {name_pattern: «'(a{100}){100}'»}}\n", "FLOE-M037"),
    head("data_architecture: {pattern: «custom», layers: {raw: {prefix: raw_}}}\n", "FLOE-M038"),
    head("data_architecture: {naming: {«custom_patterns»: ['x']}}\n", "FLOE-M038"),
    head("data_architecture: {pattern: «custom», naming: {custom_patterns: ['x']}}\n", "FLOE-M039"),
    head("security: {trusted_keys: [«cosing.pub»]}\n", "FLOE-M040", "[cosign.pub]"),
    head("security: {trusted_keys: [«cosign.key»]}\n", "FLOE-M041"),
    head("security: {trusted_keys: [«../cosign.pub»]}\n", "FLOE-M042"),
    head("policy_tests: [«/etc/*.yaml»]\n", "FLOE-M042"),
    head("security: {require_signed_artifacts: «true»}\n", "FLOE-M043"),
    head("security: {«delegated_keys»: {sales: [cosign.pub]}}\n", "FLOE-M019"),
    Case(
        "FLOE-M040",
        ENTERPRISE + COMPUTE + "security: {delegated_keys: {sales: [«cosing.pub»]}}\n",
        "[cosign.pub]",
    ),
    head("security: {revoked_keys: [«sha256:12»]}\n", "FLOE-M057"),
    head(f"security: {{trusted_keys: [«{INLINE}»], revoked_keys: ['{INLINE_PRINT}']}}\n", "FLOE-M058"),
    head(
        "security: {trusted_identities: [{identity: a@b.c, issuer: d}, «{identity: a@b.c, issuer: d}»]}\n",
        "FLOE-M035",
        "[{identity: a@b.c, issuer: d}]",
    ),
    head("governance: {waivers: [«{pattern: a, reason: b, owner: c}»]}\n", "FLOE-M044"),
    head(
        "governance: {waivers: [{pattern: a, reason: b, owner: c, expires: «2020-01-01»}]}\n", "FLOE-M044"
    ),
    head(
        "governance: {waivers: [{pattern: a, reason: b, owner: c, expires: «2029-01-01»}]}\n", "FLOE-M044"
    ),
    head("governance: {waivers: [«{pattern: a, reason: b, expires: 2026-03-01}»]}\n", "FLOE-M045"),
    head(
        "governance: {waivers: [{select: «legacy», reason: b, owner: c, expires: 2026-03-01}]}\n", "FLOE-M046"
    ),
    head(
        "governance: {access_control: {roles: {a: {inherits: [b]}, b: {inherits: [«a»]}}}}\n", "FLOE-M047"
    ),
    head("governance: {custom_rules: [«{type: require_meta_field}»]}\n", "FLOE-M048"),
    head("governance: {custom_rules: [«{type: cel, expr: 'true'}»]}\n", "FLOE-M048"),
    house("expr: model.«nmae» == 'x'", "FLOE-M059", "model.name == 'x'"),
    house("expr: model.depth «>» 'x'", "FLOE-M059"),
    house('expr: "model.name == \\"é\\u0065\\" && 1 «=» 1"', "FLOE-M059"),
    house("expr: 'model.name == ''x'' && «mdel».name != '''' '", "FLOE-M059", "&& model.name"),
    house("expr: |-\n      true &&\n        model.«nam» == ''", "FLOE-M059", "model.name =="),
    house("expr: >\n      true &&\n\n      model.«nam» == ''", "FLOE-M059", "model.name =="),
    house("expr: true &&\n      model.«nam» == ''", "FLOE-M059", "model.name =="),
    house("expr: 'true'\n    message: 'a {{ {1 + «nam»} b'", "FLOE-M059"),
    house("expr: model.owner != null\n    examples: {pass: [{«ownr»: x}]}", "FLOE-M060", "{owner: x}"),
    house("expr: model.owner != null\n    examples: {pass: [{owner: «7»}]}", "FLOE-M060"),
    house("expr: model.owner != null\n    examples: {fail: [«{owner: x}»]}", "FLOE-M061"),
    house("expr: «model.owner != null»", "FLOE-M062"),
    packaged("click", f"«sha256:{'0' * 64}»", "FLOE-M063"),
    packaged("«acme-floe-rules»", f"sha256:{'0' * 64}", "FLOE-M064"),
    head("artifacts: {registry: «https://ghcr.io/acme/platform»}\n", "FLOE-M049", "oci://ghcr.io/acme/platform"),
    head("artifacts: {registry: «oci://ghcr.io/acme/platform:v1»}\n", "FLOE-M049", '"oci://ghcr.io/acme/platform"}'),
    head("artifacts: {registry: {uri: oci://r/p, tls_verify: «false»}}\n", "FLOE-M049", "verify: true"),
    Case(
        "FLOE-M050",
        DOMAIN + "governance: {quality_gates: {minimum_test_coverage: «60»}}\n",
        "coverage: 70",
        "governance: {quality_gates: {minimum_test_coverage: 70}}\n",
    ),
    Case(
        "FLOE-M051",
        DOMAIN + "plugins: {compute: {type: «trino»}}\n",
        "type: duckdb",
        "approved_plugins: {compute: [duckdb]}\n",
    ),
    Case(
        "FLOE-M052",
        DOMAIN + "governance: {classification: {levels: «[public, internal]»}}\n",
        None,
        "governance: {classification: {levels: [public, internal, pii]}}\n",
    ),
    head("governance: {quality_gates: {required_tests: [«unique_pkk»]}}\n", "FLOE-M053", "[unique_pk]"),
    Case("FLOE-M054", DOMAIN.replace("up/manifest.yaml", "«oci://r/p:v1.0.0»") + COMPUTE),
    Case(
        "FLOE-M055",
        DOMAIN + "governance: {waivers: [«{pattern: a, reason: b, owner: c, expires: 2026-03-01}»]}\n",
        None,
        "governance: {rules: {FLOE-E201: {overridable: false}}}\n",
    ),
    Case(
        "FLOE-M056",
        DOMAIN + "security: {trusted_keys: [«cosign.pub»]}\n",
        None,
        "security: {trusted_keys: [other.pub]}\n",
    ),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code}-{CASES.index(case)}")
def test_a_broken_manifest_is_blamed_at_the_right_place_and_its_fix_mends_it(
    case: Case, house: Path, odd_catalogue: Catalogue
) -> None:
    text, span = unmark(case.text)
    if case.parent:
        (house / "up" / "manifest.yaml").write_text(ENTERPRISE + COMPUTE + case.parent)

    checked = judge(text, house, odd_catalogue)
    found = [item for item in checked.diagnostics if item.code == case.code and item.span == span]
    assert found, [(item.code, str(item.span.start), item.message) for item in checked.diagnostics]
    assert found[0].message
    assert checked.ok == (not checked.errors)

    if case.fixed is None:
        return
    fixed = edit.apply(text, found[0].fixes[0].edits)
    assert case.fixed in fixed
    left = judge(fixed, house, odd_catalogue).diagnostics
    assert not [item for item in left if item.code == case.code and item.path == found[0].path]


def test_the_corpus_has_every_code_and_every_code_is_explained() -> None:
    assert {case.code for case in CASES} == set(MANIFEST_CODES)
    assert set(DOCUMENT_CODES) < set(CODES)
    for explanation in CODES.values():
        assert explanation.title
        assert len(explanation.prose) > 40


def test_no_diagnostic_has_a_code_without_explanation(house: Path, odd_catalogue: Catalogue) -> None:
    for case in CASES:
        for item in judge(unmark(case.text)[0], house, odd_catalogue).diagnostics:
            assert item.code in CODES


def judge(text: str, house: Path, catalogue: Catalogue) -> Checked:
    return check(text, path=house / "manifest.yaml", catalogue=catalogue, today=date(2026, 1, 1))


def unmark(text: str) -> tuple[str, Span]:
    before, _, rest = text.partition("«")
    inner, _, after = rest.partition("»")
    line, column = before.count("\n"), len(before) - (before.rfind("\n") + 1)
    assert "\n" not in inner
    return before + inner + after, Span.at(line, column, line, column + len(inner))
