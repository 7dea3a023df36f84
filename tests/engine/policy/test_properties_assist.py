"""What an editor offers and tells in a dbt project's YAML: the words of the platform, where they count."""

import pytest

from floe_engine.document.diagnostics import Position
from floe_engine.document.document import parse
from floe_engine.policy import properties_assist
from tests.engine.policy.samples import platform

LEVELS = ["public", "internal", "confidential", "pii", "phi"]
ACME = platform(
    data_architecture={
        "pattern": "medallion",
        "layers": {
            "bronze": {"prefixes": ["bronze_", "raw_"], "tags": ["landing"]},
            "gold": {"schemas": ["marts"], "minimum_test_coverage": 90},
        },
    },
    governance={
        "classification": {
            "levels": LEVELS,
            "default_level": "internal",
            "rules": {"pii": {"allowed_access": ["private", "protected"], "minimum_test_coverage": 100}},
        }
    },
)


COLUMN = "models:\n  - name: a\n    columns:\n      - name: b\n"


def offered(text: str) -> list[str]:
    """What is offered at the end of a text."""
    lines = text.split("\n")
    found = properties_assist.complete(parse(text), Position(len(lines) - 1, len(lines[-1])), ACME)
    return [each.text for each in found]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"{COLUMN}        meta:\n          classification: ", LEVELS),
        ("models:\n  - name: a\n    config: {meta: {classification: p", ["public", "pii", "phi"]),
        ("models:\n  shop:\n    +meta:\n      classification: con", ["confidential"]),
        ("models:\n  - name: a\n    meta: {floe: {classification: int", ["internal"]),
        ("models:\n  - name: a\n    meta: {floe.layer: b", ["bronze"]),
        ("models:\n  - name: a\n    config:\n      meta:\n        floe:\n          layer: g", ["gold"]),
        ("models:\n  - name: a\n    tags: [la", ["landing"]),
        ("models:\n  - name: a\n    tags:\n      - ph", ["phi"]),
        ("models:\n  shop:\n    +schema: m", ["marts"]),
        ("models:\n  - name: b", ["bronze_"]),
        ("models:\n  - name: r", ["raw_", "bronze_", "silver_"]),
    ],
)
def test_levels_and_layers_are_offered_where_a_file_may_name_them(text: str, words: list[str]) -> None:
    assert offered(text) == words


@pytest.mark.parametrize(
    "text",
    [
        f"{COLUMN}        description: p",
        "models:\n  - name: a\n    columns:\n      - name: b",
        f"{COLUMN}        meta: {{contains_pii: t",
        f"{COLUMN}        meta: {{owner: p",
        "models:\n  - name: a\n    meta:\n      cl",
        "# meta: {classification: p",
        "sources:\n  - name: b",
    ],
)
def test_nothing_is_offered_elsewhere(text: str) -> None:
    assert offered(text) == []


def told(text: str, word: str) -> str | None:
    line = text.count("\n", 0, text.index(word))
    column = text.split("\n")[line].index(word)
    found = properties_assist.hover(parse(text), Position(line, column + 1), ACME)
    return found.text if found else None


def test_a_level_says_its_place_and_what_holds_for_it() -> None:
    assert told(f"{COLUMN}        meta: {{classification: PII}}\n", "PII") == (
        "**pii** — level 4 of 5\n\n- minimum_test_coverage: 100\n- allowed_access: private, protected"
        "\n- allowed_roles: data_engineer, admin"
    )
    assert told("models:\n  - name: a\n    tags: [internal]\n", "internal") == (
        "**internal** — level 2 of 5, the default"
    )


def test_a_layer_says_what_holds_in_it() -> None:
    text = told("models:\n  - name: a\n    meta: {floe.layer: gold}\n", "gold")
    assert text is not None and text.startswith("**gold** — layer of acme-data-platform")
    assert "- minimum_test_coverage: 90" in text


@pytest.mark.parametrize("word", ["classification", "secret", "models"])
def test_a_key_or_a_word_that_the_platform_does_not_have_says_nothing(word: str) -> None:
    assert told(f"{COLUMN}        meta: {{classification: secret}}\n", word) is None
