"""Publishing and pulling a platform, beside the ORAS CLI with the same eight files.

    python benchmarks/registry.py [--rounds N] [--rtt MS ...] [--strict]

A docker-registry of its own runs on loopback; both sides reach it through a proxy that gives every
connection the round-trip time of a network (one for connecting, one for each question). Each round
runs every row once, into a repository that does not exist yet, with nothing cached. Rows:

    client        floe's registry client alone: the same work as `oras push` and `oras pull`, bytes verified
    workflow      what `floe platform publish --no-sign` and `pull` do (compile, policy tests, version
                  guard; check, lock, store), in a process that runs already
    whole process the command itself, from start to end

The ORAS CLI is a Go program and always a whole process. Needs `oras` and `docker-registry` on PATH.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from goals import Goals, version_of
from startup import MANIFEST

from floe_engine.artifact.pack import IMAGE_MANIFEST, pack
from floe_engine.distribution.pull import fetch_files, pull
from floe_engine.distribution.request import VersionRequest
from floe_engine.platform.compile_platform import compile_platform
from floe_engine.platform.publish import publish
from floe_engine.platform.signing_key import SigningOptions
from floe_engine.registry.client import Repository
from floe_engine.registry.reference import Reference
from floe_engine.workspace import Workspace

PROGRAMS = {
    "oras": "https://oras.land, 1.3 or later",
    "docker-registry": "Debian and Ubuntu: apt-get install docker-registry",
}
ROWS: dict[str, dict[float, float] | None] = {
    "publish: oras push": None,
    "publish: client": {20: 1.0},
    "publish: workflow": {20: 0.9},
    "publish: whole process": {0: 5.0, 20: 1.6},
    "pull: oras pull": None,
    "pull: client": {20: 1.0},
    "pull: workflow": {20: 1.0},
    "pull: whole process": {0: 4.5, 20: 1.8},
}
"""The goal of each at a round-trip time, as a multiple of the ORAS CLI's; None for the ORAS CLI itself."""


# --- the network -------------------------------------------------------------------------------


async def _delayed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    """Pass bytes on, each `delay` seconds after it came; what is on its way does not wait for more."""
    loop = asyncio.get_running_loop()
    on_their_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def deliver() -> None:
        while True:
            due, data = await on_their_way.get()
            await asyncio.sleep(max(0.0, due - loop.time()))
            if not data:
                with contextlib.suppress(OSError):
                    writer.write_eof()
                return
            writer.write(data)
            await writer.drain()

    delivery = asyncio.create_task(deliver())
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            on_their_way.put_nowait((loop.time() + delay, data))
    on_their_way.put_nowait((loop.time() + delay, b""))
    with contextlib.suppress(ConnectionError):
        await delivery


async def proxy(port: int, rtt: float) -> None:
    """Listen on a free port, say which on stdout, and pass everything on to `port`, `rtt` slower."""

    serving: set[object] = set()  # asyncio itself keeps none of them alive

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.current_task())
        await asyncio.sleep(rtt)  # SYN and SYN-ACK
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", port)
        for stream in (writer, there_writer):
            stream.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.gather(_delayed(reader, there_writer, rtt / 2), _delayed(there_reader, writer, rtt / 2))
        for stream in (writer, there_writer):
            stream.close()
        serving.discard(asyncio.current_task())

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextlib.contextmanager
def delayed_host(port: int, rtt: float) -> Iterator[str]:
    """``127.0.0.1:PORT`` of a proxy before the registry, in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, __file__, "--proxy", str(port), str(rtt)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield f"127.0.0.1:{process.stdout.readline().strip()}"
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def docker_registry(folder: Path) -> Iterator[int]:
    """The port of a running, empty docker-registry."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    config = {
        "version": "0.1",
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}},
        "http": {"addr": f"127.0.0.1:{port}"},
    }
    (folder / "config.yml").write_text(json.dumps(config))  # JSON is YAML
    process = subprocess.Popen(
        ["docker-registry", "serve", str(folder / "config.yml")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "OTEL_TRACES_EXPORTER": "none"},
    )
    try:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.02)
        yield port
    finally:
        process.terminate()
        process.wait()


# --- the work ----------------------------------------------------------------------------------


def timed(run: Callable[[], object]) -> float:
    """Seconds that one call takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def one_round(host: str, number: int, team: Path, scratch: Path, floe: str) -> dict[str, float]:
    """Seconds of every row, each with a repository and a directory of its own."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(team.parent / "bytecode")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    workspace = Workspace.open(team, environ={})
    packed = pack(compile_platform(workspace).artifact)
    files = sorted(path.relative_to(team / ".floe/artifacts").as_posix() for path in _built(team))

    def repository(row: str) -> Reference:
        return Reference.parse(f"oci://{host}/{row}-{number}")

    def directory(row: str) -> Path:
        path = scratch / f"{row}-{number}"
        path.mkdir()
        return path

    def process(command: list[str], cwd: Path) -> float:
        return timed(
            lambda: subprocess.run(command, cwd=cwd, env=environment, check=True, capture_output=True)
        )

    def client_push() -> None:
        opened = Repository(repository("client"), push=True)
        assert opened.resolve("v1.2.3") is None
        opened.push_blobs([(data, media_type) for media_type, data in packed.blobs])
        opened.push_manifest(packed.manifest, IMAGE_MANIFEST, tag="v1.2.3")

    def client_pull() -> None:
        client = Repository(repository("client"))
        fetch_files(client, client.manifest("v1.2.3"), where="benchmark")

    def workflow_pull() -> None:
        there = directory("workflow")
        pull(Workspace.open(there, environ={}), VersionRequest(repository("workflow"), "v1.2.3"))

    def workflow_publish() -> None:
        where = Workspace.open(team, registry=repository("workflow").name, environ={})
        publish(where, "v1.2.3", options=SigningOptions(sign=False))

    oras_name = repository("oras").docker_reference
    return {
        "publish: oras push": process(
            ["oras", "push", "--plain-http", f"{oras_name}:v1.2.3", *files], team / ".floe/artifacts"
        ),
        "publish: client": timed(client_push),
        "publish: workflow": timed(workflow_publish),
        "publish: whole process": process(
            [floe, "platform", "publish", "v1.2.3", "--no-sign", "-q", "--registry", repository("floe").name],
            team,
        ),
        "pull: oras pull": process(
            ["oras", "pull", "--plain-http", f"{oras_name}:v1.2.3"], directory("oras")
        ),
        "pull: client": timed(client_pull),
        "pull: workflow": timed(workflow_pull),
        "pull: whole process": process(
            [floe, "platform", "pull", f"{repository('floe').name}:v1.2.3", "-q"], directory("floe")
        ),
    }


def _built(team: Path) -> list[Path]:
    return [path for path in (team / ".floe/artifacts").rglob("*.json") if path.is_file()]


def show(rtt: float, rounds: list[dict[str, float]], goals: Goals) -> None:
    """One table: medians, the ratio to the ORAS CLI's median, and the goal."""
    print(f"\nround trip {rtt:.0f} ms, {len(rounds)} rounds, load {os.getloadavg()[0]:.1f}")
    print(f"{'what':<26} {'median ms':>10} {'fastest':>8} {'× ORAS':>7}")
    peer = 1.0
    for row, limits in ROWS.items():
        seconds = [one[row] for one in rounds]
        median = statistics.median(seconds)
        peer = median if limits is None else peer
        ratio = "" if limits is None else f"{median / peer:.2f}"
        limit = (limits or {}).get(rtt)
        verdict = goals.at_most(f"{row} at {rtt:.0f} ms", median / peer, limit) if limit else ""
        print(f"{row:<26} {median * 1e3:>10.0f} {min(seconds) * 1e3:>8.0f} {ratio:>7} {verdict}")


def main() -> None:
    """Print a table for each round-trip time."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--rtt", type=float, nargs="*", default=[0, 20], help="milliseconds")
    parser.add_argument("--proxy", nargs=2, help=argparse.SUPPRESS)
    goals = Goals(parser)
    options = parser.parse_args()
    if options.proxy:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(proxy(int(options.proxy[0]), float(options.proxy[1])))
        return
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    missing = [f"{name} ({how})" for name, how in PROGRAMS.items() if not shutil.which(name)]
    floe = shutil.which("floe")
    if floe is None:
        missing.append("floe (pip install -e .)")
    if missing or floe is None:
        sys.exit("not on PATH: " + "; ".join(missing))
    for name, asked in {
        "oras": ["oras", "version"],
        "docker-registry": ["docker-registry", "--version"],
    }.items():
        goals.peer(name, version_of(asked))
    # An installation keeps its bytecode, and certificates of this machine's proxy are nobody's figures.
    for name in ("PYTHONDONTWRITEBYTECODE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        os.environ.pop(name, None)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        team = folder / "team"
        team.mkdir()
        (team / "manifest.yaml").write_text(MANIFEST)
        for rtt in options.rtt:
            scratch = folder / f"rtt-{rtt:.0f}"
            scratch.mkdir()
            with docker_registry(scratch) as port, delayed_host(port, rtt / 1e3) as host:
                rounds = [
                    one_round(host, number, team, scratch, floe) for number in range(options.rounds + 1)
                ]
            show(rtt, rounds[1:], goals)  # the first warms the caches of the disk
    goals.end(options.strict)


if __name__ == "__main__":
    main()
