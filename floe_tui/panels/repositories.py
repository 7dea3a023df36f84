"""Choosing a repository: one that the registry names, one known here, or one that is typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from floe_engine import CancelToken, Report
from floe_tui.places.registry.facts import open_at
from floe_tui.text import homely
from floe_tui.widgets.row_view import Row

if TYPE_CHECKING:
    from floe_engine import Repositories
    from floe_tui.places.place import PlaceScreen

OTHER = "other"
"""The row that asks for a repository which is not in the list."""


def choose_repository(
    screen: PlaceScreen, current: str, done: Callable[[str], object], *, bound: str = ""
) -> None:
    """Ask for a repository; `current` is the one chosen before.

    `done` gets the reference, empty for the one that the directory itself says. Where a version is `bound`
    for it, it is another than the one in use.
    """
    directory = screen.workbench.options.directory

    def work(report: Report, cancel: CancelToken) -> Repositories:
        from floe_engine import list_repositories

        return list_repositories(open_at(directory, current), cancel=cancel)

    screen.job(
        work,
        title="Listing repositories",
        group="repositories",
        done=lambda found: _choose(screen, current, found, done, bound),
        timeout=45,
        command="floe platform list",
    )


def _choose(
    screen: PlaceScreen, current: str, found: Repositories, done: Callable[[str], object], bound: str
) -> None:
    from floe_tui.panels.ask import AskPanel
    from floe_tui.panels.choose import ChoosePanel

    title = f"Copy {bound} to" if bound else "Repository"
    rows = [
        Row(reference.name, (homely(reference.name),), "▸" if reference == found.chosen else " ")
        for reference in found.known
        if not (bound and reference == found.chosen)
    ]
    rows.append(Row(OTHER, ("another one: type its reference",)))
    if current and not bound:
        rows.append(Row("", ("the one that this directory says",)))

    def typed(text: str | None) -> None:
        if text and text.strip():
            done(text.strip())

    def chosen(key: str | None) -> None:
        if key == OTHER:
            hint = "oci://host/repository, or oci-layout:FOLDER"
            screen.app.push_screen(AskPanel(title, hint=hint, value="" if bound else current), typed)
        elif key is not None:
            done("" if not current and key == found.chosen.name else key)

    unlisted = f" ({found.unlisted})" if found.unlisted else ""
    screen.app.push_screen(
        ChoosePanel(f"{f'{title} …' if bound else 'Repositories'}{unlisted}", rows), chosen
    )
