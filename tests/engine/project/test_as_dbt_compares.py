"""What dbt's own comparison cannot be asked for here: manifests that somebody made smaller.

That the rest is as dbt has it holds `tests/interop/test_dbt_selectors.py`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from floe_engine.project.as_dbt_compares import Manifests


def manifest(path: Path, **nodes: dict[str, Any]) -> Path:
    known = {name: {"resource_type": "model", **node} for name, node in nodes.items()}
    path.write_text(json.dumps({"nodes": known, "sources": {}, "macros": {}}))
    return path


def test_code_that_was_left_out_is_compared_by_its_checksum(tmp_path: Path) -> None:
    one, other = (
        {"checksum": {"name": "sha256", "checksum": "1"}},
        {"checksum": {"name": "sha256", "checksum": "2"}},
    )
    before = manifest(tmp_path / "before.json", same=one, changed=one)
    now = manifest(tmp_path / "now.json", same=one, changed=other, new=one)
    assert set(Manifests.read(before, now).selected("modified.body")) == {"changed", "new"}


def test_macros_that_call_each_other_come_to_an_end(tmp_path: Path) -> None:
    def write(name: str, code: str) -> Path:
        path = tmp_path / name
        macros = {
            "a": {"macro_sql": "", "depends_on": {"macros": ["b", None]}},
            "b": {"macro_sql": "", "depends_on": {"macros": ["a", "c"]}},
            "c": {"macro_sql": code},
        }
        nodes = {
            "m": {"resource_type": "model", "depends_on": {"macros": ["a"]}},
            "n": {"resource_type": "model"},
        }
        path.write_text(json.dumps({"nodes": nodes, "sources": {}, "macros": macros}))
        return path

    before, same, now = write("before.json", "1"), write("same.json", "1"), write("now.json", "2")
    assert list(Manifests.read(before, same).selected("modified.macros")) == []
    assert list(Manifests.read(before, now).selected("modified.macros")) == ["m"]
    assert list(Manifests.read(before, now).selected("modified")) == ["m"]
