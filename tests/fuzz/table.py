"""Every harness there is, by name."""

from __future__ import annotations

from tests.fuzz import artifacts, faces, projects, settings
from tests.fuzz.harness import Harness

HARNESSES: dict[str, Harness] = {
    harness.name: harness
    for harness in (*settings.HARNESSES, *artifacts.HARNESSES, *projects.HARNESSES, *faces.HARNESSES)
}
