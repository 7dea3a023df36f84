"""Resolving a constraint over ten thousand tags, beside `semver` alone.

    python benchmarks/constraints.py [--rounds N] [--tags N] [--strict]

The peer is what one would write with nothing but `semver`: strip the ``v``, parse each tag, skip
what does not parse, keep what lies between two bounds and is no prerelease (save of the numbers of a
bound that is one), take the highest. Ours also counts what it ignored, finds what is newer outside,
and reports one version under two tags.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable
from typing import Any

import semver
from goals import Goals, version_of_package

from floe_engine.versions import Constraint

GOAL = 5.0
BUDGET_MS = 15.0
CASES = {
    "v12.4.29": ("12.4.29", "12.4.30"),
    "v12.4.*": ("12.4.0", "12.5.0"),
    "v12": ("12.0.0", "13.0.0"),
    "~12.4.1": ("12.4.1", "12.5.0"),
    "^12.4": ("12.4.0", "13.0.0"),
    ">=12.4 <20": ("12.4.0", "20.0.0"),
    ">=12.4.0-rc.1 <13": ("12.4.0-rc.1", "13.0.0"),
    ">=0.1": ("0.1.0", "999.0.0"),
}
"""Each kind of constraint, with its bounds: the lower is of it, the upper is not."""


def make_tags(count: int) -> list[str]:
    """Nine versions (some prereleases, some builds) to one tag that is no version."""
    dice = random.Random(0)
    tags = []
    for number in range(count):
        if number % 10 == 0:
            tags.append(dice.choice([f"sha-{number:08x}", "latest", f"v{number}", "main"]))
            continue
        tag = f"v{dice.randrange(30)}.{dice.randrange(60)}.{dice.randrange(60)}"
        tag += f"-rc.{dice.randrange(9)}" if dice.random() < 0.2 else ""
        tag += f"_b{dice.randrange(99)}" if dice.random() < 0.1 else ""
        tags.append(tag)
    return tags


def with_semver(tags: list[str], low: str, high: str) -> str | None:
    """The highest release from `low` up to, not including, `high`."""
    first, last = semver.Version.parse(low), semver.Version.parse(high)
    best: semver.Version | None = None
    chosen = None
    for tag in tags:
        try:
            version = semver.Version.parse(tag.removeprefix("v").replace("_", "+"))
        except ValueError:
            continue
        named = version.finalize_version() == first.finalize_version() if first.prerelease else False
        if (version.prerelease and not named) or not first <= version < last:
            continue
        if best is None or version > best:
            best, chosen = version, tag
    return chosen


def timed(run: Callable[[], Any]) -> float:
    """Seconds of processor that one call takes: it does nothing else, and others may share the machine."""
    start = time.process_time()
    run()
    return time.process_time() - start


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--tags", type=int, default=10_000)
    goals = Goals(parser)
    options = parser.parse_args()
    goals.peer("semver", version_of_package("semver"))
    tags = make_tags(options.tags)
    print(f"{'constraint':<18} {'ms':>6} {'semver ms':>10} {'ratio':>7}  chosen")
    for text, bounds in CASES.items():
        ours = peer = float("inf")
        for _ in range(options.rounds):
            ours = min(ours, timed(lambda text=text: Constraint.parse(text).resolve(tags)))
            peer = min(peer, timed(lambda bounds=bounds: with_semver(tags, *bounds)))
        chosen, theirs = Constraint.parse(text).resolve(tags).tag, with_semver(tags, *bounds)
        same = "" if chosen == theirs else f" (semver alone, which ignores builds: {theirs})"
        verdicts = (
            goals.at_least(f"{text}, ratio", peer / ours, GOAL),
            goals.at_most(f"{text}, ms", ours * 1e3, BUDGET_MS * options.tags / 10_000),
        )
        figures = f"{ours * 1e3:>6.1f} {peer * 1e3:>10.1f} {peer / ours:>6.1f}×"
        print(f"{text:<18} {figures}  {chosen}{same}  {' '.join(verdicts)}")
    goals.end(options.strict)


if __name__ == "__main__":
    main()
