"""How long floe takes to end after Ctrl-C, at random moments of a command; on a quiet machine.

    python scripts/ctrl_c.py [TIMES]        # 100; the goal is 300 ms

Exits with 1 where an answer was none of 130 and the command's own, said a traceback, or took longer.
"""

from __future__ import annotations

import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

GOAL = 0.3
"""Seconds from the signal to the end of the process."""
FLOE = Path(sys.executable).with_name("floe")
MANIFEST = """\
apiVersion: floe.dev/v1
kind: Manifest
metadata: {name: acme, version: "1.0.0"}
plugins: {compute: {type: duckdb}}
"""


def once(directory: Path, delay: float) -> tuple[int, str, float]:
    """Exit code, what was said, and seconds from the signal to the end."""
    command = [str(FLOE), "platform", "test", "--mutate"]
    process = subprocess.Popen(
        command, cwd=directory, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    time.sleep(delay)
    sent = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    return process.returncode, said, time.monotonic() - sent


def main() -> int:
    """Interrupt, and print what was seen."""
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    chance, took, bad = random.Random(3), [], 0
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch)
        (directory / "manifest.yaml").write_text(MANIFEST)
        first = 0.0
        for _ in range(5):
            started = time.monotonic()
            subprocess.run([str(FLOE), "--version"], check=True, stdout=subprocess.DEVNULL)
            first = max(first, time.monotonic() - started)  # Python's own start lies before it
        for _ in range(times):
            code, said, seconds = once(directory, first + chance.uniform(0, 1.0))
            bad += code not in (0, 1, 130) or "Traceback" in said
            took += [seconds] if code == 130 else []
    slow = sum(seconds > GOAL for seconds in took)
    print(f"{len(took)} of {times} were interrupted: median {statistics.median(took) * 1000:.0f} ms, longest")
    print(f"{max(took) * 1000:.0f} ms, {slow} took more than 300 ms, {bad} ended otherwise")
    print(f"load {os.getloadavg()[0]:.1f}")
    return 1 if bad or slow else 0


if __name__ == "__main__":
    raise SystemExit(main())
