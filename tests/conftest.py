"""What every test may rely on: an environment of its own, and real peers where they are needed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import hypothesis
import pytest

from tests import binaries, registries
from tests.registries import Auth, DockerRegistry

# How long an example takes says how busy the machine is. A change is judged by the same examples each time;
# new ones are sought with `--hypothesis-profile=search`.
_UNHURRIED = hypothesis.settings(deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.register_profile("floe", _UNHURRIED, derandomize=True)
hypothesis.settings.register_profile("search", _UNHURRIED)
hypothesis.settings.load_profile("floe")

_KEPT = {"FLOE_REQUIRE_INTEROP", "FLOE_DBT"}
_FOREIGN = (
    "COSIGN_",
    "DOCKER_CONFIG",
    "REGISTRY_AUTH_FILE",
    "NO_COLOR",
    "FORCE_COLOR",
    "CLICOLOR",
    "SOURCE_DATE_EPOCH",
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "DBT_",
)


@pytest.fixture(autouse=True)
def isolated_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """No test sees or writes the developer's home, logins or settings. Returns the new home."""
    home = tmp_path_factory.mktemp("home")
    for name in list(os.environ):
        if (name.startswith("FLOE_") and name not in _KEPT) or name.startswith(_FOREIGN):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    for name, folder in {
        "XDG_CONFIG_HOME": ".config",
        "XDG_DATA_HOME": ".local/share",
        "XDG_CACHE_HOME": ".cache",
        "XDG_STATE_HOME": ".local/state",
    }.items():
        monkeypatch.setenv(name, str(home / folder))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    # A developer's proxy must not stand between a test and its own loopback servers.
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    return home


@pytest.fixture(scope="session")
def require_binary() -> Callable[[str], str]:
    """The path of a peer program; skips without it, fails where FLOE_REQUIRE_INTEROP is set."""
    return binaries.require_binary


@pytest.fixture
def start_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., DockerRegistry]]:
    """Start a real docker-registry: ``start_registry(auth="htpasswd"|"token"|None, tls=False)``."""
    with ExitStack() as running:

        def start(*, auth: Auth | None = None, tls: bool = False) -> DockerRegistry:
            folder = tmp_path_factory.mktemp("registry")
            return running.enter_context(registries.docker_registry(folder, auth=auth, tls=tls))

        yield start


@pytest.fixture
def docker_registry(start_registry: Callable[..., DockerRegistry]) -> DockerRegistry:
    """A real, empty, anonymous docker-registry of this test alone."""
    return start_registry()
