"""The commands that do what was just done here: it teaches the headless face, and each can be copied."""

from __future__ import annotations

from msgspec import Struct

MOST = 200
"""Commands that are kept; the oldest go."""


class Ran(Struct, frozen=True):
    """One command line, and how it went."""

    command: str
    seconds: float
    problem: str = ""
    """Why it failed; empty where it did not."""

    @property
    def said(self) -> str:
        """In a few words."""
        return f"{self.seconds:.1f} s{f', {self.problem}' if self.problem else ''}"
