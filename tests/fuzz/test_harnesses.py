"""Every parser under hypothesis, for seconds: a value, or an error of floe's own, within two seconds."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.harness import CORPUS, Harness, attempt, seeds_of
from tests.fuzz.mutation import mutated
from tests.fuzz.table import HARNESSES

FAST = [harness for harness in HARNESSES.values() if not harness.slow]
SLOW = [harness for harness in HARNESSES.values() if harness.slow]
FALLEN = [(harness, path) for harness in HARNESSES.values() for path in harness.corpus]


def stands_up(harness: Harness, data: bytes) -> None:
    _, fall = attempt(harness, data)
    assert fall is None, f"{fall.told}\n{harness.name} fell over {data!r}"


@pytest.mark.parametrize("harness", HARNESSES.values(), ids=HARNESSES)
def test_good_input_is_taken(harness: Harness) -> None:
    assert any(attempt(harness, data)[0] for data in seeds_of(harness))
    for data in seeds_of(harness):
        stands_up(harness, data)


@pytest.mark.parametrize("harness", FAST, ids=lambda harness: harness.name)
@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(chance=st.randoms(use_true_random=False))
def test_changed_input_gives_a_value_or_an_error_of_floe(harness: Harness, chance: random.Random) -> None:
    stands_up(harness, mutated(seeds_of(harness), chance))


@pytest.mark.parametrize("harness", SLOW, ids=lambda harness: harness.name)
@settings(max_examples=4, suppress_health_check=list(HealthCheck))
@given(chance=st.randoms(use_true_random=False))
def test_changed_input_of_a_whole_command_gives_an_exit_code(harness: Harness, chance: random.Random) -> None:
    stands_up(harness, mutated(seeds_of(harness), chance))


@pytest.mark.parametrize("harness", FAST, ids=lambda harness: harness.name)
@settings(max_examples=10, suppress_health_check=list(HealthCheck))
@given(data=st.binary(max_size=300))
def test_any_bytes_give_a_value_or_an_error_of_floe(harness: Harness, data: bytes) -> None:
    stands_up(harness, data)


@pytest.mark.parametrize(
    ("harness", "path"), FALLEN, ids=[f"{harness.name}-{path.name}" for harness, path in FALLEN]
)
def test_what_fell_once_stands(harness: Harness, path: Path) -> None:
    stands_up(harness, path.read_bytes())


def test_everything_in_the_corpus_belongs_to_a_harness() -> None:
    assert {path.name for path in CORPUS.iterdir() if path.is_dir()} <= set(HARNESSES)


def test_a_crash_a_hang_and_an_error_that_is_no_text_are_falls() -> None:
    """What judges the harnesses can itself say no."""
    from floe_engine.errors import ConfigurationError, Crash

    def crash(data: bytes) -> None:
        raise {b"k": KeyError("x"), b"c": Crash("floe crashed"), b"t": ConfigurationError("\ud800")}[data]

    def hang(data: bytes) -> None:
        while True:
            pass

    for data in (b"k", b"c", b"t"):
        assert attempt(Harness("x", lambda: [b""], crash), data)[1] is not None
    _, fall = attempt(Harness("x", lambda: [b""], hang), b"")
    assert fall is not None
    assert fall.place.startswith("TooSlow")
