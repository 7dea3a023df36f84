"""What a change of the house must not change: artifacts byte for byte, rule IDs, titles, schemas.

Where a change is wanted, ``python -m tests.engine.test_golden`` writes `golden.json` anew; the
commit says why.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from floe_engine.artifact.content import Artifact
from floe_engine.artifact.shape import places
from floe_engine.manifest.reference import manifest_json_schema
from floe_engine.policy.all_rules import every_rule
from floe_engine.policy_tests.case_file import policy_test_schema
from floe_engine.project.spec_schema import spec_json_schema
from floe_engine.upgrade.change import Change
from floe_engine.upgrade.rules import all_rules, compare, explain
from floe_engine.upgrade.settings import manifest_path
from tests.engine.variations import CATALOGUE, ENTERPRISE, PLAIN, VALUES, artifact_of, compiled, variations

HERE = Path(__file__).parent
EXAMPLE = HERE.parents[1] / "examples" / "acme-platform" / "manifest.yaml"


def _digest(artifact: Artifact) -> str:
    content = hashlib.sha256()
    for path, data in sorted(artifact.files.items()):
        content.update(path.encode() + b"\0" + data)
    return content.hexdigest()[:16]


def _without_texts(schema: Any) -> Any:
    """A schema's shape: what is described may be described better."""
    if isinstance(schema, dict):
        return {key: _without_texts(value) for key, value in schema.items() if not isinstance(value, str)} | {
            key: value for key, value in schema.items() if key in ("type", "$ref", "const", "pattern")
        }
    return [_without_texts(entry) for entry in schema] if isinstance(schema, list) else schema


def _schema(schema: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(_without_texts(schema), sort_keys=True).encode()).hexdigest()[:16]


def _hashed(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def _changes(path: str) -> str:
    """What each step between two values of a setting costs, for a plain and an enterprise platform."""
    found = []
    for platform in (PLAIN, ENTERPRISE):
        artifacts = [artifact_of(platform, (path, value)) for value in VALUES[path]]
        every = [artifact_of(platform), *filter(None, artifacts)]
        for old, new in itertools.product(every, repeat=2):
            assert old is not None and new is not None
            found += [
                (entry.rule.id, entry.bump, entry.sentence, entry.place, entry.fingerprint)
                for entry in compare(old, new, plugins=CATALOGUE).entries
            ]
    return _hashed(found)


def today() -> dict[str, dict[str, Any]]:
    """Everything that is held, as JSON."""
    example = compiled(EXAMPLE.read_text(encoding="utf-8"))[1]
    assert example is not None
    return {
        "artifacts": {"the example": _digest(example)}
        | {name: _digest(artifact) for name, artifact in variations()},
        "upgrade rules": {
            row.id: f"{row.title} ({row.direction}, {row.bump}, back: {' '.join(row.mirror)})"
            for row in all_rules()
        },
        "explained": {row.id: _hashed(explain(row.id)) for row in all_rules()},
        "changes": {path: _changes(path) for path in VALUES},
        "settings of places": {
            " ".join(place): ".".join(manifest_path(Change("changed", place))) for place in places()
        },
        "policy rules": {rule.id: rule.title for rule in every_rule()},
        "schemas": {
            "manifest": _schema(manifest_json_schema(CATALOGUE)),
            "floe": _schema(spec_json_schema()),
            "policy-test": _schema(policy_test_schema()),
        },
    }


@pytest.fixture(scope="module")
def now() -> dict[str, dict[str, Any]]:
    return today()


@pytest.mark.parametrize(
    "kind",
    [
        "artifacts",
        "upgrade rules",
        "explained",
        "changes",
        "settings of places",
        "policy rules",
        "schemas",
    ],
)
def test_nothing_that_others_rely_on_changed(kind: str, now: dict[str, dict[str, Any]]) -> None:
    golden = json.loads((HERE / "golden.json").read_text(encoding="utf-8"))[kind]
    assert {key: value for key, value in now[kind].items() if golden.get(key) != value} == {}
    assert golden.keys() == now[kind].keys()


if __name__ == "__main__":
    (HERE / "golden.json").write_text(json.dumps(today(), indent=1) + "\n", encoding="utf-8")
