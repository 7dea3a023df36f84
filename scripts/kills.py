"""Kill floe's writing commands at random moments; after each kill the next plain command has to succeed.

    python scripts/kills.py 1000            on both backends: a folder, and a docker-registry on PATH
    python scripts/kills.py 40 --seed 7     the same kills as the last time with this seed

Prints what was killed and what came after it; exits with 1 at the first command that does not
recover. Nothing outside one temporary directory is touched.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.engine.upgrade.projects import GOOD, write_project  # noqa: E402
from tests.engine.workflows.teams import manifest, new_key  # noqa: E402
from tests.registries import docker_registry  # noqa: E402

FLOE = Path(sys.executable).with_name("floe")


class Broken(Exception):
    """A command that did not recover."""


@dataclass
class World:
    """Two teams around one registry, and how their commands are run."""

    base: Path
    registry: str
    random: random.Random
    minor: int = 0

    @property
    def environ(self) -> dict[str, str]:
        """A home of their own; nothing of the developer's but the path."""
        home = self.base / "home"
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        return {**kept, "HOME": str(home), "TMPDIR": str(self.base / "tmp"), "COSIGN_PASSWORD": "secret",
                "FLOE_REGISTRY": self.registry, "NO_PROXY": "127.0.0.1"}  # fmt: skip

    def start(self, directory: Path, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a command."""
        return subprocess.Popen(
            [str(FLOE), *arguments],
            cwd=directory,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def run(self, directory: Path, *arguments: str) -> str:
        """Run to the end. Raises `Broken` unless it succeeds."""
        process = self.start(directory, *arguments)
        out = process.communicate(timeout=300)[0].decode(errors="replace")
        if process.returncode:
            raise Broken(f"floe {' '.join(arguments)} in {directory}: exit {process.returncode}\n{out}")
        return out

    def kill(self, directory: Path, *arguments: str, within: float) -> bool:
        """Start a command and kill it at a random moment; False where it was faster."""
        process = self.start(directory, *arguments)
        time.sleep(self.random.uniform(0, within))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        return process.returncode == -signal.SIGKILL

    def next_version(self) -> str:
        """Another version of the manifest, not yet published."""
        self.minor += 1
        version = f"1.{self.minor}.0"
        (self.base / "platform" / "manifest.yaml").write_text(manifest(version, coverage=50))
        return f"v{version}"


def prepare(base: Path, registry: str, chance: random.Random) -> World:
    """One version published, one project pinned to it."""
    world = World(base, registry, chance)
    for name in ("home", "tmp", "platform", "keys"):
        (base / name).mkdir(parents=True)
    new_key(base / "platform" / "cosign.key").chmod(0o600)
    world.run(base / "platform", "platform", "publish", world.next_version())
    write_project(base / "data", {"bronze_a": GOOD})
    world.run(base / "data", "init", "--platform=v1.1.0")
    return world


def one_kill(world: World, command: str, within: float) -> bool:
    """Kill `command`, then run what a person would run next. Raises `Broken`."""
    platform, data = world.base / "platform", world.base / "data"
    if command == "publish":
        version = world.next_version()
        killed = world.kill(platform, "platform", "publish", version, within=within)
        world.run(platform, "platform", "publish", version)
    elif command in ("upgrade", "pin", "undo"):
        version = world.next_version()
        world.run(platform, "platform", "publish", version)
        words = {"pin": ["pin", version], "undo": ["upgrade", "--undo"]}.get(command, ["upgrade"])
        if command == "undo":
            world.run(data, "upgrade")
        killed = world.kill(data, *words, within=within)
        world.run(data, "compile")
        world.run(data, "upgrade")
    elif command == "pull":
        killed = world.kill(data, "platform", "pull", "--force", within=within)
        world.run(data, "compile")
    elif command == "compile":
        killed = world.kill(data, "compile", within=within)
        world.run(data, "compile")
    elif command == "clear":
        killed = world.kill(data, "platform", "cache", "clear", within=within)
        world.run(data, "compile")
    elif command == "keygen":
        folder = world.base / "keys" / f"{world.random.random()}"
        folder.mkdir()
        killed = world.kill(folder, "platform", "keygen", within=within)
        if not (folder / "cosign.pub").exists() or (folder / ".floe-keygen.json").exists():
            world.run(folder, "platform", "keygen")
        found = sorted(path.name for path in folder.iterdir())
        if found != ["cosign.key", "cosign.pub"]:
            raise Broken(f"keygen left {found}")
    elif command == "export":
        killed = world.kill(data, "platform", "export", "out.tar", within=within)
        world.run(data, "platform", "export", "out.tar")
    else:
        world.run(data, "platform", "export", "out.tar")
        target = f"oci-layout:{world.base}/imported"
        killed = world.kill(data, "platform", "import", "out.tar", target, within=within)
        world.run(data, "platform", "import", "out.tar", target)
    left = [path for path in (world.base / "tmp").iterdir() if path.name.startswith(".floe-")]
    if command in ("export", "import") and left:
        raise Broken(f"{command} left {left}")
    return killed


COMMANDS = ("publish", "upgrade", "pin", "undo", "pull", "compile", "clear", "keygen", "export", "import")


@contextmanager
def registries(base: Path, wanted: str) -> Iterator[dict[str, str]]:
    """The backends by name."""
    found = {}
    if wanted in ("both", "folder"):
        found["folder"] = f"oci-layout:{base}/folder/registry"
    if wanted == "folder":
        yield found
        return
    with docker_registry(base / "server") as server:
        found["registry"] = f"oci://{server.host}/team/platform"
        yield found


def main() -> int:
    """Kill until it is enough; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("number", type=int, help="how many kills that hit a running command")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--backend", choices=["both", "folder", "registry"], default="both")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after this time")
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(10**6)
    chance, hits, started = random.Random(seed), Counter[str](), time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="kills-") as scratch,
        registries(Path(scratch), arguments.backend) as backends,
    ):
        worlds = {name: prepare(Path(scratch) / f"at-{name}", ref, chance) for name, ref in backends.items()}
        took: dict[str, float] = {}
        while hits.total() < arguments.number and time.monotonic() - started < arguments.seconds:
            name, command = chance.choice(list(worlds)), chance.choice(COMMANDS)
            try:
                # The moment is anywhere in the command's life, as long as it lasts on this machine now.
                within = took.get(command, 2.0)
                killed = one_kill(worlds[name], command, within)
                took[command] = within * (1.15 if killed else 0.9)
            except Broken as error:
                print(f"seed {seed}, after {hits.total()} kills, {command} on the {name}:\n{error}")
                return 1
            hits[f"{command} on the {name}"] += killed
    for what, count in sorted(hits.items()):
        print(f"{count:6} {what}")
    print(f"{hits.total()} kills, 0 that the next command did not recover from (seed {seed})")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
