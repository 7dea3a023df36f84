"""What the code may import, and what a start may cost: the contracts of pyproject.toml and more."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli import floe, ok, platform_directory
from tests.registries import DockerRegistry

ROOT = Path(__file__).parents[2]

NEVER_AT_START = (
    "textual",
    "rich",
    "oras",
    "requests",
    "sigstore",
    "deepdiff",
    "sqlglot",
    "distributed",
    "pygls",
)
"""Libraries that compiling a manifest has no use for."""

LOADED = """
import json, os, sys
from floe_engine.cli import run
os._exit = sys.exit  # how a command ends, without what is taken down then
try:
    run()
except SystemExit as stop:
    assert not stop.code, stop.code
finally:
    json.dump(sorted(sys.modules), open("modules.json", "w"))
"""


def loaded(directory: Path, *arguments: str) -> set[str]:
    """The modules that a fresh process has imported when the command is done."""
    subprocess.run(
        [sys.executable, "-c", LOADED, *arguments], cwd=directory, check=True, capture_output=True, timeout=60
    )
    return set(json.loads((directory / "modules.json").read_text()))


def test_the_version_costs_no_library_at_all(tmp_path: Path) -> None:
    modules = loaded(tmp_path, "--version")
    assert {name for name in modules if name.startswith("floe_engine")} == {
        "floe_engine",
        "floe_engine.cli",
        "floe_engine.starting",
    }
    assert not modules & {*NEVER_AT_START, "cryptography", "msgspec", "pydantic", "click", "yaml"}


def test_help_reads_no_manifest_and_no_artifact(tmp_path: Path) -> None:
    modules = loaded(tmp_path, "--help")
    assert not modules & {*NEVER_AT_START, "cryptography", "msgspec", "pydantic", "yaml"}


def test_compiling_a_platform_imports_no_registry_no_signing_and_no_screen(tmp_path: Path) -> None:
    modules = loaded(platform_directory(tmp_path), "platform", "compile")
    assert not modules & {*NEVER_AT_START, "cryptography", "nacl", "floe_tui"}
    assert not {name for name in modules if name.startswith(("floe_engine.policy", "floe_engine.upgrade"))}


def test_a_command_imports_itself_and_no_other(tmp_path: Path) -> None:
    modules = loaded(tmp_path, "platform", "trust", "oci-layout:registry")
    families = {"diagnostics", "doctor", "findings", "manifest", "pins", "platform", "project", "transfer"}
    assert not {f"floe_engine.cli.{name}" for name in families} & modules


def test_looking_at_a_registry_imports_no_models_no_guard_and_no_rules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOE_REGISTRY", f"oci-layout:{tmp_path}/registry")
    monkeypatch.setenv("COSIGN_PASSWORD", "")
    team = platform_directory(tmp_path / "team")
    ok(floe(team, "platform", "keygen"))
    ok(floe(team, "platform", "publish", "v1.2.3", "--key", "cosign.key"))
    for command in (["list"], ["verify", "v1.2.3", "--key", "cosign.pub"]):
        modules = loaded(team, "platform", *command)
        assert not modules & {
            "pydantic",
            "jsonschema",
            "oras.provider",
            "sigstore",
            "deepdiff",
            "http.server",
            "floe_engine.signing.attestation",
            "floe_engine.signing.keyless",
        }
        # A layout on disk is asked without HTTP, and nobody there asks who we are.
        assert not modules & {"requests", "urllib3", "http.client", "ssl", "email", "concurrent.futures"}
        assert not modules & {"floe_engine.registry.http_wire", "random", "socket"}
        assert not {
            name for name in modules if name.startswith(("floe_engine.policy", "floe_engine.upgrade"))
        }
    assert "yaml" not in loaded(team, "platform", "list")


def test_compiling_a_platform_that_is_right_imports_no_pydantic_and_asks_no_package(tmp_path: Path) -> None:
    modules = loaded(platform_directory(tmp_path / "team"), "platform", "compile")
    assert not modules & {
        *NEVER_AT_START,
        "pydantic",
        "importlib.metadata",
        "email",
        "cryptography",
        "urllib3",
    }


@pytest.mark.interop
def test_a_registry_is_asked_without_requests(tmp_path: Path, docker_registry: DockerRegistry) -> None:
    registry = docker_registry.reference("lean").name
    publish = ("platform", "publish", "v1.2.3", "--no-sign", "--registry", registry)
    for command in (publish, ("platform", "pull", f"{registry}:v1.2.3")):
        modules = loaded(platform_directory(tmp_path / command[1]), *command)
        assert "urllib3" in modules
        assert not modules & {"requests", "http.cookiejar", "urllib.request", "charset_normalizer"}
        assert "pydantic" not in modules  # which is for files that have a mistake
    assert not modules & {"dataclasses", "yaml", "cryptography"}  # of a pull that nobody has signed


def test_judging_by_a_locked_platform_imports_no_schema_of_manifests_and_no_registry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOE_REGISTRY", f"oci-layout:{tmp_path}/registry")
    ok(floe(platform_directory(tmp_path / "team"), "platform", "publish", "v1.2.3", "--no-sign"))
    product = shutil.copytree(ROOT / "examples" / "customer-analytics", tmp_path / "product")
    ok(floe(product, "init", "--platform=v1.2.3"))
    modules = loaded(product, "compile", "--what-if=warn")
    late = {"pydantic", "cryptography", "difflib", "tomllib", "importlib.metadata", "secrets"}
    late |= {"floe_engine.signing.bundle", "floe_engine.signing.keyless"}
    # Each dataclass is text that the interpreter compiles at every start: values are msgspec structs.
    # click imports `inspect`, which imports these, for what a command that is well called never asks.
    late |= {"dis", "tokenize", "typing_extensions"}
    late |= {"dataclasses", "subprocess", "shutil", "getpass", "jinja2", "floe_engine.document.recovery"}
    assert not modules & {
        *NEVER_AT_START,
        *late,
        "floe_engine.manifest.schema",
        "floe_engine.registry.client",
    }
    # Examples of rules are for policy tests alone.
    assert "floe_engine.policy.resources" not in modules
    # The seed's platform has no house rules, and asks for none of the rules that share their facts.
    of_facts = ("floe_engine.cel", "floe_engine.policy.facts", "floe_engine.lineage.literal_tables")
    assert not {name for name in modules if name.startswith(of_facts)}
    # Nor does it ask anything of sources, exposures, macros, the graph or the SQL.
    unasked = {"documentation", "sources", "exposures", "dag", "sql_style", "macros", "structure"}
    assert not {f"floe_engine.policy.rules.{family}" for family in unasked} & modules


def test_verifying_what_is_locked_again_imports_what_a_curve_s_key_needs_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOE_REGISTRY", f"oci-layout:{tmp_path}/registry")
    team = platform_directory(tmp_path / "team")
    ok(floe(team, "platform", "keygen", env={"COSIGN_PASSWORD": "x"}))
    ok(floe(team, "platform", "publish", "v1.2.3", "--key", "cosign.key", env={"COSIGN_PASSWORD": "x"}))
    product = shutil.copytree(ROOT / "examples" / "customer-analytics", tmp_path / "product")
    ok(floe(product, "init", "--platform=v1.2.3"))
    modules = loaded(product, "compile", "--what-if=warn")
    assert "cryptography.hazmat.primitives.asymmetric.ec" in modules
    primitives = "cryptography.hazmat.primitives"
    assert not modules & {
        "cryptography.hazmat.backends.openssl.backend",
        f"{primitives}.asymmetric.rsa",
        f"{primitives}.ciphers",
        f"{primitives}.serialization",
        "nacl",
        "sigstore",
        "floe_engine.signing.keyless",
        "floe_engine.signing.writing",
    }


def test_importing_the_engine_imports_nothing_of_it(tmp_path: Path) -> None:
    code = "import floe_engine, sys; print([m for m in sys.modules if m.startswith('floe_engine.')])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "['floe_engine.starting']", (
        "which programs alone need, and which needs nothing"
    )


def test_every_public_name_is_there() -> None:
    import floe_engine

    for name in floe_engine.__all__:
        assert getattr(floe_engine, name) is not None


def test_the_layers_hold() -> None:
    pytest.importorskip("importlinter")
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [str(program), "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout
