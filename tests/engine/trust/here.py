"""The command line in this process, a hundred times faster to ask; and a dbt project to run it in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from floe_engine.cli import commands
from tests.cli import Ran


def floe(directory: Path, *arguments: str) -> Ran:
    """Run `floe` in `directory` as a script would: nobody can be asked anything."""
    head, tail = (
        (arguments[:2], arguments[2:]) if arguments[0] == "platform" else (arguments[:1], arguments[1:])
    )
    done = CliRunner().invoke(commands.floe, [*head, "--dir", str(directory), *tail], prog_name="floe")
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
    return Ran(done.exit_code, done.stdout, done.stderr)


@contextmanager
def elsewhere(home: Path) -> Iterator[None]:
    """As if on another machine: this one remembers what it has published itself."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
            patch.setenv(name, str(home))
        yield


def data_team(directory: Path, registry: str, version: str, *trust: str) -> Path:
    """A data team's dbt project, pinned to `version` by a floe.yaml with further lines about trust."""
    (directory / "models").mkdir(parents=True, exist_ok=True)
    (directory / "dbt_project.yml").write_text("name: shop\nprofile: shop\nversion: '1.0'\n")
    (directory / "models" / "bronze_orders.sql").write_text("select 1 as id")
    lines = "".join(f"  {line}\n" for line in trust)
    separator = "@" if version.startswith("sha256:") else ":"
    (directory / "floe.yaml").write_text(
        "apiVersion: floe.dev/v1\nkind: DataProduct\n"
        f"platform:\n  ref: {registry}{separator}{version}\n{lines}transforms: [{{type: dbt}}]\n"
    )
    return directory
