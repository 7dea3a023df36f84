"""The folders that a person's programs keep settings, data and caches in.

On Linux by the XDG base directory specification, read here: the library that knows the other systems
takes longer to import than all that is looked for.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from platformdirs import PlatformDirs

_APPLICATION = "floe"


def user_config() -> Path:
    """Where settings and the trust policy lie."""
    return _xdg("XDG_CONFIG_HOME", ".config") if _has_xdg() else _elsewhere().user_config_path


def user_data() -> Path:
    """Where the embedded registry lies."""
    return _xdg("XDG_DATA_HOME", ".local/share") if _has_xdg() else _elsewhere().user_data_path


def user_cache() -> Path:
    """Where receipts lie, and facts of projects that were read before."""
    return _xdg("XDG_CACHE_HOME", ".cache") if _has_xdg() else _elsewhere().user_cache_path


def site_config() -> tuple[Path, ...]:
    """Where the system's administrator puts settings for everybody."""
    if not _has_xdg():
        return tuple(map(Path, _elsewhere().site_config_dir.split(os.pathsep)))
    listed = map(Path, os.environ.get("XDG_CONFIG_DIRS", "").split(os.pathsep))
    folders = [folder for folder in listed if folder.is_absolute()] or [Path("/etc/xdg")]
    return tuple(folder / _APPLICATION for folder in folders)


def _has_xdg() -> bool:
    return sys.platform == "linux"


def _elsewhere() -> PlatformDirs:
    from platformdirs import PlatformDirs

    return PlatformDirs(_APPLICATION, appauthor=False, multipath=True)


def _xdg(variable: str, otherwise: str) -> Path:
    """The folder of a variable; what it says counts where it is absolute, as the specification wants."""
    said = Path(os.environ.get(variable, ""))
    return (said if said.is_absolute() else _home() / otherwise) / _APPLICATION


def _home() -> Path:
    """The person's home; one that is relative would be wherever the program was started."""
    said = Path(os.environ.get("HOME", ""))
    if said.is_absolute():
        return said
    import pwd

    return Path(pwd.getpwuid(os.getuid()).pw_dir)
