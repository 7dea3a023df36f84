"""An artifact is checked whole where it is read: what nobody could use fails there, and never later."""

from __future__ import annotations

import json
from typing import Any

import pytest

from floe_engine.artifact.content import Artifact
from floe_engine.artifact.pack import PackedFile, unpack
from floe_engine.artifact.paths import FILES
from floe_engine.errors import IntegrityError
from floe_engine.files import sha256_digest
from tests.engine.upgrade.artifacts import artifact, documents, packed, put

MANIFEST, CLASSIFICATION, ACCESS, GATES, NAMESPACES, SCHEMAS, NAMING, LAYERS = FILES

BAD: list[tuple[str, Any]] = [
    (f"{MANIFEST}|metadata.name", "acme\nprofiles_dir: /elsewhere  #"),
    (f"{MANIFEST}|metadata.name", "acme\n"),
    (f"{MANIFEST}|metadata.version", "1.0.0\n"),
    (f"{MANIFEST}|metadata.created", "yesterday"),
    (f"{MANIFEST}|plugins.compute", "duckdb\n    profiles_dir: /elsewhere  #"),
    (f"{MANIFEST}|plugins.com\npute", "duckdb"),
    (f"{MANIFEST}|pluginDetails.compute.dbtAdapter", 7),
    (f"{MANIFEST}|pluginDetails.compute.version", "{{ env_var('HOME') }}"),
    (f"{MANIFEST}|architecture.pattern", "\x1b[31m"),
    (f"{MANIFEST}|approvedPlugins.compute", ["duckdb\u202e"]),
    (f"{MANIFEST}|metadata.owner", "\ud800"),
    (f"{CLASSIFICATION}|platform.name", "acme\n::error::x"),
    (f"{CLASSIFICATION}|levels", ["public", "internal", "confidential", "p i i"]),
    (f"{CLASSIFICATION}|levels", ["public", "internal", "internal", "pii"]),
    (f"{CLASSIFICATION}|default", "secret"),
    (f"{CLASSIFICATION}|rules.pii.minimum_test_coverage", 101),
    (f"{CLASSIFICATION}|namePatterns", [{"pattern": "(", "level": "pii"}]),
    (f"{CLASSIFICATION}|namePatterns", [{"pattern": "(?=a)", "level": "pii"}]),
    (f"{CLASSIFICATION}|namePatterns", [{"pattern": "a", "level": "secret"}]),
    (f"{ACCESS}|roles", ["analyst\x07"]),
    (f"{ACCESS}|roleDefinitions.analyst.inherits", ["admin"]),
    (f"{GATES}|minimum_test_coverage", -1),
    (f"{GATES}|waiverPolicy.maxDays", 10**30),
    (f"{GATES}|waivers", [{"id": "w", "pattern": "*", "reason": "r", "expires": "2026-13-45"}]),
    (f"{NAMESPACES}|layers.attic", "attic"),
    (f"{NAMESPACES}|namespaces", ["a b"]),
    (f"{SCHEMAS}|typeRules", [{"pattern": "(", "type": "text"}]),
    (f"{NAMING}|namePattern", "("),
    (f"{NAMING}|customPatterns", ["a", "(a)\\1"]),
    (f"{NAMING}|prefixes.attic", "attic_"),
    (f"{LAYERS}|_meta.order", 7),
    (f"{LAYERS}|_meta.order", [[]]),
    (f"{LAYERS}|_meta.order", ["bronze", "silver"]),
    (f"{LAYERS}|Gold Layer", {}),
]


def spoiled(place: str, value: Any) -> Artifact:
    """The platform with one value changed, and every digest right."""
    path, _, keys = place.partition("|")
    files = documents()
    put(files, (path, *keys.split(".")), value)
    try:
        return packed(files)
    except UnicodeEncodeError:  # half a surrogate pair: JSON can spell it, UTF-8 cannot
        good = packed(documents())
        raw = json.dumps({**json.loads(good.files[path]), "metadata": files[path]["metadata"]})
        return Artifact({**good.files, path: raw.encode()})


def read(given: Artifact) -> Artifact:
    files = tuple(PackedFile(path, sha256_digest(data), len(data)) for path, data in given.files.items())
    return unpack(files, tuple(given.files.values()))


def test_a_good_artifact_is_read() -> None:
    assert read(artifact()) == artifact()


@pytest.mark.parametrize("change", [{"size": 1}, {"sha256": f"sha256:{'0' * 64}"}])
def test_a_file_that_is_another_than_its_manifest_lists_is_refused_by_name(change: dict[str, Any]) -> None:
    good = artifact()
    document = json.loads(good.files[MANIFEST])
    document["files"][NAMESPACES] |= change
    with pytest.raises(IntegrityError, match="not the one its manifest lists") as refused:
        read(Artifact({**good.files, MANIFEST: json.dumps(document).encode()}))
    assert refused.value.where == NAMESPACES


@pytest.mark.parametrize(("place", "value"), BAD)
def test_what_nobody_could_use_is_refused_by_name(place: str, value: Any) -> None:
    with pytest.raises(IntegrityError) as refused:
        read(spoiled(place, value))
    assert refused.value.where == place.partition("|")[0]
