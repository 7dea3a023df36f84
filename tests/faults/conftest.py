"""Doubles that can be bent, and settings that make a client impatient."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from floe_engine.registry.client import Repository, Transport
from tests.faults.double import Double, double

IMPATIENT = Transport(connect_timeout=2, read_timeout=0.5, attempts=3, backoff=0.01, budget=5)


@pytest.fixture
def registry() -> Iterator[Double]:
    """The registry under test."""
    with double() as running:
        yield running


@pytest.fixture
def foreign() -> Iterator[Double]:
    """Another host: another port is another origin."""
    with double() as running:
        yield running


@pytest.fixture
def repository(registry: Double) -> Repository:
    """A client of the registry under test, anonymous and impatient."""
    return Repository(registry.reference(), settings=IMPATIENT)
