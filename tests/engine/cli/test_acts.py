"""What floe tells people to do are commands that there are, and below the faces one place spells them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import click
import pytest

from floe_engine.acts import Act, Option, first_act
from floe_engine.cli.commands import Deferred
from floe_engine.cli.commands import floe as commands
from tests.acts import ENGINE, all_texts

ROOT = ENGINE.parent

_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")

_OF_OTHERS = {"--get", "--show-toplevel", "--show-prefix", "--to-oci-layout"}
"""Options of git and of oras."""


def leaves(command: click.Command = commands, name: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command that there is, by its words."""
    if isinstance(command, click.Group):
        for word, inner in command.commands.items():
            yield from leaves(inner, f"{name} {word}".strip())
    else:
        yield name, command.load() if isinstance(command, Deferred) else command


COMMANDS = dict(leaves())
_WORDS = "|".join(sorted(COMMANDS, key=len, reverse=True))
_SPELLED = re.compile(rf"\bfloe(?:-engine)? (?:{'|'.join(commands.commands)})\b(?! artifact| …)")
"""A command line, or the beginning of one that there is not."""
_LINE = re.compile(rf"\bfloe(?:-engine)? ({_WORDS})(?![\w-])([^`\n|<>;,#]*)")

BELOW = [text for text in all_texts() if not text.place.startswith("cli/")]


def test_every_act_is_a_command_and_is_said_by_somebody() -> None:
    acts = {act for text in BELOW for act, _ in text.acts}
    assert acts == set(Act)
    assert {act.value for act in Act} <= COMMANDS.keys()


def test_an_act_is_found_again_in_what_is_said_of_it() -> None:
    for act in Act:
        assert first_act(f"run {act} now, or {Act.WAIVE}") == (act, "")
        assert first_act(f"{act:--option VALUE} does") == (act, "--option VALUE")
        assert act.line("--option") == f"floe {act.value} --option"
    assert first_act("`floe` and `floe sing` say nothing, and floe compile is not marked") is None


@pytest.mark.parametrize("act", Act, ids=lambda act: act.name)
def test_what_goes_with_an_act_is_what_its_command_takes(act: Act) -> None:
    command = COMMANDS[act.value]
    for arguments in {arguments for text in BELOW for said, arguments in text.acts if said is act}:
        context = click.Context(command, info_name=act.value)
        values, left, _ = command.make_parser(context).parse_args(shlex.split(arguments))
        assert not left, f"{act:{arguments}} says more than the command takes"
        for parameter in command.params:
            if isinstance(parameter.type, click.Choice) and isinstance(values.get(parameter.name), str):
                assert values[parameter.name] in parameter.type.choices


def test_nothing_below_the_faces_spells_a_command() -> None:
    assert [text.place for text in BELOW if _SPELLED.search(text.by_hand)] == []


def test_every_option_is_one_of_some_command_and_is_said_by_somebody() -> None:
    assert {option for text in BELOW for option in text.options} == set(Option)
    assert set(Option) <= {name for command in COMMANDS.values() for name in options_of(command)}


def test_nothing_below_the_faces_spells_an_option() -> None:
    named = [(option, text.place) for text in BELOW for option in _OPTION.findall(text.by_hand)]
    assert [at for at in named if at[0] not in _OF_OTHERS] == []


@pytest.mark.parametrize("kind", ["*.py", "*.md", "*.sh", "*.yml", "*.json"])
def test_every_command_line_that_stands_in_a_file_of_the_program_is_one_that_there_is(kind: str) -> None:
    """Docstrings too: those of settings and rules are shown to people."""
    texts = {
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
        for room in ("floe_engine", "floe_tui")
        for path in sorted((ROOT / room).rglob(kind))
    }
    found = [(place, *line) for place, text in texts.items() for line in _LINE.findall(text)]
    assert found
    assert sum(len(_SPELLED.findall(text)) for text in texts.values()) == len(found), "some are none"
    assert [
        (place, words, option)
        for place, words, arguments in found
        for option in _OPTION.findall(arguments)
        if option not in options_of(COMMANDS[words])
    ] == []


def options_of(command: click.Command) -> set[str]:
    """As they are written, such as ``--output``."""
    return {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
