"""What a user sets for the workbench: a TOML file in their config directory, and the command line.

theme = "floe-light"

[keys]
"manifest.save" = "ctrl+w"
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from platformdirs import user_config_path

from floe_engine import ConfigurationError, FloeError, read_bounded

LIMIT = 256_000
"""Bytes that a settings file may have."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says: where to work, and whether anything may be changed."""

    directory: Path
    read_only: bool = False
    theme: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the settings file says.

    `theme` is a name of `themes.THEMES`; `keys` gives an action's id other keys, comma-separated.
    """

    theme: str = ""
    soft_wrap: bool = False
    keys: dict[str, str] = field(default_factory=dict)


def settings_path() -> Path:
    """Where the settings file is looked for."""
    return user_config_path("floe") / "tui.toml"


def load(path: Path | None = None) -> Settings:
    """The settings of `path`, or defaults where there is no such file.

    Raises `ConfigurationError` that names the key at fault.
    """
    path = settings_path() if path is None else path
    if not path.exists():
        return Settings()
    try:
        values = tomllib.loads(read_bounded(path, LIMIT, what="settings file").decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError("settings file is not TOML", str(error), where=str(path)) from None
    return _validate(values, path)


def load_or_default(path: Path | None = None) -> tuple[Settings, FloeError | None]:
    """The settings, and what was wrong with the file where defaults had to stand in for it."""
    try:
        return load(path), None
    except FloeError as error:
        return Settings(), error


def _validate(values: dict[str, object], path: Path) -> Settings:
    # Most people have no settings file; they should not pay for pydantic at start.
    from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

    from floe_tui.actions import ACTIONS

    checked = with_config(ConfigDict(extra="forbid"))(Settings)
    try:
        settings = TypeAdapter(checked).validate_python(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(map(str, first["loc"]))
        raise ConfigurationError(
            "settings file is not valid", f"{name}: {first['msg']}", where=str(path)
        ) from None
    unknown = sorted(set(settings.keys) - {action.id for action in ACTIONS})
    if unknown:
        raise ConfigurationError(
            "settings file gives a key to an unknown action",
            ", ".join(unknown),
            hint="the ids are listed in docs/keys.md",
            where=str(path),
        )
    return settings
