"""Run the harnesses for as long as one likes: ``python -m tests.fuzz 1000000``.

Every harness gets a share of the inputs by what they cost, so that a slow one does not take the time
of all. Inputs come from the seed and their number alone: ``--only NAME --number 4711 --seed 7`` gives one
again. What falls is made smaller and written to ``tests/fuzz/corpus/NAME/``, once for each place; the
exit code is 1 where anything fell. `make fuzz` takes atheris where it is installed (`with_atheris`).
"""

from __future__ import annotations

import argparse
import faulthandler
import mmap
import os
import pickle
import random
import resource
import signal
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz.harness import CORPUS, Fall, Harness, attempt, file_name, seeds_of
from tests.fuzz.mutation import mutated
from tests.fuzz.table import HARNESSES

PATIENCE = 120
"""Seconds without a finished input after which one hangs, whatever it waits for."""
MEMORY = 3 * 1024**3
"""Bytes of address space for a process; an input that needs more has fallen."""
SLICE = 4.0
"""Seconds of processor time that a harness gets at a time, an eighth of it where an input takes long."""
LONG = 0.0015
"""Seconds that an input takes long from."""


@dataclass
class Score:
    """What has come of a harness's inputs."""

    inputs: int = 0
    taken: int = 0
    falls: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0


def input_of(harness: Harness, seed: int, number: int) -> bytes:
    """The input with a number: the same each time."""
    return mutated(seeds_of(harness), random.Random(f"{seed} {harness.name} {number}"))


def work(harness: Harness, seed: int, first: int, most: int, shared: mmap.mmap, out: int) -> None:
    """In a process of its own: inputs from number `first` on; what was seen goes to `out`."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    score, falls, began = Score(), [], time.process_time()
    for number in range(first, first + most):
        shared[:8] = number.to_bytes(8, "little")
        data, before = input_of(harness, seed, number), time.process_time()
        good, fall = attempt(harness, data)
        score.inputs += 1
        score.taken += good
        score.slowest = max(score.slowest, time.process_time() - before)
        if fall is not None:
            score.falls[fall.place] += 1
            if score.falls[fall.place] == 1:
                falls.append((number, fall))
        spent = time.process_time() - began
        if spent > SLICE or (spent > SLICE / 8 and spent / score.inputs > LONG):
            break
    with os.fdopen(out, "wb") as stream:
        pickle.dump((score, falls), stream)


def share(harness: Harness, seed: int, first: int, most: int) -> tuple[Score, list[tuple[int, Fall]]]:
    """A slice of work in a forked process, which may hang or die without taking this one along."""
    shared = mmap.mmap(-1, 8)
    shared[:8] = first.to_bytes(8, "little")
    source, out = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(source)
            work(harness, seed, first, most, shared, out)
            code = 0
        finally:
            os._exit(code)
    os.close(out)
    last, since = shared[:8], time.monotonic()
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        time.sleep(0.02)
        if shared[:8] != last:
            last, since = shared[:8], time.monotonic()
        elif time.monotonic() - since > PATIENCE:
            os.kill(child, signal.SIGABRT)
            os.waitpid(child, 0)
            break
    with os.fdopen(source, "rb") as stream:
        data = stream.read()
    if data:
        score, falls = pickle.loads(data)  # what our own child has written
        return score, falls
    number = int.from_bytes(shared[:8], "little")
    fall = Fall("hung or died", f"input {number} ended its process, or took {PATIENCE} s")
    return Score(number - first + 1, falls=Counter([fall.place])), [(number, fall)]


def smaller(harness: Harness, data: bytes, fall: Fall, seconds: float = 20) -> bytes:
    """A shorter input that falls at the same place."""
    until, length = time.monotonic() + seconds, len(data) // 2
    while length and time.monotonic() < until:
        for start in range(0, len(data), length):
            shorter = data[:start] + data[start + length :]
            found = attempt(harness, shorter)[1]
            if found is not None and found.place == fall.place:
                data = shorter
                break
            if time.monotonic() > until:
                break
        else:
            length //= 2
    return data


def keep(harness: Harness, data: bytes, fall: Fall) -> Path:
    """Write an input that fell into the corpus."""
    place = CORPUS / harness.name / file_name(fall)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)
    return place


def run(harnesses: Sequence[Harness], total: int, seed: int, seconds: float) -> dict[str, Score]:
    """Give each harness slices in turn until all together have had `total` inputs."""
    scores = {harness.name: Score() for harness in harnesses}
    started, told = time.monotonic(), set[tuple[str, str]]()
    for harness in harnesses:  # what is imported here is there in every forked process
        for data in seeds_of(harness):
            attempt(harness, data)
    while (left := total - sum(score.inputs for score in scores.values())) > 0:
        for harness in harnesses:
            if time.monotonic() - started > seconds or left <= 0:
                return scores
            score = scores[harness.name]
            found, falls = share(harness, seed, score.inputs, left)
            score.inputs += found.inputs
            score.taken += found.taken
            score.falls += found.falls
            score.slowest = max(score.slowest, found.slowest)
            left -= found.inputs
            for number, fall in falls:
                if (harness.name, fall.place) in told:
                    continue
                told.add((harness.name, fall.place))
                data = input_of(harness, seed, number)
                if fall.place != "hung or died":
                    data = smaller(harness, data, fall)
                where = keep(harness, data, fall)
                print(f"{harness.name} {number}: {fall.place} -> {where}\n{fall.told[-1500:]}", flush=True)
        done = sum(score.inputs for score in scores.values())
        print(f"{done:,} inputs in {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    return scores


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__.partition("\n")[0])
    parser.add_argument("total", type=int, nargs="?", default=100_000, help="inputs over all harnesses")
    parser.add_argument("--only", default="", help="harnesses whose names hold this text")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after this time")
    parser.add_argument("--number", type=int, help="show one input, and what comes of it")
    given = parser.parse_args()
    faulthandler.enable()
    chosen = [harness for name, harness in HARNESSES.items() if given.only in name]
    if given.number is not None:
        for harness in chosen:
            data = input_of(harness, given.seed, given.number)
            print(f"{harness.name}: {data!r}\n{attempt(harness, data)}")
        return 0
    scores = run(chosen, given.total, given.seed, given.seconds)
    for name, score in scores.items():
        line = f"{score.inputs:9,} {name:24} {score.taken:9,} taken, slowest {score.slowest:.2f} s"
        print(line + "".join(f"\n          {count:,} fell: {place}" for place, count in score.falls.items()))
    inputs, fell = (sum(counts) for counts in zip(
        *((score.inputs, score.falls.total()) for score in scores.values()), strict=True
    ))  # fmt: skip
    print(f"{inputs:,} inputs over {len(scores)} harnesses, {fell:,} fell (seed {given.seed})")
    return 1 if fell else 0


if __name__ == "__main__":
    raise SystemExit(main())
