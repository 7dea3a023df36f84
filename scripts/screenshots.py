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

from floe_engine import Workspace, init_project, publish

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from floe_tui.app import Workbench

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
EPOCH = "1767261600"
"""1 January 2026, 10:00 UTC: when everything on the pictures was made."""

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
    "manifest": Shot("draft", ("f8", "end", "6", "f8")),
    "completion": Shot("mistake", ("f8", "ctrl+@")),
    "versions": Shot("platform", ("f3", "down", "down")),
    "policy": Shot("platform", ("f4", "down", "down")),
    "publish": Shot("platform", ("f5",)),
    "registry": Shot("project", ("f6", "enter")),
    "project": Shot("project", ("f7", "down")),
    "upgrade": Shot("project", ("f7", "u", "enter"), released=True),
}
"""In the order of time: what is drawn later may see what was published before."""


# --- the scratch workspace ---------------------------------------------------------------------


def prepare(scratch: Path) -> None:
    """A platform with three signed versions and a fourth on its way, and a project with findings."""
    platform, project = scratch / "platform", scratch / "project"
    shutil.copytree(ROOT / "examples" / "acme-platform", platform)
    shutil.copytree(ROOT / "examples" / "customer-analytics", project)
    _write_key(platform)
    manifest = platform / "manifest.yaml"
    text = manifest.read_text()

    def release(tag: str, **changes: str) -> None:
        nonlocal text
        text = _changed(text, changes)
        manifest.write_text(text)
        publish(Workspace.open(platform), tag)

    release("v1.2.3")
    release("v1.2.4", **{"1.2.3": "1.2.4", "for every team at ACME": "for all of ACME"})
    release("v1.3.0", **{"1.2.4": "1.3.0", "minimum_test_coverage: 80": "minimum_test_coverage: 75"})
    manifest.write_text(
        _changed(
            text,
            {
                "1.3.0": "2.0.0",
                "minimum_test_coverage: 75": "minimum_test_coverage: 90",
                "required_tests: [not_null_pk]": "required_tests: [not_null_pk, unique_pk]",
                "threads: 4": "threads: 8",
            },
        )
    )
    draft = manifest.read_text()
    for name, changes in {
        "draft": {"threads: 8": "thraeds: 1"},
        "mistake": {"    type: duckdb": "    type: duckbd", "governance:": "governence:"},
    }.items():
        shutil.copytree(platform, scratch / name)
        (scratch / name / "manifest.yaml").write_text(_changed(draft, changes))
    _break(project)
    init_project(Workspace.open(project), "v1.2.*")


def _changed(text: str, changes: dict[str, str]) -> str:
    for old, new in changes.items():
        assert old in text, f"the example manifest no longer has {old!r}"
        text = text.replace(old, new, 1)
    return text


def _break(project: Path) -> None:
    """What a reviewer would find: a name without its layer, and columns without tests."""
    gold = project / "models" / "gold"
    (gold / "gold_daily_sales.sql").rename(gold / "daily_sales.sql")
    page = gold / "gold.yml"
    page.write_text(page.read_text().replace("gold_daily_sales", "daily_sales"))
    silver = project / "models" / "silver" / "silver.yml"
    silver.write_text(silver.read_text().replace("        data_tests: [not_null]\n", ""))


def _write_key(folder: Path) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.derive_private_key(KEY_NUMBER, ec.SECP256R1())
    (folder / "cosign.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
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
    os.environ |= {"HOME": str(scratch), "SOURCE_DATE_EPOCH": EPOCH}


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
