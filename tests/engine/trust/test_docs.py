"""docs/security.md promises nothing that no test holds."""

from __future__ import annotations

import re
from pathlib import Path

from floe_engine.trust.policy import read_policy
from tests.engine.trust.here import floe

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "security.md").read_text()


def test_every_test_that_the_threat_table_names_is_there() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGE)
    assert len(named) > 15
    for file, function in named:
        text = (ROOT / file).read_text()
        assert not function or f"def {function}(" in text, (file, function)


def test_the_policy_that_the_page_shows_is_read(tmp_path: Path, settings: Path) -> None:
    text = re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert text is not None
    path = settings / "trust.toml"
    path.write_text(text[1].replace("sha256:2395…", "sha256:" + "23" * 32).replace("sha256:77aa…", "77" * 32))
    policy = read_policy(path, tmp_path)
    assert policy.scopes[0].required == 2 and policy.revoked_keys == {"sha256:" + "77" * 32}


def test_the_options_that_the_page_names_exist(tmp_path: Path) -> None:
    for command in ("sign", "copy", "verify", "trust", "fingerprint"):
        assert floe(tmp_path, "platform", command, "--help").code == 0
