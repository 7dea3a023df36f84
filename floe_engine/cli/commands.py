"""Every command there is: its name, where it is declared, and its sentence.

A command line imports the command that it asks for and no other: what a group shows of the rest, in its
help and to a shell that completes a word, stands here. A test holds that each sentence is the first of
its command's own help.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

import click

from floe_engine.cli.options import HELP, VERSION_OF_FLOE
from floe_engine.later import execute_when_asked, not_installed
from floe_engine.patterns import compiled_on_use


class Deferred(click.Command):
    """A command that is not imported yet: ``project:init`` is `init` of `floe_engine.cli.project`."""

    def __init__(self, name: str, place: str, sentence: str) -> None:
        super().__init__(name, short_help=sentence)
        self._place = place

    def load(self) -> click.Command:
        """The command itself."""
        execute_when_asked("msgspec.inspect", "urllib3.http2", "urllib3.http2.probe")
        # msgspec takes the same from `typing` then, and no four thousand lines are read.
        with not_installed("typing_extensions"), compiled_on_use():
            import json  # noqa: F401

            import msgspec  # noqa: F401
        module, _, attribute = self._place.partition(":")
        command: click.Command = getattr(import_module(f"floe_engine.cli.{module}"), attribute)
        return command


class Group(click.Group):
    """Commands in the order in which people meet them, each loaded when it is asked for."""

    def __init__(self, name: str, help: str, table: Mapping[str, tuple[str, str] | click.Group]) -> None:
        commands: dict[str, click.Command] = {
            word: row if isinstance(row, click.Group) else Deferred(word, *row) for word, row in table.items()
        }
        super().__init__(name, commands, help=help, short_help=help)

    def get_help_option(self, ctx: click.Context) -> click.Option:
        """``--help``."""
        return HELP

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the table."""
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Which command the first word names, and the words that are for it."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command.load() if isinstance(command, Deferred) else command, rest


cache = Group(
    "cache",
    "The pulled artifacts under .floe/.",
    {"clear": ("platform:clear", "Remove the pulled artifacts; the lock stays.")},
)

platform = Group(
    "platform",
    "Make, publish and look at platform artifacts.",
    {
        "init": ("begin:init",
            "Begin a platform: manifest.yaml, a policy test, CI, README; what is there already stays."),
        "check": ("manifest:check",
            "Everything that is wrong with manifest.yaml, at once; exit code 1 where a build would stop."),
        "import-rules": ("importing:import_rules",
            "Write what another tool checks as rules into manifest.yaml, and list what cannot be carried."),
        "explain": ("manifest:explain_setting",
            "A setting of the manifest: its value, where it came from, what it does."),
        "compile": ("platform:compile_",
            "Check manifest.yaml and build the eight files into .floe/artifacts/."),
        "test": ("platform:test", "Test the policies: the four built-in suites, then the team's own cases."),
        "diff": ("versions:diff",
            "Compare two platforms: what changed, the version it needs, and whom it would hit."),
        "bump": ("versions:bump", "Write the right next version into manifest.yaml, and nothing else."),
        "changelog": ("versions:changelog",
            "The changes between published versions, and up to the working copy, as Markdown."),
        "publish": ("platform:publish",
            "Check, compile, test, guard the version, push, sign, verify, and tag last."),
        "sign": ("platform:sign",
            "Sign a version that is published already: what was built here, or a digest that you name."),
        "keygen": ("platform:keygen",
            "Make a signing key in cosign's format: cosign.key (encrypted) and cosign.pub."),
        "list": ("platform:list_", "The published versions, newest first."),
        "inspect": ("platform:inspect",
            "One published version: files, annotations, every signature and every attestation."),
        "pull": ("platform:pull", "Bring the pinned version into .floe/, verified, and lock it."),
        "verify": ("trusting:verify",
            "Verify the signatures of a version; exit code 6 unless enough are by whom you trust."),
        "trust": ("trusting:trust", "Show who would decide about a repository's signatures, and why."),
        "fingerprint": ("trusting:fingerprint",
            "Print the fingerprint of a public key, to be compared with what others see."),
        "copy": ("transfer:copy", "Copy a version to another registry, digest and signatures kept."),
        "export": ("transfer:export",
            "Write a version with its signatures into one file, which ORAS and skopeo read too."),
        "import": ("transfer:import_",
            "Put every version of a file into a registry, digest and signatures kept."),
        "cache": cache,
        "doctor": ("doctor:doctor",
            "Look at settings, files, lock, store, registry, clock and trust, and say what to do."),
    },
)  # fmt: skip

floe = Group(
    "floe",
    "Compile, test, sign, publish and pin data platform policies as OCI artifacts.",
    {
        "init": ("project:init", "Pin a platform: pull and verify it, write floe.yaml and the lock."),
        "compile": ("project:compile_",
            "Judge the dbt project against its platform, and write its dbt profile."),
        "fix": ("mending:fix", "Declare what findings ask for in the properties files, and show the change."),
        "waive": ("mending:waive", "Excuse a finding in floe.yaml, with a reason, an owner and an end."),
        "outdated": ("pins:outdated", "The locked version, the highest that the pin admits, and the latest."),
        "upgrade": ("pins:upgrade",
            "Move the pin: show what would break, then change floe.yaml and the lock together."),
        "pin": ("pins:pin", "Pin the platform more or less closely, or to another version."),
        "platform": platform,
        "login": ("accounts:login",
            "Log in to a registry: tried first, then kept where docker keeps its logins."),
        "logout": ("accounts:logout", "Forget the login for a registry, wherever it is kept."),
        "config": ("accounts:config",
            "What is set here, and where each value is from; secrets are not shown."),
        "version": ("accounts:version",
            "The version of floe, of Python, and of the libraries that decide what it does."),
        "explain": ("manifest:explain",
            "What a code means and what to do about it; without one, every code there is."),
        "schema": ("manifest:schema",
            "The JSON Schema (2020-12) of manifest.yaml, floe.yaml, a policy test or house rules' facts."),
        "lsp": ("manifest:lsp",
            "A language server for manifest.yaml and floe.yaml, over stdin and stdout; editors start it."),
        "mcp": ("manifest:mcp",
            "A Model Context Protocol server for this directory, over stdin and stdout; it only reads."),
        "completion": ("manifest:completion",
            "The script that completes this command line in a shell: `source <(floe completion bash)`."),
    },
)  # fmt: skip
floe.params.append(VERSION_OF_FLOE)


def completion_variable(program: str) -> str:
    """The variable of the environment in which a shell's script asks `program` to complete a word."""
    return f"_{program.replace('-', '_').upper()}_COMPLETE"
