"""What a finding costs if it is left: by this, findings are ranked.

Reports and the workbench show the worst first. Whether something stops a build is the platform's
word; how much harm it does is the rule's nature.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum


class Harm(IntEnum):
    """From the worst to the least."""

    EXPOSED = 0
    KEYS = 1
    LAYERS = 2
    COVERAGE = 3
    PROSE = 4

    @property
    def title(self) -> str:
        """As a heading."""
        return _TITLES[self]


_TITLES: Mapping[Harm, str] = {
    Harm.EXPOSED: "Sensitive data exposed",
    Harm.KEYS: "Broken keys",
    Harm.LAYERS: "Names and layers",
    Harm.COVERAGE: "Tests and contracts",
    Harm.PROSE: "Descriptions and paperwork",
}

_HARMS: Mapping[str, Harm] = {
    "FLOE-E20": Harm.LAYERS,
    "FLOE-E21": Harm.COVERAGE,
    "FLOE-E22": Harm.PROSE,
    "FLOE-E222": Harm.LAYERS,
    "FLOE-E223": Harm.LAYERS,
    "FLOE-E224": Harm.COVERAGE,
    "FLOE-E23": Harm.COVERAGE,
    "FLOE-E230": Harm.KEYS,
    "FLOE-E231": Harm.KEYS,
    "FLOE-E233": Harm.PROSE,
    "FLOE-E239": Harm.PROSE,
    "FLOE-E24": Harm.EXPOSED,
    "FLOE-E240": Harm.PROSE,
    "FLOE-E244": Harm.PROSE,
    "FLOE-E25": Harm.EXPOSED,
    "FLOE-E26": Harm.EXPOSED,
    "FLOE-E263": Harm.COVERAGE,
    "FLOE-E264": Harm.PROSE,
    "FLOE-E27": Harm.COVERAGE,
    "FLOE-E28": Harm.COVERAGE,
    "FLOE-E29": Harm.PROSE,
    "FLOE-E30": Harm.PROSE,
    "FLOE-E32": Harm.PROSE,
    "FLOE-E33": Harm.LAYERS,
    "FLOE-E340": Harm.KEYS,
    "FLOE-E341": Harm.KEYS,
    "FLOE-E36": Harm.PROSE,
    "FLOE-E37": Harm.PROSE,
}


def harm_of(rule_id: str) -> Harm:
    """The harm of what a rule finds, by its ID."""
    return _HARMS[rule_id] if rule_id in _HARMS else _HARMS.get(rule_id[:-1], Harm.COVERAGE)
