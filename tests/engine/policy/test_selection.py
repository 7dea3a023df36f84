"""Which models and rules a command line chooses."""

from __future__ import annotations

from pathlib import Path

import pytest

from floe_engine.errors import UsageError
from floe_engine.policy.selection import resolve
from floe_engine.project.facts import Project

EMPTY = Project(name="shop", directory=Path(), models=())


@pytest.mark.parametrize("selector", ["", " ", "foo:bar", "tags:nightly", "tag:", "FLOE-E999"])
def test_a_selector_that_can_match_nothing_is_refused(selector: str) -> None:
    for select, exclude in ([selector], []), ([], [selector]):
        with pytest.raises(UsageError) as caught:
            resolve(EMPTY, ["FLOE-E201"], select, exclude)
        assert caught.value.hint


def test_selectors_of_every_kind_are_taken() -> None:
    found = resolve(EMPTY, ["FLOE-E201", "FLOE-E202"], ["silver_*", "path:models", "tag:nightly", "e201"], [])
    assert found.rules == {"FLOE-E201"}
