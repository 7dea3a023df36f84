"""Write docs/commands.md: the help of every command, as it is at 80 columns.

    python scripts/commands_reference.py [--check]

With --check nothing is written; the exit code is 1 where the page is not what it should be.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from floe_engine.cli.commands import Deferred, floe

PAGE = Path(__file__).resolve().parents[1] / "docs" / "commands.md"

INTRODUCTION = """\
# Commands

Written by `scripts/commands_reference.py` from the commands themselves; do not edit it by hand.
`floe-engine` is the same program under another name. Exit codes: 0 done, 1 findings or a refusal, 2 a
mistake in the command line or in a configuration, 3 registry or network, 4 nothing was checked,
5 an artifact or the cache is damaged or is not what the lock names, 6 signature or trust, 130 cancelled.
"""


def contexts(
    command: click.Command, name: str, parent: click.Context | None = None
) -> Iterator[click.Context]:
    """A command and all below it, as a command line reaches them."""
    if isinstance(command, Deferred):
        command = command.load()
    context = click.Context(command, parent, name, terminal_width=80, **command.context_settings)
    yield context
    if isinstance(command, click.Group):
        for word in command.list_commands(context):
            yield from contexts(command.commands[word], word, context)


def markdown() -> str:
    """The page."""
    parts = [INTRODUCTION]
    for context in contexts(floe, "floe"):
        level = "#" * min(4, 1 + len(context.command_path.split()))
        parts.append(f"{level} {context.command_path}\n\n```text\n{context.get_help()}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    if "--check" in sys.argv[1:]:
        sys.exit(0 if PAGE.read_text(encoding="utf-8") == markdown() else f"{PAGE} is stale: make docs")
    PAGE.write_text(markdown(), encoding="utf-8")
    print(PAGE)
