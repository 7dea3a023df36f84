"""What publishing attests of a version: where it is from, what tested it, what the version guard said.

The statements hold nothing that differs between two builds of the same commit on the same
machine: publishing again after an interruption attests nothing twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from floe_engine import __version__
from floe_engine.distribution.predicate_types import VERSION_GUARD
from floe_engine.document.text import MAX_BYTES
from floe_engine.errors import ConfigurationError
from floe_engine.files import git_object_id, read_bounded, sha256_digest
from floe_engine.platform.compile_platform import CompiledPlatform
from floe_engine.platform.source import Source, committed_files
from floe_engine.platform.test_policies import case_files
from floe_engine.policy_tests.running import TestRun
from floe_engine.signing.attestation import PROVENANCE, TEST_RESULT, Claim
from floe_engine.upgrade.guard import GuardVerdict
from floe_engine.upgrade.rules import Entry
from floe_engine.upgrade.suppressions import SUPPRESSIONS_FILE
from floe_engine.workspace import MANIFEST_FILE, Workspace

BUILD_TYPE = "https://floe.dev/platform-build/v1"
LOCAL_BUILDER = "https://floe.dev/builder/local"


def claims(
    workspace: Workspace,
    compiled: CompiledPlatform,
    tests: TestRun,
    guard: GuardVerdict,
    source: Source,
) -> tuple[Claim, ...]:
    """SLSA provenance v1, the in-toto test result, and the version guard's verdict."""
    read = _read(workspace, compiled)
    return (
        Claim(PROVENANCE, _provenance(workspace, compiled, source, read)),
        Claim(TEST_RESULT, _test_result(tests, read)),
        Claim(VERSION_GUARD, _guard(guard)),
    )


def _read(workspace: Workspace, compiled: CompiledPlatform) -> dict[str, bytes]:
    """Every file of the directory that the build or its tests read, by its path there."""
    paths = [
        workspace.manifest_path,
        *case_files(workspace, compiled.manifest),
        workspace.directory / SUPPRESSIONS_FILE,
        *_key_files(workspace, compiled),
    ]
    found: dict[str, bytes] = {}
    for path in paths:
        try:
            found[path.relative_to(workspace.directory).as_posix()] = read_bounded(path, MAX_BYTES)
        except (ConfigurationError, ValueError):
            continue  # absent, or of another directory: then it is not named
    return found


def _key_files(workspace: Workspace, compiled: CompiledPlatform) -> Iterable[Path]:
    security = compiled.manifest.security
    for entry in (*security.trusted_keys, *chain.from_iterable(security.delegated_keys.values())):
        if not entry.lstrip().startswith("-----BEGIN"):
            yield workspace.directory / entry


def _provenance(
    workspace: Workspace, compiled: CompiledPlatform, source: Source, read: Mapping[str, bytes]
) -> dict[str, Any]:
    materials = [_resource(path, data) for path, data in sorted(read.items())]
    dependencies: list[dict[str, Any]] = []
    internal: dict[str, Any] = {}
    if source.revision:
        # git+URL@REVISION: an SPDX download location, as SLSA's own examples write it.
        where = f"git+{source.url}@{source.revision}" if source.url else f"git@{source.revision}"
        dependencies.append({"uri": where, "digest": {"gitCommit": source.revision}})
        known = committed_files(workspace)
        internal["uncommitted"] = sorted(
            path
            for path, data in read.items()
            if known.get(path) != git_object_id(data, like=source.revision)
        )
    parent = compiled.checked.parent
    if parent is not None and parent.digest:
        algorithm, _, value = parent.digest.partition(":")
        dependencies.append({"uri": str(parent.ref), "digest": {algorithm: value}})
    builder, invocation = _builder(workspace.environ)
    builds: dict[str, Any] = {"builder": {"id": builder, "version": {"floe": __version__}}}
    if invocation:
        builds["metadata"] = {"invocationId": invocation}
    return {
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": {
                "manifest": MANIFEST_FILE,
                "name": compiled.manifest.metadata.name,
                "version": compiled.manifest.metadata.version,
            },
            "internalParameters": internal,
            "resolvedDependencies": [*dependencies, *materials],
        },
        "runDetails": builds,
    }


def _builder(environ: Mapping[str, str]) -> tuple[str, str]:
    """Who builds, and in which run: as the CI system says it of itself, else nobody but this machine."""

    def said(name: str) -> str:
        return environ.get(name, "")

    if said("GITHUB_ACTIONS") == "true" and said("GITHUB_WORKFLOW_REF"):
        server = said("GITHUB_SERVER_URL")
        run = f"{server}/{said('GITHUB_REPOSITORY')}/actions/runs/{said('GITHUB_RUN_ID')}"
        return f"{server}/{said('GITHUB_WORKFLOW_REF')}", f"{run}/attempts/{said('GITHUB_RUN_ATTEMPT')}"
    if said("GITLAB_CI") and said("CI_PROJECT_URL"):
        return f"{said('CI_PROJECT_URL')}/-/runners/{said('CI_RUNNER_ID')}", said("CI_JOB_URL")
    return LOCAL_BUILDER, ""


def _test_result(tests: TestRun, read: Mapping[str, bytes]) -> dict[str, Any]:
    return {
        "result": "PASSED" if tests.passed else "FAILED",
        "configuration": [
            _resource(path, data) for path, data in sorted(read.items()) if path != SUPPRESSIONS_FILE
        ],
        "passedTests": [_name(suite) for suite in tests.suites if suite.passed],
        "failedTests": [_name(suite) for suite in tests.suites if not suite.passed],
    }


def _name(suite: Any) -> str:
    return f"{suite.title} ({len(suite.cases)} cases)"


def _guard(guard: GuardVerdict) -> dict[str, Any]:
    return {
        "version": str(guard.version),
        "previous": str(guard.previous) if guard.previous else None,
        "result": "PASSED" if guard.ok else "FAILED",
        "required": guard.required,
        "promised": guard.promised,
        "changes": [_change(entry) for entry in guard.assessment.entries],
        "suppressed": [
            {
                **_change(entry),
                "reason": suppression.reason,
                "owner": suppression.owner,
                "expires": suppression.expires.isoformat(),
            }
            for entry, suppression in guard.suppressed.suppressed
        ],
    }


def _change(entry: Entry) -> dict[str, Any]:
    return {
        "rule": entry.rule.id,
        "setting": entry.place,
        "bump": entry.bump,
        "security": entry.security,
        "says": entry.sentence,
        "fingerprint": entry.fingerprint,
    }


def _resource(path: str, data: bytes) -> dict[str, Any]:
    return {"uri": path, "digest": {"sha256": sha256_digest(data).removeprefix("sha256:")}}
