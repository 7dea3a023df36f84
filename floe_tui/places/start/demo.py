"""A platform and a project to try everything with: real, signed, and all in one folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from floe_engine import CancelToken, Directory, FloeError, Report, silent

FOLDER = "floe-demo"
PLATFORM, PROJECT = "acme-platform", "customer-analytics"

LIMIT = 1_000_000
"""Bytes of one of its files."""

RELEASES: tuple[tuple[str, dict[str, str]], ...] = (
    ("v0.9.0", {"1.2.3": "0.9.0", "minimum_test_coverage: 80": "minimum_test_coverage: 60"}),
    ("v1.0.0", {"0.9.0": "1.0.0", "minimum_test_coverage: 60": "minimum_test_coverage: 80"}),
    ("v1.1.0", {"1.0.0": "1.1.0", "Builds and runs pipelines": "Builds pipelines and runs them"}),
    ("v1.2.3", {"1.1.0": "1.2.3", "threads: 4": "threads: 6"}),
    ("v1.2.4", {"1.2.3": "1.2.4", "for every team at ACME": "for all of ACME"}),
    ("v1.3.0", {"1.2.4": "1.3.0", "minimum_test_coverage: 80": "minimum_test_coverage: 75"}),
)
"""Versions, each with what it changes of the manifest before it."""

NEXT = {
    "1.3.0": "2.0.0",
    "minimum_test_coverage: 75": "minimum_test_coverage: 90",
    "required_tests: [not_null_pk]": "required_tests: [not_null_pk, unique_pk]",
    "threads: 6": "threads: 8",
}
"""What the manifest has that is not published yet."""

PINNED = "v1.2.*"

REGISTRY = b"""
# All in this folder: nothing is asked of any server.
artifacts:
  registry:
    uri: oci-layout:registry
"""


def source() -> Path:
    """The examples that the demo is made from: beside the code where it is installed, else the checkout's."""
    installed = Path(__file__).parent / "examples"
    return installed if installed.is_dir() else Path(__file__).parents[3] / "examples"


def make(directory: Path, report: Report = silent, cancel: CancelToken | None = None) -> tuple[Path, Path]:
    """Make the demo in a folder of `directory`, and give its platform and its project.

    One that is there already is given as it is. Raises `FloeError` where something else has its name.
    """
    folder = directory / FOLDER
    platform, project = folder / PLATFORM, folder / PROJECT
    if (project / "floe.yaml").is_file():
        return platform, project
    if folder.exists() and not _unfinished(folder):
        raise FloeError(
            f"{FOLDER} is there already, and it is not the demo", hint="move it away", where=str(folder)
        )
    Directory(directory).write_tree(FOLDER, _files())
    publish_all(platform, report, cancel)
    from floe_engine import Workspace, init_project

    init_project(
        Workspace.open(project), f"oci-layout:../{PLATFORM}/registry:{PINNED}", report=report, cancel=cancel
    )
    return platform, project


def _unfinished(folder: Path) -> bool:
    """Whether it is a demo whose making was interrupted."""
    return (folder / PLATFORM / "manifest.yaml").is_file() and (folder / PROJECT).is_dir()


def publish_all(platform: Path, report: Report = silent, cancel: CancelToken | None = None) -> None:
    """Make a key where there is none, publish the versions, and leave the next one in the manifest."""
    from floe_engine import Workspace, keygen

    if not (platform / "cosign.key").exists():
        keygen(Workspace.open(platform), ask=_no_password, report=report)
    for tag, changes in RELEASES:
        release(platform, tag, changes, report, cancel)
    draft(platform)


def release(
    platform: Path,
    tag: str,
    changes: dict[str, str],
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> None:
    """Change the manifest, and publish what it is then."""
    from floe_engine import Workspace, publish

    rewrite(platform, changes)
    publish(Workspace.open(platform), tag, ask=_no_password, report=report, cancel=cancel)


def draft(platform: Path) -> None:
    """Leave the next version in the manifest."""
    rewrite(platform, NEXT)


def rewrite(platform: Path, changes: dict[str, str]) -> None:
    """Change the manifest."""
    files = Directory(platform)
    text = (files.read("manifest.yaml", LIMIT) or b"").decode()
    files.write("manifest.yaml", changed(text, changes).encode())


def _no_password(prompt: str) -> str:
    """The demo's key protects nothing, and so is not protected."""
    return ""


def changed(text: str, changes: dict[str, str]) -> str:
    """`text` with the first of each replaced."""
    for old, new in changes.items():
        assert old in text, f"the example no longer has {old!r}"
        text = text.replace(old, new, 1)
    return text


def _files() -> dict[str, bytes]:
    """What is written: the examples, the platform with a registry of its own, the project with mistakes."""
    found: dict[str, bytes] = {}
    for name, adapted in ((PLATFORM, _with_registry), (PROJECT, broken)):
        root = source() / name
        files = {
            path.relative_to(root).as_posix(): path.read_bytes()
            for path in sorted(root.rglob("*"))
            if path.is_file() and not any(part.startswith(".") for part in path.relative_to(root).parts)
        }
        found |= {f"{name}/{path}": data for path, data in adapted(files).items()}
    return found


def _with_registry(files: dict[str, bytes]) -> dict[str, bytes]:
    return {**files, "manifest.yaml": files["manifest.yaml"] + REGISTRY}


def broken(files: dict[str, bytes]) -> dict[str, bytes]:
    """A project with what a reviewer would find: a name without its layer, and columns without tests."""
    edits: dict[str, Callable[[bytes], bytes]] = {
        "models/gold/gold.yml": lambda data: data.replace(b"gold_daily_sales", b"daily_sales"),
        "models/silver/silver.yml": lambda data: data.replace(b"        data_tests: [not_null]\n", b""),
    }
    found = {path: edits[path](data) if path in edits else data for path, data in files.items()}
    found["models/gold/daily_sales.sql"] = found.pop("models/gold/gold_daily_sales.sql")
    return found
