"""What one can begin with, and whose CI: words alone, so that a command line shows them at no cost."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

Template = Literal["medallion", "kimball", "data-vault", "minimal", "mesh-domain"]

TEMPLATES: Mapping[Template, str] = MappingProxyType(
    {
        "medallion": "three layers: bronze as it came, silver cleaned, gold for readers",
        "kimball": "staging, intermediate, and a star of dimensions and facts",
        "data-vault": "staging, hubs, links, satellites, and marts for readers",
        "minimal": "what is required and nothing else; everything is at its default",
        "mesh-domain": "a domain's platform under an enterprise's, stricter where it says so",
    }
)
"""Template to what it is, in a phrase."""

Service = Literal["github", "gitlab", "azure", "none"]

SERVICES: Mapping[Service, str] = MappingProxyType(
    {"github": ".github/workflows/platform.yml", "gitlab": ".gitlab-ci.yml", "azure": "azure-pipelines.yml"}
)
"""Service to the file that it reads; each calls the one script."""

PROJECT_FILES: Mapping[Service, str] = MappingProxyType(
    {"github": ".github/workflows/floe.yml", "gitlab": ".gitlab-ci.yml", "azure": "azure-pipelines.yml"}
)
"""Service to the file by which it judges a data team's project."""
