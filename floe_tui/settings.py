"""What a user sets for the workbench: a TOML file in their config directory, and the command line.

theme = "floe-light"
editor = "code --wait"

[keys]
"manifest.save" = "ctrl+w"
"""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct, field
from platformdirs import user_config_path

from floe_engine import ConfigurationError, FloeError, read_bounded, strict_toml

LIMIT = 256_000
"""Bytes that a settings file may have."""


class Options(Struct, frozen=True):
    """What the command line says: where to work, and whether anything may be changed."""

    directory: Path
    read_only: bool = False
    theme: str = ""


class Settings(Struct, frozen=True):
    """What the settings file says.

    `theme` is one of floe's or of the user's own; `editor` is a command, before ``$VISUAL`` and ``$EDITOR``;
    `keys` gives an action's id other keys, comma-separated.
    """

    theme: str = ""
    soft_wrap: bool = False
    editor: str = ""
    keys: dict[str, str] = field(default_factory=dict)


def settings_path() -> Path:
    """Where the settings file is looked for."""
    return user_config_path("floe") / "tui.toml"


def load(path: Path | None = None) -> Settings:
    """The settings of `path`, or defaults where there is no such file.

    Raises `ConfigurationError` that names every mistake.
    """
    settings, error = load_or_default(path)
    if error is not None:
        raise error
    return settings


def load_or_default(path: Path | None = None) -> tuple[Settings, FloeError | None]:
    """What the file says as far as it holds, and every mistake in it; for those defaults stand in."""
    path = settings_path() if path is None else path
    if not path.exists():
        return Settings(), None
    try:
        values = strict_toml(read_bounded(path, LIMIT, what="settings file"))
    except ValueError as error:
        return Settings(), ConfigurationError("settings file is not TOML", str(error), where=str(path))
    except FloeError as error:
        return Settings(), error
    settings, mistakes = _read(values)
    if not mistakes:
        return settings, None
    hint = (
        "the ids of actions are listed in docs/keys.md" if any("action" in said for said in mistakes) else ""
    )
    return settings, ConfigurationError(
        "settings file is not valid", "; ".join(mistakes), hint=hint, where=str(path)
    )


def _read(values: dict[str, object]) -> tuple[Settings, list[str]]:
    from floe_tui.actions import ACTIONS

    good: dict[str, object] = {}
    mistakes: list[str] = []
    kinds: dict[str, tuple[type, str]] = {
        "theme": (str, "a theme's name"),
        "soft_wrap": (bool, "true or false"),
        "editor": (str, 'a command, such as "vim"'),
        "keys": (dict, "a table of action ids and keys"),
    }
    for name, value in values.items():
        if name not in kinds:
            mistakes.append(f"{name} is no setting; they are {', '.join(kinds)}")
        elif not isinstance(value, kinds[name][0]):
            mistakes.append(f"{name}: should be {kinds[name][1]}")
        else:
            good[name] = value
    given = good.pop("keys", {})
    ids = {action.id for action in ACTIONS}
    keys: dict[str, str] = {}
    for name, value in (given if isinstance(given, dict) else {}).items():
        if name not in ids:
            mistakes.append(f"keys.{name}: there is no such action")
        elif not isinstance(value, str):
            mistakes.append(f"keys.{name}: should be keys in quotes, comma-separated")
        else:
            keys[name] = value
    return Settings(**good, keys=keys), mistakes  # type: ignore[arg-type]  # their kinds were just looked at
