"""profiles.yml: the connection that a platform's compute plugin gives a dbt project.

The text is made here and written here, but never over a file that somebody wrote or changed:
the header carries a digest of what follows it. What each adapter wants is in `adapters`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

import yaml

from floe_engine.acts import Act
from floe_engine.artifact.platform import Platform
from floe_engine.errors import ConfigurationError
from floe_engine.files import Directory, sha256_digest
from floe_engine.patterns import pattern
from floe_engine.project.adapters import ADAPTERS, AdapterSettings
from floe_engine.text import printable

Outcome = Literal["written", "unchanged", "kept"]
"""`kept`: the file is not ours, or no longer as we wrote it, and was left alone."""

THREADS = 4

TARGET_VARIABLE = "DBT_TARGET"
"""Names the target where a profile has several."""

_LIMIT = 1_000_000
_DIGEST = pattern(r"^# floe-digest: (sha256:[0-9a-f]{64})\n", re.MULTILINE)


def profiles_text(platform: Platform, wanted: Mapping[str, Sequence[str]]) -> str:
    """The text of profiles.yml for the platform's compute plugin.

    `wanted` are the targets of each profile by its name, which is dbt_project.yml's ``profile``: the default
    first (``DBT_TARGET`` names another); none: one, named after the plugin. They differ by their schema.
    Values are the plugin's config where it has them, else ``env_var``; secrets are
    ``DBT_ENV_SECRET_…`` variables always. Raises `ConfigurationError` for a plugin whose dbt
    adapter floe has no recipe for.
    """
    compute = platform.manifest.plugins.get("compute", "")
    details = platform.manifest.plugin_details.get("compute")
    adapter = (details.dbt_adapter if details else None) or compute
    fill = ADAPTERS.get(adapter)
    if fill is None:
        raise ConfigurationError(
            f"no dbt profile for the compute plugin {compute or '(none)'}",
            f"floe writes profiles for {', '.join(ADAPTERS)}",
            hint="write profiles.yml by hand; floe leaves such a file alone",
        )
    config = details.config if details else {}
    variables: dict[str, bool] = {}
    document = {}
    for profile_name, targets in wanted.items():
        outputs = {}
        for target in targets or (compute,):
            settings = AdapterSettings(config, profile_name, target if len(targets) > 1 else "")
            threads = settings.rendered(config.get("threads", THREADS), "threads")
            outputs[target] = {"type": adapter, **fill(settings), "threads": threads}
            variables |= settings.variables
        chosen = next(iter(outputs))
        if len(outputs) > 1:
            chosen = f"{{{{ env_var('{TARGET_VARIABLE}', '{chosen}') }}}}"
            variables[TARGET_VARIABLE] = False
        document[profile_name] = {"target": chosen, "outputs": outputs}
    body = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=10_000)
    return f"{_header(platform, variables)}# floe-digest: {sha256_digest(body.encode())}\n{body}"


def write_profile(directory: Directory, name: str, text: str) -> Outcome:
    """Write `text` (from `profiles_text`) to a file, unless the one there is not one that floe wrote.

    Raises `ConfigurationError` where it cannot be read, `FloeError` where it cannot be written.
    """
    data = directory.read(name, _LIMIT, what="profiles.yml")
    if data is not None:
        current = data.decode("utf-8", "replace")
        if not is_ours(current):
            return "kept"
        if current == text:
            return "unchanged"
    directory.write(name, text.encode())
    return "written"


def is_ours(text: str) -> bool:
    """Whether floe wrote this profiles.yml and nobody has changed what it says since."""
    plain = text.replace("\r\n", "\n")  # a checkout on Windows is not a change
    match = _DIGEST.search(plain)
    return match is not None and sha256_digest(plain[match.end() :].encode()) == match[1]


def _header(platform: Platform, variables: dict[str, bool]) -> str:
    lines = [
        f"Written by floe from the platform {platform.name} {platform.version}; {Act.COMPILE} renews it.",
        "Change it, and floe will leave it alone from then on.",
    ]
    required = [name for name, needed in variables.items() if needed]
    optional = [name for name, needed in variables.items() if not needed]
    if required:
        lines.append(f"Needs the environment variables {', '.join(required)}.")
    if optional:
        lines.append(f"Looks at {', '.join(optional)} as well.")
    return "".join(f"# {printable(line)}\n" for line in lines)  # a comment ends with its line
