"""The command palette: every action of the table; one that cannot be done now says why."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider

from floe_tui.actions import ACTIONS, Action

if TYPE_CHECKING:
    from floe_tui.app import Workbench

HIDDEN = {"palette"}


class ActionProvider(Provider):
    """Offers the rows of `ACTIONS`."""

    @property
    def _workbench(self) -> Workbench:
        return cast("Workbench", self.app)

    def _offers(self) -> list[tuple[Action, str, str]]:
        offers = []
        for action in ACTIONS:
            if action.id in HIDDEN or action.part or action.id.endswith(".digit"):
                continue
            reason = self._workbench.why_not(action)
            title = f"{action.place.title}: {action.title}" if action.place else action.title
            offers.append((action, title, f"Not now: {reason}" if reason else action.description))
        return offers

    async def discover(self) -> Hits:
        """Everything, before anything is typed."""
        for action, title, about in self._offers():
            yield DiscoveryHit(title, partial(self._workbench.perform, action), text=title, help=about)

    async def search(self, query: str) -> Hits:
        """What matches the title."""
        matcher = self.matcher(query)
        for action, title, about in self._offers():
            if (score := matcher.match(title)) > 0:
                run = partial(self._workbench.perform, action)
                yield Hit(score, matcher.highlight(title), run, text=title, help=about)
