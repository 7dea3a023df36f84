"""Settings, data and caches lie where every other program of this person keeps them."""

from __future__ import annotations

import sys
from pathlib import Path

import platformdirs
import pytest

from floe_engine import folders

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere platformdirs itself answers")

VARIABLES = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_DIRS")


@pytest.mark.parametrize("said", [None, "", "/else/where", "relative/path", "/a:/b", "relative:/b"])
def test_the_folders_are_those_of_the_library_that_others_use(
    monkeypatch: pytest.MonkeyPatch, said: str | None
) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        if said is not None and (":" not in said or name == "XDG_CONFIG_DIRS"):
            monkeypatch.setenv(name, said)
    assert folders.user_config() == platformdirs.user_config_path("floe", appauthor=False)
    assert folders.user_data() == platformdirs.user_data_path("floe", appauthor=False)
    assert folders.user_cache() == platformdirs.user_cache_path("floe", appauthor=False)
    listed = platformdirs.site_config_dir("floe", appauthor=False, multipath=True)
    assert folders.site_config() == tuple(map(Path, listed.split(":")))


def test_a_home_that_is_relative_is_nobody_s(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Else a clone would bring the settings of whoever works in it."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "home")
    monkeypatch.chdir(tmp_path)
    assert folders.user_config().is_absolute()
    assert not folders.user_config().is_relative_to(tmp_path)
