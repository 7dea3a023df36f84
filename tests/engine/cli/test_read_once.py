"""A command takes a YAML text apart once, however many of its steps ask what is written there."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from floe_engine.cli.commands import Group
from floe_engine.cli.commands import floe as commands
from floe_engine.document import document
from tests import forked
from tests.teams import new_key

EXAMPLES = Path(__file__).parents[3] / "examples"
BOUNCER = "manifest_checks:\n  - name: check_model_names\n    model_name_pattern: ^stg_\n"

EXPIRES = f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d}"

CALLS = f"""\
platform: platform check
platform: platform check --fix
platform: platform explain governance.quality_gates.minimum_test_coverage
platform: platform compile
platform: platform test
platform: platform test --mutate
platform: platform publish v1.2.3 --dry-run
platform: platform publish v1.2.3 --no-sign
platform: platform sign v1.2.3 --yes
product: init --platform=v1.2.3 --dry-run
product: init --platform=v1.2.3
product: compile
product: compile --frozen --offline
product: fix --dry-run
product: fix
product: waive FLOE-E210 bronze_orders --reason moved --owner us --expires {EXPIRES}
platform: platform import-rules dbt-bouncer.yml
platform: platform diff v1.2.3
platform: platform bump --to 2.0.0
platform: platform publish v2.0.0
platform: platform changelog
platform: platform list
platform: platform inspect v2.0.0
platform: platform verify v2.0.0
platform: platform trust
platform: platform diff v1.2.3 v2.0.0 --impact ../product
platform: platform copy v2.0.0 oci-layout:copied
platform: platform export exported.tar v2.0.0
platform: platform import exported.tar --registry oci-layout:imported
platform: platform doctor
empty: platform init
platform: platform fingerprint cosign.pub
empty: platform keygen
platform: config
product: outdated
product: upgrade --dry-run --accept-breaking
product: upgrade --accept-breaking
product: upgrade --undo
product: pin --minor
product: platform pull
product: platform pull --force
product: platform verify
product: platform trust
product: platform inspect v1.2.3
product: platform list
product: platform doctor
product: platform cache clear
product: compile
product: config
product: explain FLOE-E201
product: schema floe
product: completion bash
product: version
"""
"""Who calls what, in this order."""

WITHOUT = {"login", "logout", "lsp", "mcp"}
"""Commands that read no file of either team, or serve until they are stopped."""


def test_every_command_takes_each_text_apart_once(tmp_path: Path) -> None:
    calls = [(who, tuple(words.split())) for who, words in (line.split(": ") for line in CALLS.splitlines())]
    assert {_name(words) for _, words in calls} == set(_names(commands)) - WITHOUT
    shutil.copytree(EXAMPLES / "acme-platform", tmp_path / "platform")
    shutil.copytree(EXAMPLES / "customer-analytics-violating", tmp_path / "product")
    (tmp_path / "empty").mkdir()
    manifest = tmp_path / "platform" / "manifest.yaml"
    allowing = "governance:\n  waiver_policy: {allow_in_product: allow}\n"
    manifest.write_text(manifest.read_text().replace("governance:\n", allowing))
    new_key(tmp_path / "platform" / "cosign.key")
    (tmp_path / "platform" / "dbt-bouncer.yml").write_text(BOUNCER)
    again = {}
    for who, words in calls:
        texts = _texts(tmp_path / who, words)
        again[" ".join(words)] = [text for text, times in texts.items() if times > 1]
    assert {words: texts for words, texts in again.items() if texts} == {}


def _texts(directory: Path, words: tuple[str, ...]) -> Counter[str]:
    """How often a command takes each text apart."""
    note = directory.parent / "texts"
    note.write_text("")

    def watch() -> None:
        document._remembered.cache_clear()  # what was read by this process, which forks
        compose = document.compose

        def noted(text: str, lines: list[str]) -> Any:
            with note.open("a") as file:
                file.write(json.dumps(text) + "\n")
            return compose(text, lines)

        document.compose = noted

    running = forked.start(directory, *words, environ={**os.environ, "COSIGN_PASSWORD": "pw"}, first=watch)
    # 1: findings, and 6: nobody is trusted by the team's own word yet; both had to read for it.
    assert running.wait() in (0, 1, 6), (words, running.told)
    return Counter(map(json.loads, note.read_text().splitlines()))


def _name(words: tuple[str, ...]) -> str:
    """The command's own words: those that are groups', and one more."""
    group: Any = commands
    for count, word in enumerate(words, 1):
        group = group.commands[word]
        if not isinstance(group, Group):
            return " ".join(words[:count])
    raise AssertionError(words)


def _names(group: Group) -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, Group):
            yield from (f"{name} {below}" for below in _names(command))
        else:
            yield name
