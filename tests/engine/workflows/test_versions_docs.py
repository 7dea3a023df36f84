"""The recipes of docs/versions.md do what they say."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[3] / "docs" / "versions.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("line", "name", "version"),
    [
        ("  ref: oci://registry.example/team/platform:v1.2.3", "registry.example/team/platform", "v1.2.3"),
        ('  ref: "oci://localhost:5000/platform:1.2.3"  # ours', "localhost:5000/platform", "1.2.3"),
        ("  ref: oci://registry.example/team/platform:v1.2.*", None, None),
        ("  ref: oci-layout:../registry:v1.2.3", None, None),
    ],
)
def test_renovate_finds_exact_pins_and_leaves_the_rest(
    line: str, name: str | None, version: str | None
) -> None:
    blocks = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]
    manager = next(block for block in blocks if "customManagers" in block)["customManagers"][0]
    pattern = re.compile(manager["matchStrings"][0].replace("(?<", "(?P<"))
    found = pattern.search(line)
    assert (found and found["depName"], found and found["currentValue"]) == (name, version)
    assert re.search(manager["managerFilePatterns"][0].strip("/"), "products/sales/floe.yaml")
