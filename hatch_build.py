"""What a release carries beside the checkout's files: links that work elsewhere, and the licence's text.

An index page and an installed package know no relative links, so that the README gets absolute ones of
its version, into the repository whose workflow builds the release (GITHUB_SERVER_URL, GITHUB_REPOSITORY:
a fork's release leads to the fork). Built anywhere else, nobody knows where the project lives, and there
are no links. LICENSE names the licence; the standard's own text comes from `packaging`, which ships it and
is there wherever hatchling is.
"""

from __future__ import annotations

import os
import re
import tempfile
from importlib.metadata import files
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

TEXT = "Apache-2.0.txt"


def absolute(readme: str, repository: str, tag: str) -> str:
    """The README with every relative link and picture as one of `repository` at `tag`."""
    raw = repository.replace("https://github.com/", "https://raw.githubusercontent.com/")
    pictures = re.sub(r"(!\[[^\]]*\]\()(?![a-z]+:|#)([^)]+\))", rf"\g<1>{raw}/{tag}/\g<2>", readme)
    return re.sub(
        r"((?<!!)\[[^\]]*\]\()(?![a-z]+:|#)([^)]+\))", rf"\g<1>{repository}/blob/{tag}/\g<2>", pictures
    )


def licence() -> str:
    """The text of Apache-2.0 as the standard has it."""
    for file in files("packaging") or ():
        if file.name == "LICENSE.APACHE":
            return file.read_text()
    raise RuntimeError("packaging ships no LICENSE.APACHE; name another package that has the text")


def repository() -> str:
    """The address of the repository that this build belongs to; empty where nothing says."""
    server, name = os.environ.get("GITHUB_SERVER_URL", ""), os.environ.get("GITHUB_REPOSITORY", "")
    return f"{server}/{name}" if server.startswith("https://") and name else ""


class Metadata(MetadataHookInterface):
    """The README as index pages show it, and the project's links."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set `readme` and `urls`, which pyproject.toml leaves to this."""
        version = re.search(
            r'__version__ = "(.+)"', (Path(self.root) / "floe_engine/__init__.py").read_text()
        )
        assert version is not None
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        home, tag = repository(), f"v{version[1]}"
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": absolute(text, home, tag) if home else text,
        }
        pages = {"Homepage": "", "Documentation": "tree/main/docs", "Source": "", "Issues": "issues"}
        pages |= {"Changelog": "blob/main/CHANGELOG.md"}
        metadata["urls"] = {name: f"{home}/{page}".rstrip("/") for name, page in pages.items() if home}


class Build(BuildHookInterface[Any]):
    """The licence's text, in the sdist's root and in the wheel's dist-info; the pages that hints name."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the text, unless only an editable install is made."""
        if version == "editable":
            return
        self._folder = tempfile.TemporaryDirectory()
        text = Path(self._folder.name) / TEXT
        text.write_text(licence(), encoding="utf-8")
        project = f"{self.metadata.core.name.replace('-', '_')}-{self.metadata.version}"
        inside = TEXT if self.target_name == "sdist" else f"{project}.dist-info/licenses/{TEXT}"
        build_data["force_include"][str(text)] = inside
        if self.target_name == "wheel":  # an sdist has them where they are
            for page in (Path(self.root) / "docs").glob("*.md"):
                build_data["force_include"][str(page)] = f"floe_engine/docs/{page.name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Leave nothing behind."""
        if version != "editable":
            self._folder.cleanup()
