"""A manifest's directory with keys, and a catalogue with plugins that are odd on purpose."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from floe_engine.manifest.plugins import Catalogue

SEED = """\
# manifest.yaml
apiVersion: floe.dev/v1
kind: Manifest
metadata:
  name: acme-data-platform
  version: "1.2.3"
  scope: enterprise

plugins:
  compute:
    type: duckdb
  orchestrator:
    type: dagster
  catalog:
    type: polaris

data_architecture:
  pattern: medallion
  naming:
    enforcement: strict

governance:
  quality_gates:
    minimum_test_coverage: 80
    block_on_failure: true
"""

ODD_PLUGINS = {
    "compute": {"types": {"futuredb": {"title": "FutureDB", "api": "2.0"}}},
    "storage": {"types": {"rival": {"conflicts": {"compute": ["duckdb"]}}}},
}


NOT_A_CATALOGUE = ["compute"]


def broken_plugins() -> None:
    raise RuntimeError("no such module")


def entry_point(name: str, value: str) -> EntryPoint:
    return EntryPoint(name, f"tests.engine.manifest.conftest:{value}", "floe.plugins")


def public_pem() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return Catalogue.load([])


@pytest.fixture(scope="session")
def odd_catalogue() -> Catalogue:
    return Catalogue.load([entry_point("odd", "ODD_PLUGINS"), entry_point("broken", "broken_plugins")])


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A directory with ``cosign.pub`` and ``cosign.key``, and ``up/`` with another key."""
    home = tmp_path / "house"
    (home / "up").mkdir(parents=True)
    (home / "cosign.pub").write_text(public_pem())
    (home / "up" / "other.pub").write_text(public_pem())
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (home / "cosign.key").write_bytes(pem)
    return home
