"""Draw the pictures of the README and of docs/workbench.md: the workbench's places as SVGs.

    python scripts/screenshots.py [--into DIR] [--theme floe-light] [--size 80x24] [PLACE ...]

Everything on them is real: a platform published and signed in an embedded registry, and a dbt
project that pins it, in a scratch directory with a home of its own. Nothing on them depends on the
machine or the day, so that a second run draws the same pictures: the key is derived from a fixed
number, the time is fixed, and cursors do not blink.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from floe_engine import Directory, Workspace, init_project, publish
from floe_tui.places.start import demo

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from floe_tui.app import Workbench

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
EPOCH = 1767261600
"""1 January 2026, 10:00 UTC: when the first version on the pictures was made."""

HOUSE_RULE = """\
governance:
  custom_rules:
    - id: gold-has-an-owner
      type: cel
      when: model.layer == 'gold'
      expr: model.owner != null
      message: "nobody answers for {model.name}"
      remedy: write config.meta.owner
      examples:
        pass: [{layer: gold, owner: core}, {layer: gold, owner: sales}]
        fail: [{layer: gold, name: gold_orders}]
"""

KEY_NUMBER = 0xF10E
"""The scratch platform's private key, which signs nothing but these pictures."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: whose directory, and the keys that lead there.

    `released`: it is of the time after the fourth version was published.
    """

    team: str
    keys: tuple[str, ...]
    released: bool = False


SHOTS = {
    "start": Shot("empty", ("down",)),
    "manifest": Shot("draft", ("f8", "end", "6", "f8")),
    "completion": Shot("mistake", ("f8", "ctrl+@")),
    "versions": Shot("platform", ("f3", "down", "down")),
    "policy": Shot("platform", ("f4", "down", "down")),
    "house-rule": Shot("ruled", ("f4", "end", "up", "up", "up", "e", *"1<2||")),
    "publish": Shot("platform", ("f5",)),
    "registry": Shot("project", ("f6", "enter")),
    "project": Shot("project", ("f7", "down")),
    "upgrade": Shot("project", ("f7", "u", "enter"), released=True),
}
"""In the order of time: what is drawn later may see what was published before."""


# --- the scratch workspace ---------------------------------------------------------------------


def prepare(scratch: Path) -> None:
    """The workbench's demo, with a key and dates of its own, and drafts with mistakes."""
    platform, project = scratch / "platform", scratch / "project"
    shutil.copytree(ROOT / "examples" / "acme-platform", platform)
    _write_key(platform)
    for days, (tag, changes) in enumerate(demo.RELEASES):
        os.environ["SOURCE_DATE_EPOCH"] = str(EPOCH + 13 * 86400 * days)
        demo.release(platform, tag, changes)
    demo.draft(platform)
    for name, changes in {
        "draft": {"threads: 8": "thraeds: 1"},
        "mistake": {"    type: duckdb": "    type: duckbd", "governance:": "governence:"},
        "ruled": {"governance:\n": HOUSE_RULE},
    }.items():
        shutil.copytree(platform, scratch / name)
        demo.rewrite(scratch / name, changes)
    examples = ROOT / "examples" / "customer-analytics"
    files = {path.relative_to(examples).as_posix(): path.read_bytes()
             for path in examples.rglob("*") if path.is_file()}  # fmt: skip
    Directory(scratch).write_tree("project", demo.broken(files))
    init_project(Workspace.open(project), "v1.2.*")
    (scratch / "empty").mkdir()


def _write_key(folder: Path) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.derive_private_key(KEY_NUMBER, ec.SECP256R1())
    (folder / "cosign.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    (folder / "cosign.key").chmod(0o600)
    (folder / "cosign.pub").write_bytes(
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )


def own_home(scratch: Path) -> None:
    """Nothing of the user's is read or shown; what lies in the home is written as ~."""
    for name in list(os.environ):
        if name.startswith(("FLOE_", "XDG_", "COSIGN_", "DOCKER_")):
            del os.environ[name]
    os.environ |= {"HOME": str(scratch), "SOURCE_DATE_EPOCH": str(EPOCH)}


# --- drawing -----------------------------------------------------------------------------------


async def draw(folder: Path, shot: Shot, theme: str, size: tuple[int, int]) -> str:
    """The picture, as an SVG."""
    from textual.widgets import Input, TextArea

    from floe_tui.app import Workbench
    from floe_tui.settings import Options

    app = Workbench(Options(folder, theme=theme))
    async with app.run_test(size=size, notifications=False) as pilot:
        await _settle(pilot, app)
        for key in shot.keys:
            await pilot.press(key)
            await _settle(pilot, app)
        for field in (*app.screen.query(Input), *app.screen.query(TextArea)):
            field.cursor_blink = False
        await pilot.pause()
        return app.export_screenshot(title="floe-tui")


async def _settle(pilot: Pilot[None], app: Workbench) -> None:
    """Wait until nothing runs, twice: what ends may begin something else after a rest."""
    for _ in range(2):
        await pilot.app.workers.wait_for_complete()
        await pilot.pause(0.4)
        await _until(pilot, lambda: not app.jobs.running)
    await pilot.pause()


async def _until(pilot: Pilot[None], condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "the workbench does not come to rest"
        await pilot.pause(0.05)


def main() -> None:
    """Draw what the command line names."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("places", nargs="*", choices=[*SHOTS, []], default=[], metavar="PLACE")
    parser.add_argument("--into", type=Path, default=IMAGES, metavar="DIR")
    parser.add_argument("--theme", default="floe-dark")
    parser.add_argument("--size", default="132x36", metavar="COLUMNSxROWS")
    options = parser.parse_args()
    columns, rows = map(int, options.size.split("x"))
    options.into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder).resolve()
        own_home(scratch)
        prepare(scratch)
        for name, shot in SHOTS.items():
            if options.places and name not in options.places:
                continue
            if shot.released:
                publish(Workspace.open(scratch / "platform"), "v2.0.0")
            svg = asyncio.run(draw(scratch / shot.team, shot, options.theme, (columns, rows)))
            assert str(scratch) not in svg, f"{name} shows a path of this machine"
            target = options.into / f"{name}.svg"
            target.write_text(svg, encoding="utf-8")
            print(target)


if __name__ == "__main__":
    main()
