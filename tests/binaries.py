"""The real peers that tests talk to: found on PATH, else the test says how to get them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

HOW_TO_GET = {
    "docker-registry": "Debian: apt-get install docker-registry",
    "cosign2": "cosign 2.x from github.com/sigstore/cosign/releases, on PATH as cosign2",
    "cosign3": "cosign 3.x from github.com/sigstore/cosign/releases, on PATH as cosign3",
    "oras": "oras 1.3 or later from oras.land",
    "crane": "crane from github.com/google/go-containerregistry/releases",
    "chromium": "Debian: apt-get install chromium",
    "skopeo": "Debian: apt-get install skopeo",
    "dbt-bouncer": "pip install 'dbt-bouncer==4.3.*' into the environment of dbt",
    "dbt": "pip install 'floe-workbench[dbt]' into an environment of its own, and name it in FLOE_DBT",
}


def require_binary(name: str) -> str:
    """The path of a peer. Skips the test without it, or fails where FLOE_REQUIRE_INTEROP is set."""
    found = _of_dbt(name) or shutil.which(name)
    if found:
        return found
    message = f"{name} is not on PATH ({HOW_TO_GET.get(name, 'install it')})"
    if os.environ.get("FLOE_REQUIRE_INTEROP") == "1":
        pytest.fail(message)
    pytest.skip(message)


def _of_dbt(name: str) -> str | None:
    """dbt as FLOE_DBT names it, or what is installed beside it."""
    dbt = os.environ.get("FLOE_DBT")
    if not dbt or not name.startswith("dbt"):
        return None
    return dbt if name == "dbt" else shutil.which(Path(dbt).with_name(name))
