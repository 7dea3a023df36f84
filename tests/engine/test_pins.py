"""The pins: versions that the lowest Python which is promised can install."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable
from importlib.metadata import Distribution, distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LOWEST = re.sub(
    r"\D*", "", tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"], count=1
)


def pins(file: str) -> dict[str, Requirement]:
    lines = (
        line.partition("#")[0].strip() for line in (ROOT / file).read_text(encoding="utf-8").splitlines()
    )
    wanted = [Requirement(line) for line in lines if line]
    return {canonicalize_name(requirement.name): requirement for requirement in wanted}


def installed(*path: str) -> dict[str, Distribution]:
    found = distributions(path=list(path)) if path else distributions()
    return {canonicalize_name(each.metadata["Name"]): each for each in found}


def refused(file: str, here: dict[str, Distribution]) -> list[str]:
    """The pins that the lowest Python cannot install, by what the pinned release itself says."""
    return [
        f"{requirement} needs Python {needs}"
        for name, requirement in pins(file).items()
        if name in here and requirement.specifier.contains(here[name].version, prereleases=True)
        if not SpecifierSet(needs := here[name].metadata.get("Requires-Python", "")).contains(f"{LOWEST}.0")
    ]


def test_every_pin_of_floe_admits_the_lowest_python() -> None:
    assert refused("constraints.txt", installed()) == []


@pytest.mark.interop
def test_every_pin_of_dbt_admits_the_lowest_python(require_binary: Callable[[str], str]) -> None:
    packages = [
        str(path) for path in Path(require_binary("dbt")).parents[1].glob("lib/python*/site-packages")
    ]
    if not packages and os.environ.get("FLOE_REQUIRE_INTEROP") != "1":
        pytest.skip("dbt has no packages beside it")
    here = installed(*packages)
    assert refused("constraints-dbt.txt", here) == []
    assert set(pins("constraints-dbt.txt")) <= set(here)


def test_every_dependency_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [
        *project["dependencies"],
        *(line for extra in ("lsp", "lineage", "fleet", "web", "test") for line in extras[extra]),
    ]
    named = {canonicalize_name(Requirement(line).name): Requirement(line) for line in wanted}
    named.pop("floe-workbench", None)
    fixed = pins("constraints.txt")
    assert [name for name in named if name not in fixed] == []
    apart = [
        name for name, each in named.items() if not each.specifier.contains(str(fixed[name].specifier)[2:])
    ]
    assert apart == [], "a pin lies outside of what pyproject.toml allows"
