"""The documentation as a site: `make docs-site` builds it, to be read without a network."""

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
