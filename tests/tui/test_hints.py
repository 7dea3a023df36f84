"""What to do next names a key first, and the command second; where there is nothing, it says what to do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from floe_engine import Act, FloeError, first_act
from floe_tui.action import Action
from floe_tui.actions import ACTIONS, SIX, Place
from floe_tui.hints import ROUTES, in_place, keyed
from floe_tui.panels.problem import ProblemPanel
from tests.acts import all_texts

from .conftest import Start, idle, place


def keys(action: Action) -> str:
    """Keys as the table has them."""
    return {"colon": ":"}.get(action.keys, action.keys)


def test_every_text_of_the_engine_that_says_an_act_begins_with_a_key() -> None:
    hints = [text.text for text in all_texts() if first_act(text.text)]
    assert len(hints) > 100
    own = {key for action in ACTIONS for key in keys(action).split(",")}
    for hint in hints:
        said = keyed(hint, keys)
        assert said.endswith(hint), "the command stays, after the key"
        way = said.removesuffix(hint).removesuffix(": ")
        assert way, hint
        steps = way.removesuffix(" runs it").split(", then ")
        assert set(steps) <= own, f"{way} of {hint!r} has keys that are not bound"


def test_every_act_has_a_way_here_and_every_way_leads_to_an_action() -> None:
    assert set(ROUTES) == set(Act)
    assert set(ROUTES.values()) <= {action.id for action in ACTIONS}


@pytest.mark.parametrize(
    ("hint", "said"),
    [
        ("run `floe init --platform=v1.2.3` to pin", "f6, then i: run `floe init --platform=v1.2.3` to pin"),
        ("`floe platform pull` fetches it", "f6, then p: `floe platform pull` fetches it"),
        ("`floe platform pull --force` takes it", ": runs it: `floe platform pull --force` takes it"),
        ("`floe platform doctor` looks", ": runs it: `floe platform doctor` looks"),
        ("write it as YYYY-MM-DD", "write it as YYYY-MM-DD"),
        ("", ""),
    ],
)
def test_a_command_that_asks_for_more_than_its_key_does_is_run_by_the_colon(hint: str, said: str) -> None:
    assert keyed(hint, keys) == said
    assert keyed(said, keys) == said, "once is enough"


def test_in_an_empty_list_the_key_has_a_line_of_its_own() -> None:
    assert in_place("it is gone", "f6, then p: `floe x` does") == "it is gone.\nf6, then p  `floe x` does"
    assert in_place("it is gone", "look at it") == "it is gone.\nlook at it"


async def test_a_problem_that_is_shown_names_the_key_that_the_user_gave(
    workbench: Start, platform: Path, tmp_path: Path
) -> None:
    settings = tmp_path / "home/config/floe/tui.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text('[keys]\n"registry.pull" = "f"\n')
    app = workbench(platform)
    async with app.run_test() as pilot:
        await idle(pilot, app)
        app.show_problem(FloeError("nothing is locked", hint="`floe platform pull` does it"))
        await idle(pilot, app)
        assert isinstance(app.screen, ProblemPanel)
        assert app.screen.error.hint == "F6, then f: `floe platform pull` does it"


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (120, 40), (160, 45)], ids=str)
async def test_in_an_empty_directory_every_place_says_calmly_what_can_be_done(
    workbench: Start, directory: Path, size: tuple[int, int]
) -> None:
    said = {
        Place.VERSIONS: "Two versions are needed",
        Place.POLICY: "There is no platform to test",
        Place.PUBLISH: "There is no platform to publish",
        Place.REGISTRY: "No versions here yet",
        Place.PROJECT: "Nothing is pinned here yet",
    }
    app = workbench(directory)
    async with app.run_test(size=size) as pilot:
        for where, sentence in said.items():
            await pilot.press(where.key)
            await idle(pilot, app)
            assert place(app).place == where
            text = "\n".join(strip.text for strip in app.screen._compositor.render_strips())
            assert sentence in text, where
            assert "✗" not in text, f"{where}: nothing is wrong with an empty directory"
            assert "v0.0.0" not in text
            assert re.search(r"(F\d|0, then \w|\b[bow])  +\w", text), f"{where}: no key stands there"
    assert {*said, Place.MANIFEST} == set(SIX)
