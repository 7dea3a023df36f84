"""What stands beside manifest.yaml: a policy test, CI, .gitignore, a README."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from floe_engine import __version__
from floe_engine.artifact.platform import Platform
from floe_engine.document.scalars import quoted
from floe_engine.expressions import fullmatch
from floe_engine.manifest.terms import API_VERSION
from floe_engine.policy.enforcement import said_of
from floe_engine.policy.resources import MISSPELT, ExampleNodes
from floe_engine.policy.rule import Rule
from floe_engine.policy.rules.naming import CustomNames, LayerPrefix
from floe_engine.policy.words import words
from floe_engine.scaffold.choices import PROJECT_FILES, SERVICES, Service
from floe_engine.scaffold.writing import commented, section

SCRIPT = "ci/platform.sh"
IGNORED = ("cosign.key", "*.key", ".env")
"""What never belongs into git."""


def ci_files(service: Service) -> dict[str, str]:
    """The script that checks and publishes, and the file by which a service calls it."""
    found = {SCRIPT: _file("platform.sh")}
    if service in SERVICES:
        found[SERVICES[service]] = _file(f"{service}.yml").replace("@version@", __version__)
    return found


_LOGINS: Mapping[Service, tuple[str, str]] = {
    "github": ("${{ secrets.FLOE_REGISTRY_USERNAME }}", "${{ secrets.FLOE_REGISTRY_PASSWORD }}"),
    "gitlab": ("$REGISTRY_USERNAME", "$REGISTRY_PASSWORD"),
    "azure": ("$(registryUsername)", "$(registryPassword)"),
}
"""Service to the secrets that hold the login for any registry; somebody has to set them there."""
_OWN_LOGINS: Mapping[tuple[Service, str], tuple[str, str]] = {
    ("github", "ghcr.io"): ("${{ github.actor }}", "${{ github.token }}"),
    ("gitlab", "registry.gitlab.com"): ("$CI_REGISTRY_USER", "$CI_REGISTRY_PASSWORD"),
}
"""A service's login for its own registry, which every job has. It goes to no other host."""


def project_ci_file(service: Service, host: str | None) -> tuple[str, str]:
    """The path and text of the file by which a service (not ``none``) judges a data team's project.

    `host`: the platform's registry; None where it is a folder, which needs no login.
    """
    env: dict[str, str] = {}
    if host is not None:
        user, password = _OWN_LOGINS.get((service, host), _LOGINS[service])
        env = {"FLOE_REGISTRY_HOST": host, "FLOE_REGISTRY_USERNAME": user, "FLOE_REGISTRY_PASSWORD": password}
    head, _, rest = _file(f"project-{service}.yml").replace("@version@", __version__).partition("@login@")
    above, _, line = head.rpartition("\n")
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    login = "".join(f"\n{indent}{name}: {quoted(value)}" for name, value in env.items())
    return PROJECT_FILES[service], f"{head.rstrip()}{login}{rest}" if env else f"{above}{rest}"


def readme(name: str) -> str:
    """The platform's README: how a rule is changed, published and used."""
    return _file("README.md").replace("@name@", name)


def gitignore(text: str) -> str:
    """A .gitignore with what must not be committed; the lines that are there stay as they are."""
    there = {line.strip() for line in text.splitlines()}
    absent = [line for line in IGNORED if line not in there]
    if text and not text.endswith("\n"):
        text += "\n"
    return text + "".join(f"{line}\n" for line in absent)


def policy_test(platform: Platform) -> str | None:
    """A first test of the platform's own: a name that its rules take, and one that they refuse.

    None where no rule judges names.
    """
    naming = platform.naming
    if naming.custom_patterns:
        rule: Rule = CustomNames()
        right = next(words(naming.custom_patterns[0]), "")
        patterns = naming.custom_patterns
        wrong = next((name for name in MISSPELT if not any(fullmatch(each, name) for each in patterns)), "")
    else:
        rule = LayerPrefix()
        make = ExampleNodes(platform)
        right = next((make.name_in(layer) for layer in platform.layers if naming.prefixes_of(layer)), "")
        wrong = make.unused("orders_of_no_layer", platform.layers)
    result = said_of(rule, platform, passes=False)
    if result == "skip" or not right or not wrong:
        return None
    case: dict[str, Any] = {
        "name": "a model is named as this platform wants it",
        "rules": [rule.id],
        "given": {"models": [{"name": right}, {"name": wrong}]},
        "expect": [
            {"rule": rule.id, "resource": right, "result": "pass"},
            {"rule": rule.id, "resource": wrong, "result": result},
        ],
    }
    comment = "What this platform expects of its own rules, beside the suites that floe makes by itself."
    top = f"apiVersion: {API_VERSION}\nkind: PolicyTest\n"
    return commented(comment) + top + section("metadata", {"name": "Our names"}) + section("cases", [case])


def _file(name: str) -> str:
    return (Path(__file__).parent / "files" / name).read_text(encoding="utf-8")
