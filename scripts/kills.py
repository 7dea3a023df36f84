"""Kill floe's writing commands at random moments; after each kill the next plain command has to succeed.

    python scripts/kills.py 1000            on both backends: a folder, and a docker-registry on PATH
    python scripts/kills.py 40 --seed 7     the same kills as the last time with this seed

Each command runs in a forked process with its modules loaded, so that the kill meets what the command
does and not how Python starts. Prints what was killed and what came after it; exits with 1 at the first
command that does not recover, or that leaves something lying about. Nothing outside one temporary
directory is touched.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests import forked  # noqa: E402
from tests.engine.upgrade.projects import GOOD, write_project  # noqa: E402
from tests.registries import docker_registry  # noqa: E402
from tests.teams import manifest, new_key  # noqa: E402


class Broken(Exception):
    """A command that did not recover."""


@dataclass
class World:
    """Two teams around one registry, and how their commands are run."""

    base: Path
    registry: str
    random: random.Random
    minor: int = 0
    number: int = 0
    took: dict[str, float] = field(default_factory=dict)
    """Seconds that each command takes on this machine now."""

    @property
    def environ(self) -> dict[str, str]:
        """A home of their own; nothing of the developer's but the path."""
        home = self.base / "home"
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        return {**kept, "HOME": str(home), "TMPDIR": str(self.base / "tmp"), "COSIGN_PASSWORD": "secret",
                "FLOE_REGISTRY": self.registry, "NO_PROXY": "127.0.0.1"}  # fmt: skip

    @property
    def platform(self) -> Path:
        """The platform team's directory."""
        return self.base / "platform"

    @property
    def data(self) -> Path:
        """The data team's project."""
        return self.base / "data"

    def run(self, directory: Path, *arguments: str) -> str:
        """Run to the end. Raises `Broken` unless it succeeds."""
        running = forked.start(directory, *arguments, environ=self.environ)
        if (code := running.wait()) != 0:
            raise Broken(f"floe {' '.join(arguments)} in {directory}: exit {code}\n{running.told}")
        return running.told

    def kill(self, directory: Path, *arguments: str) -> bool:
        """Start a command and kill it at a random moment of its life; False where it was faster."""
        name = " ".join(word for word in arguments if word.isalpha())
        within = self.took.get(name, 0.3)
        running = forked.start(directory, *arguments, environ=self.environ)
        killed = running.kill_after(self.random.uniform(0, within))
        self.took[name] = within * (1.1 if killed else 0.85)
        return killed

    def next_version(self) -> str:
        """Another version of the manifest, not yet published."""
        self.minor += 1
        version = f"1.{self.minor}.0"
        (self.platform / "manifest.yaml").write_text(manifest(version, coverage=50))
        return f"v{version}"

    def published(self) -> str:
        """Another version, published."""
        version = self.next_version()
        self.run(self.platform, "platform", "publish", version)
        return version

    def place(self) -> Path:
        """A new directory."""
        self.number += 1
        found = self.base / "places" / str(self.number)
        found.mkdir(parents=True)
        return found


# --- one kill, and what a person would run next ---------------------------------------------------


def publish(world: World) -> bool:
    """A publication that is killed is published again."""
    version = world.next_version()
    killed = world.kill(world.platform, "platform", "publish", version)
    world.run(world.platform, "platform", "publish", version)
    return killed


def sign(world: World) -> bool:
    """So is a signature."""
    version = world.next_version()
    world.run(world.platform, "platform", "publish", version, "--no-sign")
    killed = world.kill(world.platform, "platform", "sign", version, "--key", "cosign.key")
    world.run(world.platform, "platform", "sign", version, "--key", "cosign.key")
    return killed


def build(world: World) -> bool:
    """What is built is whole or as before."""
    world.next_version()
    killed = world.kill(world.platform, "platform", "compile")
    world.run(world.platform, "platform", "compile")
    return killed


def fix(world: World) -> bool:
    """manifest.yaml is the old one or the mended one."""
    path = world.platform / "manifest.yaml"
    path.write_text(path.read_text().replace("duckdb", "duckbd"))
    killed = world.kill(world.platform, "platform", "check", "--fix")
    world.run(world.platform, "platform", "check", "--fix")
    return killed


def bump(world: World) -> bool:
    """Its version is the old one or the next one."""
    world.published()
    (world.platform / "manifest.yaml").write_text(manifest(f"1.{world.minor}.0", coverage=40))
    killed = world.kill(world.platform, "platform", "bump")
    world.run(world.platform, "platform", "bump")
    return killed


def move(world: World, *words: str) -> bool:
    """A pin that moves is moved, or as before."""
    version = world.published()
    if words == ("upgrade", "--undo"):
        world.run(world.data, "upgrade")
    killed = world.kill(world.data, *(version if word == "VERSION" else word for word in words))
    world.run(world.data, "compile")
    world.run(world.data, "upgrade")
    return killed


def init(world: World) -> bool:
    """A project is pinned, or has neither floe.yaml nor lock."""
    project = write_project(world.place(), {"bronze_a": GOOD})
    command = ("init", "--platform=v1.1.0")
    killed = world.kill(project, *command)
    world.run(project, *command)
    world.run(project, "compile")
    _tidy(project)
    return killed


def in_project(world: World, *words: str) -> bool:
    """Whatever else works in the project leaves one that compiles."""
    killed = world.kill(world.data, *words)
    world.run(world.data, "compile")
    return killed


def baseline(world: World) -> bool:
    """A baseline is whole or absent."""
    (world.data / "known.json").unlink(missing_ok=True)
    return in_project(world, "compile", "--baseline", "known.json")


def repair(world: World) -> bool:
    """A repair that is killed is made by the next one."""
    version = world.data / ".floe" / "platform"
    for file in list(version.rglob("classification.json")):
        file.write_text("{}")
    killed = world.kill(world.data, "platform", "doctor", "--repair")
    world.run(world.data, "platform", "doctor", "--repair")
    world.run(world.data, "compile")
    return killed


def keygen(world: World) -> bool:
    """A key pair is finished, or never was."""
    folder = world.place()
    killed = world.kill(folder, "platform", "keygen")
    if not (folder / "cosign.pub").exists() or (folder / ".floe-keygen.json").exists():
        world.run(folder, "platform", "keygen")
    found = sorted(path.name for path in folder.iterdir())
    if found != ["cosign.key", "cosign.pub"]:
        raise Broken(f"keygen left {found}")
    return killed


def transfer(world: World, name: str) -> bool:
    """Export, import and copy: run again, each ends well, and nothing of the first lies about."""
    place = world.place()
    words = {
        "export": ("export", "out.tar", "v1.1.0"),
        "import": ("import", "in.tar", "oci-layout:there"),
        "copy": ("copy", "v1.1.0", "oci-layout:there"),
    }[name]
    if name == "import":
        world.run(world.data, "platform", "export", str(place / "in.tar"), "v1.1.0")
    killed = world.kill(place, "platform", *words)
    world.run(place, "platform", *words)
    _tidy(place)
    left = [path for path in (world.base / "tmp").iterdir() if path.name.startswith(".floe-")]
    if left:
        raise Broken(f"{name} left {left}")
    return killed


def _tidy(place: Path) -> None:
    if left := list(place.rglob(".floe-*")):
        raise Broken(f"there is {left}")


COMMANDS: Mapping[str, Callable[[World], bool]] = {
    "publish": publish,
    "sign": sign,
    "platform compile": build,
    "check --fix": fix,
    "bump": bump,
    "init": init,
    "upgrade": partial(lambda world: move(world, "upgrade")),
    "pin": partial(lambda world: move(world, "pin", "VERSION")),
    "upgrade --undo": partial(lambda world: move(world, "upgrade", "--undo")),
    "pull --force": lambda world: in_project(world, "platform", "pull", "--force"),
    "compile": lambda world: in_project(world, "compile"),
    "cache clear": lambda world: in_project(world, "platform", "cache", "clear"),
    "compile --baseline": baseline,
    "doctor --repair": repair,
    "keygen": keygen,
    "export": lambda world: transfer(world, "export"),
    "import": lambda world: transfer(world, "import"),
    "copy": lambda world: transfer(world, "copy"),
}
"""Every command that writes more than what it prints."""


def prepare(base: Path, registry: str, chance: random.Random) -> World:
    """One version published, one project pinned to it; every command has run once."""
    world = World(base, registry, chance)
    for name in ("home", "tmp", "platform"):
        (base / name).mkdir(parents=True)
    new_key(base / "platform" / "cosign.key").chmod(0o600)
    first = world.next_version()
    write_project(world.data, {"bronze_a": GOOD})
    lines = (
        (world.platform, ("platform", "publish", first)),
        (world.platform, ("platform", "check", "--fix")),
        (world.data, ("init", f"--platform={first}")),
        (world.data, ("compile",)),
        (world.data, ("upgrade",)),
        (world.data, ("platform", "doctor")),
        (world.data, ("platform", "export", "out.tar")),
    )
    forked.preload(*((directory, words, world.environ) for directory, words in lines))
    world.run(world.data, "compile")
    return world


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
        while hits.total() < arguments.number and time.monotonic() - started < arguments.seconds:
            name, command = chance.choice(list(worlds)), chance.choice(list(COMMANDS))
            try:
                hits[f"{command} on the {name}"] += COMMANDS[command](worlds[name])
            except Broken as error:
                print(f"seed {seed}, after {hits.total()} kills, {command} on the {name}:\n{error}")
                return 1
            if hits.total() and hits.total() % 100 == 0:
                print(f"{hits.total()} kills in {time.monotonic() - started:.0f} s", file=sys.stderr)
    for what, count in sorted(hits.items()):
        print(f"{count:6} {what}")
    print(f"{hits.total()} kills, 0 that the next command did not recover from (seed {seed})")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
