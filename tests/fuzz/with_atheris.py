"""One harness under atheris, which looks for inputs that reach new code.

``python -m tests.fuzz.with_atheris NAME -max_total_time=600``

Atheris (a wheel for Linux: ``pip install atheris``) brings libFuzzer; its options follow the name, such as
``-max_total_time=600``. What falls is written to ``tests/fuzz/corpus/NAME/`` and ends the run.
"""

from __future__ import annotations

import random
import sys
from typing import Any

import atheris

with atheris.instrument_imports(include=["floe_engine"]):
    from tests.fuzz.table import HARNESSES

from tests.fuzz.__main__ import keep
from tests.fuzz.harness import attempt, seeds_of
from tests.fuzz.mutation import LARGEST, mutated


def main() -> None:
    """Run until something falls, or libFuzzer's options end it."""
    name, *options = sys.argv[1:]
    harness = HARNESSES[name]
    seeds = seeds_of(harness)

    def one_input(data: bytes) -> None:
        _, fall = attempt(harness, data)
        if fall is not None:
            print(f"{name}: {fall.place} -> {keep(harness, data, fall)}\n{fall.told}", file=sys.stderr)
            raise AssertionError(fall.place)

    def mutate(data: bytes, largest: int, seed: int) -> bytes:
        # libFuzzer's bytes alone seldom get past a YAML or JSON reader; our changes keep most of a text.
        return mutated([data, *seeds], random.Random(seed))[: min(largest, LARGEST)]

    settings: dict[str, Any] = {"custom_mutator": mutate}
    atheris.Setup([sys.argv[0], *options, "-rss_limit_mb=3000", "-timeout=60"], one_input, **settings)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
