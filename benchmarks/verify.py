"""Verifying a signed platform, beside `cosign verify` of the same version in the same registry.

    python benchmarks/verify.py [--rounds N] [--strict]

A docker-registry of its own runs on loopback. Rows:

    process    `floe platform verify`, from start to end, beside `cosign verify`
    registry   the same in a process that runs already: every file and every signature
               fetched, hashed and judged; cosign (a whole process, as it always is) fetches the
               manifest and the signatures alone
    stored     what every use of a locked version pays, offline: lock, manifest, files and signatures,
               in a process that runs already, and the share that is not the digests of the files
    first use  the same, the first time in a process: the cryptography is imported

Needs `cosign` and `docker-registry` on PATH (cosign2 or cosign3 count too).
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from goals import Goals
from startup import MANIFEST

from floe_engine.distribution.pull import PullOptions, load, pull
from floe_engine.distribution.request import VersionRequest
from floe_engine.distribution.verify import verify_version
from floe_engine.platform.publish import publish
from floe_engine.platform.signing_key import SigningOptions, keygen
from floe_engine.workspace import Workspace

FIRST = """
import sys, time
from pathlib import Path
from floe_engine.distribution.pull import load
from floe_engine.workspace import Workspace
workspace = Workspace.open(Path(sys.argv[1]))
lock = workspace.store.read_lock()
workspace.store.load(lock).platform
start = time.process_time()
load(workspace, lock)
print(time.process_time() - start)
"""
AGAIN_MS, PROCESS = 25.0, 3.5
"""Processor time that verifying again may cost over the digests alone; and a process as cosign's."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=9)
    goals = Goals(parser)
    options = parser.parse_args()
    rounds = options.rounds
    cosign = next((found for name in ("cosign3", "cosign", "cosign2") if (found := shutil.which(name))), None)
    server = shutil.which("docker-registry")
    if cosign is None or server is None:
        sys.exit("cosign and docker-registry have to be on PATH")
    os.environ["COSIGN_PASSWORD"] = "correct horse"
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
            os.environ[name] = str(folder / name)
        # Certificates of this machine's proxy, and bytecode that is thrown away, are nobody's figures.
        for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PYTHONDONTWRITEBYTECODE"):
            os.environ.pop(name, None)
        process, host = _serve(server, folder)
        try:
            _measure(cosign, folder, host, rounds, goals)
        finally:
            process.terminate()
            process.wait(10)
    goals.end(options.strict)


def _measure(cosign: str, folder: Path, host: str, rounds: int, goals: Goals) -> None:
    registry = f"oci://{host}/floe-platform"
    team = folder / "team"
    team.mkdir()
    (team / "manifest.yaml").write_text(MANIFEST)
    workspace = Workspace.open(team, registry=registry)
    pair = keygen(workspace)
    publish(workspace, "v1.2.3", options=SigningOptions(keys=(str(pair.private),)))
    product = folder / "product"
    product.mkdir()
    reader = Workspace.open(product, registry=registry)
    pull(reader, VersionRequest.parse("v1.2.3", reader), options=PullOptions(trusted_keys=[str(pair.public)]))
    lock = reader.store.read_lock()
    assert lock is not None

    def with_cosign() -> None:
        reference = f"{host}/floe-platform:v1.2.3"
        asked = [cosign, "verify", "--key", str(pair.public), "--insecure-ignore-tlog=true", reference]
        subprocess.run(asked, check=True, capture_output=True)

    def with_floe() -> None:
        found = verify_version(reader, "v1.2.3", keys=[str(pair.public)])
        assert found.verdict.status == "verified"

    def whole_process() -> None:
        floe = Path(sys.executable).with_name("floe")
        asked = [
            floe,
            "platform",
            "verify",
            "v1.2.3",
            "--key",
            str(pair.public),
            "--registry",
            registry,
            "-q",
        ]
        subprocess.run(asked, cwd=product, check=True, capture_output=True)

    told = subprocess.run([cosign, "version", "--json"], capture_output=True, text=True, check=False).stdout
    number = re.search(r'"gitVersion": *"v?(\d[^"]*)"', told)  # one built from source has none, but its name
    goals.peer("cosign", number[1] if number else Path(cosign).name.removeprefix("cosign"))
    for title, work, limit in (("process", whole_process, PROCESS), ("registry", with_floe, 1.0)):
        peer, ours = _pairs(with_cosign, work, rounds, time.perf_counter)
        verdict = goals.at_most(f"{title}, as long as cosign", ours / peer, limit)
        ratio = f"{ours / peer:.2f}× {verdict}"
        print(f"{title:<10} cosign: {peer * 1000:.0f} ms   floe: {ours * 1000:.0f} ms   {ratio}")
    digests, whole = _pairs(
        lambda: reader.store.load(lock).platform, lambda: load(reader, lock), rounds, time.process_time
    )
    share = 1000 * (whole - digests)
    verdict = goals.at_most("stored, ms", share, AGAIN_MS)
    print(f"stored     {whole * 1000:.1f} ms, of which {share:.1f} ms are not digests {verdict}")
    firsts = []
    for number in range(rounds + 1):
        done = subprocess.run(
            [sys.executable, "-c", FIRST, str(product)], capture_output=True, text=True, check=True
        )
        if number:  # the first one writes the bytecode
            firsts.append(float(done.stdout))
    first = 1000 * (statistics.median(firsts) - digests)
    print(f"first use  {first:.1f} ms are not digests {goals.at_most('first use, ms', first, AGAIN_MS)}")


def _pairs(
    one: Callable[[], object], other: Callable[[], object], rounds: int, clock: Callable[[], float]
) -> tuple[float, float]:
    """The medians of two things done in turn, so that a busy moment hits both."""
    one(), other()
    times: tuple[list[float], list[float]] = [], []
    for _ in range(rounds):
        for work, kept in zip((one, other), times, strict=True):
            start = clock()
            work()
            kept.append(clock() - start)
    return statistics.median(times[0]), statistics.median(times[1])


def _serve(program: str, folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{probe.getsockname()[1]}"
    config = folder / "config.yml"
    config.write_text(
        f"version: 0.1\nstorage:\n  filesystem: {{rootdirectory: {folder / 'data'}}}\n"
        f"http: {{addr: '{host}'}}\n"
    )
    process = subprocess.Popen(
        [program, "serve", str(config)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={"OTEL_TRACES_EXPORTER": "none"},
    )
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", int(host.rpartition(":")[2]))) == 0:
                return process, host
        time.sleep(0.05)
    raise RuntimeError("docker-registry does not start")


if __name__ == "__main__":
    main()
