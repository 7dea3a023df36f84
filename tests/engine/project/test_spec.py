"""floe.yaml: what is accepted, and every problem at its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from floe_engine.distribution.request import VersionRequest
from floe_engine.document.diagnostics import Diagnostic
from floe_engine.errors import ConfigurationError
from floe_engine.project.spec import Spec
from floe_engine.project.spec_check import MEANINGS, against_platform, check_spec
from floe_engine.project.spec_file import load_spec, new_spec_text
from floe_engine.project.spec_schema import spec_json_schema
from tests.engine.project.test_profiles import platform as some_platform

REF = "oci://registry.example.com/floe-platform:v1.2.3"
HEAD = "apiVersion: floe.dev/v1\nkind: DataProduct\n"
PINNED = f"{HEAD}platform:\n  ref: {REF}\n"


def spec_of(text: str) -> Spec:
    checked = check_spec(text, base=Path("/project"))
    assert checked.diagnostics == ()
    assert checked.spec is not None
    return checked.spec


def problems(text: str) -> tuple[Diagnostic, ...]:
    checked = check_spec(text, base=Path("/project"))
    assert checked.spec is None
    return checked.diagnostics


def problem(text: str) -> Diagnostic:
    (found,) = problems(text)
    return found


def test_the_shortest_file_pins_a_platform() -> None:
    spec = spec_of(PINNED)
    assert spec.platform.ref == REF
    wanted = VersionRequest.of(spec, Path("/project"))
    assert wanted is not None and f"{wanted.repository}:{wanted.constraint}" == REF
    assert spec.transforms[0].project_dir == "."
    assert spec.dbt.reader == "auto"


@pytest.mark.parametrize("tag", ["v1.2.*", "v1.*.*", "^1.2"])
def test_a_range_is_a_constraint_and_no_tag(tag: str) -> None:
    spec = spec_of(f'{HEAD}platform:\n  ref: "oci://r.example/p:{tag}"\n')
    wanted = VersionRequest.of(spec, Path("/project"))
    assert wanted is not None and wanted.repository.tag is None and wanted.constraint == tag


def test_a_digest_needs_no_version() -> None:
    digest = "sha256:" + "a" * 64
    spec = spec_of(f"{HEAD}platform:\n  ref: oci://r.example/p@{digest}\n")
    wanted = VersionRequest.of(spec, Path("/project"))
    assert wanted is not None and wanted.is_digest and wanted.constraint == digest


def test_a_layout_is_relative_to_the_file() -> None:
    spec = spec_of(f"{HEAD}platform:\n  ref: oci-layout:../registry:v1.2.3\n")
    wanted = VersionRequest.of(spec, Path("/project"))
    assert wanted is not None and wanted.repository.root is not None
    assert (wanted.repository.scheme, wanted.constraint) == ("oci-layout", "v1.2.3")


def test_a_path_may_stand_instead_of_a_reference() -> None:
    spec = spec_of(f"{HEAD}platform:\n  manifest: ../platform/manifest.yaml\n")
    assert VersionRequest.of(spec, Path("/project")) is None
    assert spec.platform.manifest == "../platform/manifest.yaml"


def test_trust_is_the_consumers_own() -> None:
    spec = spec_of(
        PINNED
        + "  trusted_keys: [cosign.pub]\n"
        + "  trusted_identities:\n  - {identity: ci@example.com, issuer: 'https://issuer.example'}\n"
        + "  first_use: refuse\n"
    )
    assert spec.platform.trusted_keys == ("cosign.pub",)
    assert spec.platform.trusted_identities[0].issuer == "https://issuer.example"
    assert spec.platform.first_use == "refuse"


def test_upstreams_kind_is_accepted() -> None:
    assert spec_of(PINNED.replace("DataProduct", "FloeSpec")).kind == "FloeSpec"


def test_every_problem_is_reported_at_once_in_order() -> None:
    found = problems(
        "apiVersion: floe.dev/v2\nkind: DataProduct\nplatfrom:\n  ref: x\nquality: {minimum_coverage: 101}\n"
    )
    # The missing `platform` is a problem of the whole file, which starts on the first line.
    assert sorted(d.span.start.line + 1 for d in found) == [1, 1, 3, 5]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (PINNED + "outptu_ports: []\n", 5, "output_ports"),
        (PINNED + "  trusted_key: []\n", 5, "trusted_keys"),
        (PINNED + "dbt: {readers: auto}\n", 5, "reader"),
    ],
)
def test_a_misspelled_key_gets_the_right_one(text: str, line: int, words: str) -> None:
    found = problem(text)
    assert (found.code, found.span.start.line + 1) == ("FLOE-S001", line)
    assert f"did you mean `{words}`?" in found.message
    assert found.fixes[0].edits[0].new_text == words


@pytest.mark.parametrize("key", ["plugins", "data_architecture", "governance", "security", "naming"])
def test_the_platforms_own_keys_are_refused_by_name(key: str) -> None:
    found = check_spec(PINNED + f"{key}: {{}}\n", base=Path()).diagnostics[0]
    assert found.code == "FLOE-S002"
    assert found.message == f"'{key}' is set by the platform, not by a product"


def test_gates_cannot_be_switched_off_in_a_product() -> None:
    assert problem(PINNED + "quality: {block_on_failure: false}\n").code == "FLOE-S002"


@pytest.mark.parametrize("key", ["environments", "dev", "prod"])
def test_environments_have_no_place(key: str) -> None:
    assert problem(PINNED + f"{key}: {{}}\n").code == "FLOE-S006"


@pytest.mark.parametrize(
    ("ref", "words"),
    [
        ("oci://registry.example.com/floe-platform", "names no version"),
        ("https://registry.example.com/p:v1.2.3", "https://"),
        ("oci://registry.example.com/p:latest", "latest"),
        ("oci://registry.example.com/p@sha256:abc", "digest"),
        ("floe-platform:v1.2.3", "oci://host/repository:tag"),
    ],
)
def test_a_reference_that_pins_nothing_is_refused(ref: str, words: str) -> None:
    found = problem(f"{HEAD}platform:\n  ref: {ref}\n")
    assert (found.code, found.span.start.line) == ("FLOE-S005", 3)
    assert words in found.message + found.hint


def test_a_platform_is_named_exactly_once() -> None:
    assert "both" in problem(PINNED + "  manifest: ../manifest.yaml\n").message
    assert "no platform" in problem(f"{HEAD}platform: {{}}\n").message


def test_an_unquoted_version_is_told_to_be_quoted() -> None:
    found = problem(PINNED + "metadata: {name: shop, version: 1.10}\n")
    assert '"1.10.0"' in found.hint


def test_a_wrong_word_gets_the_words_there_are() -> None:
    found = problem(PINNED + "dbt: {reader: statik}\n")
    assert "`auto`, `manifest` or `static`" in found.message
    assert found.fixes[0].edits[0].new_text == "static"


def test_text_that_is_not_yaml_is_a_diagnostic_too() -> None:
    assert problems("platform: [\n")
    assert problems("")
    assert "mapping" in problem("- a\n").message


def test_loading_says_what_to_do_where_there_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_spec(tmp_path / "floe.yaml")
    assert "floe init" in caught.value.hint


def test_loading_raises_with_every_diagnostic(tmp_path: Path) -> None:
    (tmp_path / "floe.yaml").write_text(PINNED + "plugins: {}\nprod: {}\n")
    with pytest.raises(ConfigurationError) as caught:
        load_spec(tmp_path / "floe.yaml")
    assert [d.code for d in caught.value.diagnostics] == ["FLOE-S002", "FLOE-S006"]


@pytest.mark.parametrize(
    "arguments",
    [
        {"ref": REF, "name": "shop", "compute": "duckdb"},
        {"ref": "oci-layout:../a folder #1:v1.2.3"},
        {"ref": "oci://registry.example.com/p:v1.2.*", "name": "on"},
    ],
)
def test_a_new_file_is_a_good_one(tmp_path: Path, arguments: dict[str, Any]) -> None:
    path = tmp_path / "floe.yaml"
    path.write_text(new_spec_text(**arguments))
    spec = load_spec(path)
    assert spec.platform.ref == arguments["ref"]
    assert spec.metadata.name == arguments.get("name")


def test_a_new_file_shows_how_to_follow_updates() -> None:
    text = new_spec_text(ref=REF)
    assert "# ref: oci://registry.example.com/floe-platform:v1.2.*" in text
    assert "# ref: oci://registry.example.com/floe-platform:v1.*.*" in text


def judged(text: str) -> list[tuple[str, int]]:
    checked = check_spec(text, base=Path("/project"))
    assert checked.spec is not None
    found = against_platform(checked.spec, checked.document, some_platform())
    return [(d.code, d.span.start.line + 1) for d in found]


def test_gates_can_only_be_tightened() -> None:
    assert judged(PINNED + "quality:\n  minimum_coverage: 79\n") == [("FLOE-S007", 6)]
    assert judged(PINNED + "quality:\n  minimum_coverage: 80\n") == []


def test_waivers_need_the_platforms_permission() -> None:
    waiver = "waivers:\n- {pattern: legacy_*, reason: moving, expires: 2030-01-01}\n"
    assert [code for code, _ in judged(PINNED + waiver)] == ["FLOE-S008"]


def test_compute_is_one_that_the_platform_has() -> None:
    assert judged(PINNED + "transforms:\n- compute: snowflake\n") == [("FLOE-S009", 6)]
    assert judged(PINNED + "transforms:\n- compute: duckdb\n") == []


def test_the_schema_describes_every_key_and_accepts_what_we_accept() -> None:
    import jsonschema
    import yaml

    schema = spec_json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    assert validator.is_valid(yaml.safe_load(PINNED))
    assert not validator.is_valid(yaml.safe_load(PINNED + "plugins: {}\n"))
    assert all(property_["description"] for property_ in schema["properties"].values())


def test_every_code_has_a_meaning() -> None:
    assert all(code.startswith("FLOE-S") and meaning.endswith(".") for code, meaning in MEANINGS.items())
