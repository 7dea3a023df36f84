"""What the libraries that floe stands on and its round trips take by themselves, beside what floe takes.

    python benchmarks/floors.py [--rounds N] [--rtt MS ...] [--models 1250]

Each floor is a program that imports the libraries which floe stands on and does what cannot be left out,
without checking, compiling, testing, judging or writing anything:

    publish   click, msgspec, PyYAML and urllib3; the round trips of a publication
    pull      click, msgspec and urllib3; the round trips of a pull
    read      msgspec, PyYAML and jinja2; every file of a dbt project read, its YAML parsed in two processes

The round trips are those of `floe`, one after the other where one waits for another: of a publication a
look at the tag (while PyYAML is imported), POST and PUT of all blobs at once, the tag, and
the five by which two publishers find out about each other, without the pause between them; of a pull the
manifest, all blobs at once, and meanwhile the three questions by which a registry without referrers says
that there is no signature. Runs are whole processes, in turns with `floe` and the ORAS CLI; medians in
milliseconds. Nothing is a goal here.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import registry
from startup import MANIFEST
from static_read import READ, ROOT

from floe_engine.artifact.pack import IMAGE_MANIFEST, pack
from floe_engine.platform.compile_platform import compile_platform
from floe_engine.workspace import Workspace
from tests.engine.project.projects import write_generated_project

_TRIPS = f"""
import hashlib, json, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

base, folder = sys.argv[1], Path(sys.argv[2])
http = urllib3.PoolManager(maxsize=9, retries=False)

def ask(method, path, body=None):
    url = path if path.startswith("http") else f"{{base}}/{{path}}"
    kind = {{"Accept": {IMAGE_MANIFEST!r}}} if body is None else {{"Content-Type": {IMAGE_MANIFEST!r}}}
    return http.request(method, url, body=body, headers=kind, redirect=False)
"""

PUBLISH = f"""
import click, msgspec, urllib3
{_TRIPS}
pool = ThreadPoolExecutor(8)
looked = pool.submit(ask, "HEAD", "manifests/v1.2.3")
import yaml
looked.result()
manifest = (folder / "manifest").read_bytes()

def upload(path):
    digest = "sha256:" + hashlib.sha256(data := path.read_bytes()).hexdigest()
    place = ask("POST", "blobs/uploads/").headers["Location"]
    ask("PUT", f"{{place}}&digest={{digest}}", data)

list(pool.map(upload, (folder / "blobs").iterdir()))
flag = manifest + b" "
digest = "sha256:" + hashlib.sha256(flag).hexdigest()
ask("PUT", "manifests/v1.2.3", manifest)
ask("HEAD", f"manifests/{{digest}}")
ask("PUT", f"manifests/{{digest}}", flag)
ask("HEAD", "manifests/v1.2.3")
ask("PUT", "manifests/record", manifest)
assert ask("HEAD", "manifests/v1.2.3").status == 200
"""

PULL = f"""
import click, msgspec, urllib3
{_TRIPS}
raw = ask("GET", "manifests/v1.2.3").data
manifest = json.loads(raw)
digest = hashlib.sha256(raw).hexdigest()

def signatures():
    tag = f"manifests/sha256-{{digest}}"
    for path in (f"referrers/sha256:{{digest}}", tag, f"{{tag}}.sig"):
        ask("GET", path)

with ThreadPoolExecutor(9) as pool:
    pool.submit(signatures)
    unique = {{each["digest"] for each in (manifest["config"], *manifest["layers"])}}
    assert all(answer.status == 200 for answer in pool.map(lambda one: ask("GET", f"blobs/{{one}}"), unique))
"""

READ_FLOOR = """
import hashlib, os, sys
from pathlib import Path
import jinja2, msgspec, yaml

files = [path for path in Path(sys.argv[1]).rglob("*") if path.is_file()]
texts = {path: path.read_bytes() for path in files}
for data in texts.values():
    hashlib.sha256(data).digest()
described = sorted((path for path in files if path.suffix == ".yml"), key=lambda path: -len(texts[path]))
child = os.fork()
for path in described[child == 0::2]:
    yaml.load(texts[path], yaml.CSafeLoader)
if not child:
    os._exit(0)
os.waitpid(child, 0)
"""

Run = Callable[[int], tuple[list[str], Path]]
"""The command of a round and where it runs."""


def medians(rows: dict[str, Run], rounds: int, environment: dict[str, str]) -> dict[str, float]:
    """Milliseconds of each row, run in turns; the first round warms caches and does not count."""
    took: dict[str, list[float]] = {name: [] for name in rows}
    for number in range(rounds + 1):
        for name, run in rows.items():
            command, cwd = run(number)
            start = time.perf_counter()
            subprocess.run(command, cwd=cwd, env=environment, check=True, capture_output=True)
            took[name].append((time.perf_counter() - start) * 1e3)
    return {name: statistics.median(seconds[1:]) for name, seconds in took.items()}


def show(title: str, found: dict[str, float], floor: str, ours: str, peer: str | None = None) -> None:
    """One line: each figure, and how far floe is above its floor."""
    told = ", ".join(f"{name} {value:.0f}" for name, value in found.items())
    print(f"{title:<24} {told}; floe is {found[ours] / found[floor]:.2f} × the floor", end="")
    if peer is not None:
        print(f", the floor {found[floor] / found[peer]:.2f} × {peer}", end="")
    print(flush=True)


def asked(folder: Path, rtt: float, rounds: int, environment: dict[str, str]) -> None:
    """Publications and pulls at one round-trip time."""
    (scratch := folder / f"rtt-{rtt:.0f}").mkdir()
    floe, python, oras = str(Path(sys.executable).with_name("floe")), sys.executable, "oras"
    publish = ("platform", "publish", "v1.2.3", "--no-sign", "-q")
    (team := folder / "team").mkdir(exist_ok=True)
    (team / "manifest.yaml").write_text(MANIFEST)
    packed = pack(compile_platform(Workspace.open(team, environ={})).artifact)
    (content := scratch / "content" / "blobs").mkdir(parents=True)
    for number, data in enumerate({data for _, data in packed.blobs}):
        (content / str(number)).write_bytes(data)
    (content.parent / "manifest").write_bytes(packed.manifest)
    built = team / ".floe/artifacts"
    files = sorted(path.relative_to(built).as_posix() for path in built.rglob("*.json"))

    def fresh() -> Path:
        return Path(tempfile.mkdtemp(dir=scratch))

    with registry.docker_registry(scratch) as port, registry.delayed_host(port, rtt / 1e3) as host:

        def floor(program: str, row: str) -> Run:
            return lambda n: (
                [python, "-c", program, f"http://{host}/v2/{row}-{n}", str(content.parent)],
                fresh(),
            )

        published = medians(
            {
                "oras": lambda n: ([oras, "push", "--plain-http", f"{host}/oras-{n}:v1.2.3", *files], built),
                "floor": floor(PUBLISH, "floor"),
                "floe": lambda n: (
                    [floe, *publish, "--registry", f"oci://{host}/floe-{n}"],
                    team,
                ),
            },
            rounds,
            environment,
        )
        show(f"publish, {rtt:.0f} ms", published, "floor", "floe", "oras")
        pulled = medians(
            {
                "oras": lambda n: ([oras, "pull", "--plain-http", f"{host}/oras-{n}:v1.2.3"], fresh()),
                "floor": floor(PULL, "floe"),
                "floe": lambda n: (
                    [floe, "platform", "pull", f"oci://{host}/floe-{n}:v1.2.3", "-q"],
                    fresh(),
                ),
            },
            rounds,
            environment,
        )
        show(f"pull, {rtt:.0f} ms", pulled, "floor", "floe", "oras")


def read(folder: Path, models: int, rounds: int, environment: dict[str, str]) -> None:
    """The static reader with an empty cache."""
    project = write_generated_project(folder / "project", models=models, seed=1)
    (caches := folder / "caches").mkdir()
    python = sys.executable
    runs = {
        "floor": lambda n: ([python, "-c", READ_FLOOR, str(project)], folder),
        "floe": lambda n: (
            ["env", f"XDG_CACHE_HOME={caches / str(n)}", python, "-c", READ, str(project)],
            folder,
        ),
    }
    found = medians(runs, rounds, environment)
    show(f"read {models:,} models", found, "floor", "floe")


def main() -> None:
    """Print a line for each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--rtt", type=float, nargs="*", default=[0, 20], help="milliseconds")
    parser.add_argument("--models", type=int, default=1250)
    options = parser.parse_args()
    if missing := [name for name in registry.PROGRAMS if not shutil.which(name)]:
        sys.exit("not on PATH: " + ", ".join(missing))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        print(f"milliseconds, medians of {options.rounds}; load {os.getloadavg()[0]:.1f}")
        for rtt in options.rtt:
            asked(folder, rtt, options.rounds, environment)
        read(folder, options.models, options.rounds, environment)


if __name__ == "__main__":
    main()
