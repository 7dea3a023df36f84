"""The two tutorials and the how-tos that follow them, run as they stand, and print what they say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("tutorial-platform.md", "tutorial-data.md", "monorepo.md", "rotation.md")
"""In the order in which one stands on what another left."""


@dataclass(frozen=True)
class Shown:
    """A command of a page, and the lines that it is said to print, in their order."""

    command: str
    lines: tuple[str, ...]
    code: int


def shown(page: str) -> Iterator[Shown]:
    """The commands of a page's console blocks. ``> `` continues one; ``! exit 1`` is its end."""
    text = (DOCS / page).read_text(encoding="utf-8")
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            first, *rest = part.rstrip("\n").split("\n")
            more = [line[2:] for line in rest if line.startswith("> ")]
            lines = [line.strip() for line in rest if line.strip() and not line.startswith("> ")]
            code = next((int(line.split()[-1]) for line in lines if line.startswith("! exit ")), 0)
            yield Shown(
                "\n".join((first, *more)),
                tuple(line for line in lines if not line.startswith("! exit ")),
                code,
            )


def test_the_tutorials_and_how_tos_work_as_they_stand(tmp_path: Path) -> None:
    environ = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "COSIGN_PASSWORD": "asked for at a terminal",
    }
    for page in PAGES:
        directory = str(tmp_path)
        commands = list(shown(page))
        assert len(commands) > 3
        for each in commands:
            done = subprocess.run(
                ["bash", "-c", f'{each.command}\ncode=$?\npwd > "$HOME/.here"\nexit $code'],
                cwd=directory,
                env=environ,
                capture_output=True,
                text=True,
                timeout=120,
                stdin=subprocess.DEVNULL,
                check=False,
            )
            said = done.stdout + done.stderr
            assert done.returncode == each.code, f"{page}: $ {each.command}\n{said}"
            at = 0
            for line in each.lines:
                found = re.compile(".*".join(map(re.escape, line.split("…")))).search(said, at)
                assert found, f"{page}: $ {each.command}\nlacks: {line}\n{said}"
                at = found.end()
            directory = (tmp_path / ".here").read_text().strip()
