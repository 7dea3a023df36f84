"""Keys that the tests of this room share: scrypt takes a third of a second a key."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from floe_engine.signing.keys import PrivateKey, load_private
from tests.engine.signing.memory import MemoryRepository


def new_key() -> PrivateKey:
    """A P-256 key without a password, for speed."""
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    return load_private(pem)


@pytest.fixture(scope="session")
def key() -> PrivateKey:
    """The key that the reader trusts."""
    return new_key()


@pytest.fixture(scope="session")
def stranger() -> PrivateKey:
    """A key that nobody trusts."""
    return new_key()


@pytest.fixture
def repository() -> MemoryRepository:
    return MemoryRepository()
