"""What the parts of the workbench tell each other, as small values."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message


@dataclass
class WorkChanged(Message):
    """Some work began or ended; the status line shows `title` (empty when nothing runs)."""

    title: str


@dataclass
class StatusChanged(Message):
    """A place has something short to say in the status line."""

    text: str
