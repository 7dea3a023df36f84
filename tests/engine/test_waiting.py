"""Work that is begun before its result is wanted."""

from __future__ import annotations

import threading

import pytest

from floe_engine.errors import NotFound
from floe_engine.waiting import begin


def test_work_goes_on_while_nobody_waits_for_it_and_its_result_can_be_asked_for_again() -> None:
    go, begun = threading.Event(), threading.Event()

    def work() -> int:
        begun.set()
        assert go.wait(60)
        return 7

    result = begin(work)
    assert begun.wait(60)
    go.set()
    assert result() == 7
    assert result() == 7


def test_what_work_raises_is_raised_where_its_result_is_wanted() -> None:
    def fail() -> None:
        raise NotFound("there is no such tag")

    result = begin(fail)
    with pytest.raises(NotFound, match="no such tag"):
        result()
