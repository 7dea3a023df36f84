"""Two threads that meet a class for the first time at once: neither ends the process."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import floe_engine

RACE = """
import dataclasses, random, sys, threading, time
import msgspec
from floe_engine.typed import built

sys.setswitchinterval(1e-6)

def fresh():
    kinds = [dataclasses.make_dataclass("Inner", [("a", int, 0), ("b", tuple[str, ...], ())])]
    for number in range(4):
        fields = [(f"field{place}", tuple[kinds[-1], ...], ()) for place in range(6)]
        kinds.append(dataclasses.make_dataclass(f"Outer{number}", fields))
    return kinds[-1]

def read(kind, delay):
    ends = time.perf_counter() + delay
    while time.perf_counter() < ends:
        pass
    msgspec.convert({f"field{place}": [] for place in range(6)}, KIND)

for _ in range(400):
    kind = fresh()
    threads = [threading.Thread(target=read, args=(kind, random.random() * 4e-4)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""


def test_threads_that_meet_a_class_for_the_first_time_at_once_all_decode_by_it() -> None:
    script = RACE.replace("KIND", "built(kind)")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_nothing_is_decoded_by_a_class_that_another_thread_may_still_be_building() -> None:
    call = re.compile(r"msgspec\.(?:convert|json\.decode)\(")
    root = Path(floe_engine.__file__).parent
    bare = []
    for path in sorted(root.rglob("*.py")):
        text = path.read_text()
        for match in call.finditer(text):
            given = _arguments(text, match.end())
            typed = match[0].endswith("convert(") or "type=" in given
            if typed and "built(" not in given:
                bare.append(f"{path.name}: {given}")
    assert bare == []


def _arguments(text: str, start: int) -> str:
    """What stands between the parentheses that open just before `start`."""
    depth, at = 1, start
    while depth:
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        at += 1
    return text[start : at - 1]
