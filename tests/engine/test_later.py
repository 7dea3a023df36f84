"""Modules that are executed when something asks them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SLOW = """
import time
time.sleep(0.2)
import asked_too
VALUE = asked_too.VALUE
def __getattr__(name):
    if name == "made":
        return VALUE + 1
    raise AttributeError(name)
"""


def run(directory: Path, code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=directory, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_a_module_waits_until_any_thread_asks_and_all_see_the_whole_of_it(tmp_path: Path) -> None:
    (tmp_path / "asked.py").write_text(SLOW)
    (tmp_path / "asked_too.py").write_text("VALUE = 41\n")
    code = """
import sys, threading
from floe_engine.later import execute_when_asked
execute_when_asked("asked", "no_such_module")
import asked
assert asked.__file__.endswith("asked.py") and "asked_too" not in sys.modules
found = []
threads = [threading.Thread(target=lambda: found.append(asked.VALUE + asked.made)) for _ in range(8)]
[each.start() for each in threads]
[each.join() for each in threads]
assert not hasattr(asked, "nothing") and "no_such_module" not in sys.modules
print(found == [83] * 8, type(asked).__name__, "VALUE" in dir(asked))
"""
    assert run(tmp_path, code) == "True module True"


def test_no_module_of_the_same_last_name_stands_for_one_that_a_library_does_not_have(tmp_path: Path) -> None:
    (tmp_path / "whole.py").write_text("")
    (tmp_path / "part.py").write_text("")
    code = """
import sys
from floe_engine.later import execute_when_asked
execute_when_asked("whole.part", "absent.part")
print("whole.part" in sys.modules, "absent.part" in sys.modules)
"""
    assert run(tmp_path, code) == "False False"


def test_what_is_imported_without_a_module_finds_it_again_later(tmp_path: Path) -> None:
    (tmp_path / "extra.py").write_text("")
    (tmp_path / "user.py").write_text("try:\n    import extra\nexcept ImportError:\n    extra = None\n")
    code = """
from floe_engine.later import not_installed
with not_installed("extra"):
    import user
import extra
with not_installed("extra"):
    import extra as again
print(user.extra, again is extra)
"""
    assert run(tmp_path, code) == "None True"
