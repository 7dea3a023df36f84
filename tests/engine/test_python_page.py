"""The examples of docs/python.md, run as they stand there, one after another."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_the_examples_of_the_page_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FLOE_REGISTRY", f"oci-layout:{tmp_path}/registry")
    shutil.copytree(ROOT / "examples" / "acme-platform", tmp_path / "platform")
    shutil.copytree(ROOT / "examples" / "customer-analytics", tmp_path / "product")
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    examples = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert len(examples) > 4
    names: dict[str, object] = {"__name__": "example"}
    for number, example in enumerate(examples, 1):
        exec(compile(example, f"docs/python.md, example {number}", "exec"), names)
    said = capsys.readouterr().out
    assert "COV001 major" in said
    assert "stopped" in said
    assert "not-found 3" in said
