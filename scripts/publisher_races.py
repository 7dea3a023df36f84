"""How many of 16 processes that publish one version at the same moment are told that they have?

Each round: 16 forked publishers with different content wait for one signal and claim one tag of a
real docker-registry, which knows no conditional write. Prints how often nobody, one, or more than
one was told so, and how often the tag was gone afterwards or had moved away from the winner's
content; exits 1 where any of these must not be.

    python scripts/publisher_races.py [ROUNDS]      # 100; needs docker-registry on PATH
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from floe_engine.descriptor import OCI_MANIFEST, Manifest
from floe_engine.errors import VersionExists
from floe_engine.registry.client import Repository
from floe_engine.registry.reference import Reference
from tests.engine.registry.artifacts import files, manifest_of
from tests.registries import docker_registry

PUBLISHERS = 16
SPREAD = 0.5
"""Seconds over which the publishers start in every other round; in the rest they start at once."""


def publish(reference: Reference, manifest: Manifest, tag: str, delay: float, gun: int) -> int:
    """One publisher's life: 0 where it was told that it has published, 1 where it has lost."""
    repository = Repository(reference, push=True)
    os.read(gun, 1)
    time.sleep(delay)
    try:
        repository.claim(manifest.raw, tag)
    except VersionExists:
        return 1
    return 0


def contents(reference: Reference) -> list[Manifest]:
    """Other content for each publisher, pushed by its digest as a publication does."""
    repository = Repository(reference, push=True)
    found = []
    for number in range(PUBLISHERS):
        raw = manifest_of(repository.push_blobs(files(1, str(number))))
        repository.push_manifest(raw)
        found.append(Manifest.parse(raw, OCI_MANIFEST))
    return found


def one_round(reference: Reference, manifests: list[Manifest], tag: str, spread: float) -> tuple[int, str]:
    """How many were told that they have published, and what the tag did: it stays, is missing or moved.

    Where nobody has won it stays whatever it names.
    """
    gun, start = os.pipe()
    children: dict[int, Manifest] = {}
    for manifest in manifests:
        delay = random.uniform(0, spread)
        child = os.fork()
        if child == 0:
            os.close(start)
            code = 2
            try:
                code = publish(reference, manifest, tag, delay, gun)
            finally:
                os._exit(code)
        children[child] = manifest
    os.close(start)  # the starting gun
    won = []
    for _ in manifests:
        child, status = os.wait()
        code = os.waitstatus_to_exitcode(status)
        if code not in (0, 1):
            raise SystemExit(f"a publisher ended with {code}")
        if code == 0:
            won.append(children[child].digest)
    os.close(gun)
    named = Repository(reference).resolve(tag)
    if named is None:
        return len(won), "missing"
    return len(won), "stays" if not won or won == [named.digest] else "moved"


def main() -> int:
    """Run the rounds and print what was seen."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    told: Counter[int] = Counter()
    ends: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder, docker_registry(Path(folder)) as registry:
        reference = registry.reference()
        manifests = contents(reference)
        for number in range(rounds):
            winners, end = one_round(reference, manifests, f"v1.{number}.0", SPREAD * (number % 2))
            told[winners] += 1
            print(
                f"round {number + 1}: {winners} of {PUBLISHERS}, the tag {end}", file=sys.stderr, flush=True
            )
            ends[end] += 1
    more = sum(count for winners, count in told.items() if winners > 1)
    print(f"{rounds} rounds of {PUBLISHERS} publishers on docker-registry")
    print(f"  one was told that it has published: {told[1]}")
    print(f"  nobody was:                         {told[0]}")
    print(f"  more than one was:                  {more}")
    print(f"  the tag had moved from the winner:  {ends['moved']}")
    print(f"  the tag was missing:                {ends['missing']}")
    return 1 if more or ends["moved"] or ends["missing"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
