"""Python's garbage: looked for while nobody types, and never among what the start has loaded."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from floe_tui import garbage

from .conftest import Start, settle, until


class Ring:
    """Holds itself, so that only the collector can tell that nobody else does."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def started() -> Iterator[None]:
    """The collector as `floe_tui.__main__` leaves it, and afterwards as it was."""
    thresholds = gc.get_threshold()
    gc.disable()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)
    gc.enable()


async def test_garbage_is_collected_in_a_pause_and_not_between_two_keys(
    workbench: Start, platform: Path, started: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(garbage, "REST", 4.0)  # longer than a busy machine lets between two keys
    app = workbench(platform)
    async with app.run_test() as pilot:
        await until(pilot, gc.isenabled)
        await settle(pilot)
        assert gc.get_threshold()[2] == garbage.LATEST
        assert gc.get_freeze_count() > 50_000
        await pilot.press("x")
        monkeypatch.setattr(garbage, "PASSES", -1)
        held = Ring()
        gc.collect(1)  # it is old now, and only a full pass would find it
        ring = weakref.ref(held)
        del held
        for _ in range(6):
            await pilot.press("x")
            await pilot.pause(0.1)
        assert ring() is not None, "it was collected while somebody typed"
        await until(pilot, lambda: ring() is None)


async def test_a_collector_that_is_at_work_is_left_as_it_is(workbench: Start, platform: Path) -> None:
    before = gc.get_threshold()
    app = workbench(platform)
    async with app.run_test() as pilot:
        await settle(pilot)
        assert gc.isenabled()
        assert gc.get_threshold() == before
