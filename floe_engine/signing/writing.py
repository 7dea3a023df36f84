"""Writing beside others who write at the same moment, where a registry has no compare-and-swap.

What is written must not enter.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Protocol

from floe_engine.errors import RegistryError
from floe_engine.events import CancelToken

_ATTEMPTS = 10


class Writer(Protocol):
    """A signature that is written into a repository in one format.

    `company`: whether other signatures were beside it when it was last looked at.
    """

    where: str
    company: bool

    def write(self) -> None:
        """Write it, unless it is there."""

    def stands(self) -> bool:
        """Whether it is still there."""


def write_all(writers: Sequence[Writer], cancel: CancelToken) -> None:
    """Write every signature, and write again what others overwrite at the same moment.

    All are written before any is looked at: the requests between give a concurrent signer the
    time to overwrite, which is when it can be noticed. Where there is company, one of them may
    still be at it, so there is a second look a moment later.
    """
    lost = list(writers)
    for attempt in range(_ATTEMPTS):
        for writer in lost:
            cancel.check()
            writer.write()
        lost = [writer for writer in writers if not writer.stands()]
        if not lost and any(writer.company for writer in writers):
            cancel.sleep(random.uniform(0.1, 0.2))  # noqa: S311 - not a secret
            lost = [writer for writer in writers if not writer.stands()]
        if not lost:
            return
        # Waiting a random while keeps two signers from staying in step.
        cancel.sleep(random.uniform(0, 0.1 * (attempt + 1)))  # noqa: S311 - not a secret
    raise RegistryError(
        "the signature keeps being overwritten",
        f"{_ATTEMPTS} times in a row somebody else changed {lost[0].where} at the same moment",
        hint="let one process sign at a time and run the command again",
    )
