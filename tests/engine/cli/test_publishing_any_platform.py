"""What `check` takes, `publish` takes: the built-in suites are built from the platform under test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli import floe, ok, platform_directory
from tests.engine.variations import NAMING, PLAIN, SCHEMAS, Edit, edited

STRICT = (f"{NAMING}.enforcement", "strict")


@pytest.mark.parametrize(
    "edits",
    [
        (STRICT, (f"{NAMING}.name_pattern", "(crm|erp)__[a-z_]+")),
        ((f"{NAMING}.enforcement", "warn"), (f"{NAMING}.name_pattern", "[a-z]{2,4}_[a-z_]+")),
        (STRICT, (f"{SCHEMAS}.reserved_columns", ["order_id"])),
        (
            (
                "governance.custom_rules",
                [{"type": "require_meta_field", "field": field} for field in ("owner", "domain")],
            ),
        ),
    ],
    ids=["two systems", "short prefixes", "a reserved key", "two meta keys"],
)
def test_a_platform_that_passes_its_check_is_published(tmp_path: Path, edits: tuple[Edit, ...]) -> None:
    directory = platform_directory(tmp_path, edited(PLAIN, edits))
    ok(floe(directory, "platform", "check"))
    published = ok(floe(directory, "platform", "publish", "v1.0.0", "--no-sign", "-o", "json")).json
    assert published["ok"]
