"""What a person can do next with floe, for whoever says so: the one place that spells its commands.

Rooms below the faces know acts, and say them in an f-string: an act is its command line, and what stands
after the colon goes with it. ``f"{Act.PULL:--force} fetches it"`` is
"`floe platform pull --force` fetches it". A face that has another way to do the same (a key) finds the act
again by `first_act`. An `Option` is what is said beside a command that the reader already gave. A test holds
that each is a command or an option, and that what goes with an act is an option of it.
"""

from __future__ import annotations

import re
from enum import Enum, StrEnum


class Act(Enum):
    """What some message tells a person to do: the words of a command."""

    BUMP = "platform bump"
    CHECK = "platform check"
    COMPILE = "compile"
    COMPILE_PLATFORM = "platform compile"
    DIFF = "platform diff"
    DOCTOR = "platform doctor"
    EXPLAIN = "explain"
    EXPLAIN_SETTING = "platform explain"
    EXPORT = "platform export"
    FINGERPRINT = "platform fingerprint"
    FIX = "fix"
    INIT = "init"
    INIT_PLATFORM = "platform init"
    INSPECT = "platform inspect"
    KEYGEN = "platform keygen"
    LIST = "platform list"
    LOGIN = "login"
    MCP = "mcp"
    PIN = "pin"
    PUBLISH = "platform publish"
    PULL = "platform pull"
    SCHEMA = "schema"
    SIGN = "platform sign"
    TEST = "platform test"
    TRUST = "platform trust"
    UPGRADE = "upgrade"
    VERIFY = "platform verify"
    WAIVE = "waive"

    def __format__(self, arguments: str) -> str:
        return f"`{self.line(arguments)}`"

    def line(self, arguments: str = "") -> str:
        """The command line with these arguments, for where no backticks may stand around it."""
        return f"floe {self.value} {arguments}".rstrip()


class Option(StrEnum):
    """What some message tells a person to say beside whatever they said: an option of that command."""

    ACCEPT_BREAKING = "--accept-breaking"
    ALLOW_DOWNGRADE = "--allow-downgrade"
    ALLOW_EMPTY = "--allow-empty"
    ALLOW_READABLE_KEY = "--allow-readable-key"
    DIR = "--dir"
    EXACT = "--exact"
    FROZEN = "--frozen"
    IDENTITY_TOKEN = "--identity-token"  # noqa: S105 - a name
    INTO = "--into"
    KEY = "--key"
    KEYLESS = "--keyless"
    LEVEL = "--level"
    MINOR = "--minor"
    NO_SIGN = "--no-sign"
    OFFLINE = "--offline"
    PARENT = "--parent"
    PATCH = "--patch"
    PROFILES_DIR = "--profiles-dir"
    REGISTRY = "--registry"
    SELECT = "--select"
    SELECTOR = "--selector"
    STATE = "--state"
    TEMPLATE = "--template"
    TO = "--to"
    TRUSTED_KEY = "--trusted-key"
    YES = "--yes"


def first_act(text: str) -> tuple[Act, str] | None:
    """The first act that `text` says, with what goes with it, as an f-string writes it; None: none."""
    acts = "|".join(sorted((act.value for act in Act), key=len, reverse=True))
    said = re.search(rf"`floe ({acts})(?: ([^`]*))?`", text)
    return None if said is None else (Act(said[1]), said[2] or "")
