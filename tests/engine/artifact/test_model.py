"""What the types of the eight files take, and what they write again."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from floe_engine.artifact.content import Artifact
from floe_engine.artifact.model import (
    ArtifactMetadata,
    FileEntry,
    NamingRules,
    Permission,
    QualityGates,
    Waiver,
)
from floe_engine.artifact.part import PlatformName, written
from floe_engine.artifact.paths import FILES, LAYER_CONSTRAINTS, MANIFEST
from floe_engine.artifact.platform import read_platform
from floe_engine.errors import IntegrityError
from floe_engine.files import canonical_json
from tests.engine.upgrade.artifacts import artifact
from tests.engine.variations import variations

HEAD: dict[str, Any] = {"platform": {"name": "acme", "version": "1.0.0"}}


@pytest.mark.parametrize(
    ("part", "value"),
    [
        (PlatformName, {"name": "acme", "version": "1.0.0"}),
        (PlatformName, {"name": "acme", "version": "1.0.0-rc.1"}),
        (FileEntry, {"sha256": f"sha256:{'0' * 64}", "size": 0}),
        (QualityGates, {**HEAD, "kind": "QualityGates", "minimum_test_coverage": 0}),
        (QualityGates, {**HEAD, "kind": "QualityGates", "minimum_test_coverage": 100}),
        (QualityGates, {**HEAD, "kind": "QualityGates", "a_newer_key": {"of": "a newer floe"}}),
        (Waiver, {"id": "w", "pattern": "*", "reason": "r", "action": "downgrade"}),
    ],
)
def test_what_a_part_may_say_is_taken(part: Any, value: dict[str, Any]) -> None:
    msgspec.convert(value, part)


@pytest.mark.parametrize(
    ("part", "value"),
    [
        (PlatformName, {"name": "Acme", "version": "1.0.0"}),
        (PlatformName, {"name": "acme", "version": "v1.0.0"}),
        (PlatformName, {"name": "acme", "version": "1.0"}),
        (PlatformName, {"name": "acme", "version": "1.0.0\n"}),
        (PlatformName, {"name": "acme"}),
        (FileEntry, {"sha256": f"sha256:{'0' * 63}", "size": 0}),
        (FileEntry, {"sha256": f"SHA256:{'0' * 64}", "size": 0}),
        (FileEntry, {"sha256": f"sha256:{'0' * 64}", "size": "0"}),
        (QualityGates, {**HEAD, "kind": "QualityGates", "minimum_test_coverage": -1}),
        (QualityGates, {**HEAD, "kind": "QualityGates", "minimum_test_coverage": 101}),
        (QualityGates, {**HEAD, "kind": "QualityGates", "minimum_test_coverage": 1.5}),
        (QualityGates, {**HEAD, "kind": "QualityGates", "block_on_failure": "yes"}),
        (QualityGates, {**HEAD, "kind": "NamingRules"}),
        (Waiver, {"id": "w", "pattern": "*", "reason": "r", "action": "ignore"}),
        (Permission, {"namespaces": ["gold"], "access": "OWN"}),
        (ArtifactMetadata, {"name": "a", "version": "1.0.0", "created": "2026-01-01", "digest": ""}),
    ],
)
def test_what_it_may_not_is_refused(part: Any, value: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(value, part)


def test_parts_are_frozen() -> None:
    name = PlatformName(name="acme", version="1.0.0")
    with pytest.raises(AttributeError):
        name.name = "other"  # type: ignore[misc]  # that is the point


def test_what_was_read_is_written_again_as_it_was() -> None:
    for _, made in variations():
        parts = made.platform
        again = {
            MANIFEST: parts.manifest,
            **dict(zip(FILES[1:-1], (parts.classification, parts.access, parts.gates, parts.namespaces,
                                     parts.schemas, parts.naming), strict=True)),
        }  # fmt: skip
        for path, part in again.items():
            assert canonical_json(written(part)) == made.files[path], path


def test_what_is_unset_is_not_written_and_what_is_empty_is() -> None:
    assert written(Waiver(id="w", pattern="*", reason="r")) == {
        "id": "w", "pattern": "*", "reason": "r", "rules": [], "action": "exclude",
    }  # fmt: skip
    assert written({"a": (1, None)}) == {"a": [1, None]}


def test_a_layer_has_its_first_prefix_first_and_none_where_it_has_none() -> None:
    rules = NamingRules(
        platform=PlatformName(name="acme", version="1.0.0"),
        prefixes={"gold": "gold_"},
        more_prefixes={"gold": ("mart_", "dim_"), "raw": ("raw_",)},
    )
    assert rules.prefixes_of("gold") == ("gold_", "mart_", "dim_")
    assert rules.prefixes_of("raw") == ("raw_",)
    assert rules.prefixes_of("silver") == ()


def test_layers_are_read_in_the_order_that_the_file_says_and_by_name_where_it_says_none() -> None:
    files = artifact().documents
    files[LAYER_CONSTRAINTS]["_meta"]["order"] = ["gold", "bronze", "silver"]
    assert list(read_platform(files).layers) == ["gold", "bronze", "silver"]
    del files[LAYER_CONSTRAINTS]["_meta"]
    assert list(read_platform(files).layers) == ["bronze", "gold", "silver"]


@pytest.mark.parametrize("meta", [[], "x", 7, None, [[]]])
def test_what_is_about_the_layers_is_a_mapping(meta: Any) -> None:
    files = artifact().documents
    files[LAYER_CONSTRAINTS]["_meta"] = meta
    with pytest.raises(IntegrityError) as refused:
        read_platform(files)
    assert refused.value.where == LAYER_CONSTRAINTS


@pytest.mark.parametrize("path", FILES)
def test_an_artifact_without_one_of_the_eight_names_it(path: str) -> None:
    files = {name: data for name, data in artifact().files.items() if name != path}
    with pytest.raises(IntegrityError, match="incomplete") as refused:
        _ = Artifact(files).platform
    assert path in refused.value.message


@pytest.mark.parametrize("path", FILES)
@pytest.mark.parametrize("data", [b"", b"[]", b'{"a": 1, "a": 2}', b'{"a": NaN}', b"\xff", b"[" * 100_000])
def test_a_file_that_is_no_json_object_is_named(path: str, data: bytes) -> None:
    with pytest.raises(IntegrityError) as refused:
        _ = Artifact({**artifact().files, path: data}).documents
    assert refused.value.where == path
