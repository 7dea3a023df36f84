"""The documentation as a site and as manual pages: `make docs-site` and `make man` build them."""

from __future__ import annotations

import re
from pathlib import Path

_ENGINE = Path(__file__).parents[1] / "floe_engine" / "__init__.py"

project = "floe workbench"
author = copyright = "the floe workbench's authors"
version = release = re.findall(r'__version__ = "(.+)"', _ENGINE.read_text(encoding="utf-8"))[0]

extensions = ["myst_parser"]
myst_heading_anchors = 4
myst_enable_extensions = ["deflist"]
nitpicky = True
exclude_patterns = ["images", "schemas"]

html_theme = "furo"
html_title = f"floe workbench {version}"
html_copy_source = False
html_show_sourcelink = False

man_show_urls = False
man_pages = [
    ("commands", "floe", "compile, test, sign, publish and pin data platform policies", "", 1),
    ("manifest", "floe-manifest", "manifest.yaml, a platform team's file", "", 5),
    ("floe-yaml", "floe.yaml", "a data team's file", "", 5),
    ("environment", "floe-environment", "the variables that floe reads", "", 7),
]
