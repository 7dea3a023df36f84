"""Change lines of the engine whose mutants got past the tests once, and see that a test fails for each.

    python scripts/mutants.py            every mutant; a minute or two
    python scripts/mutants.py remedies   those of files whose path holds this text

Works in a copy of the checkout. Exits with 1 where a mutant survives, or its line is not there any more.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
HERE = "tests/engine/test_boundaries.py"
ARTIFACT = "tests/engine/artifact"
RULES = "tests/engine/upgrade/test_rules.py"
CLAIM = "tests/engine/registry/test_claim.py"

MUTANTS: tuple[tuple[str, str, str, str], ...] = (
    # file below floe_engine/, what stands there, what takes its place, the tests that have to notice
    ("document/document.py", "if position <= max(first.end", "if position < max(first.end", HERE),
    ("document/document.py", "and key.start <= position", "and key.start < position", HERE),
    ("document/document.py", "if item.start <= position", "if item.start < position", HERE),
    ("document/document.py", "position.column > column else", "position.column >= column else", HERE),
    ("signing/oidc.py", "session.answer = session.answer or answer", "session.answer = answer", HERE),
    ("platform/publish.py", "removeprefix(\"v\")) in tags", "removeprefix(\"v\")) in ()", HERE),
    ("policy/remedies.py", "-(remedy.blocking / remedy.edits)", "-remedy.blocking", HERE),
    ("policy/remedies.py", "-(remedy.resolves / remedy.edits),\n", "", HERE),
    ("policy/remedies.py", "        -remedy.downstream,\n", "", HERE),
    ("policy/remedies.py", "        remedy.title,\n", "", HERE),
    ("policy/remedies.py", "_ALIKE = 3", "_ALIKE = 2", HERE),
    ("policy/remedies.py", "_ALIKE = 3", "_ALIKE = 4", HERE),
    ("lineage/sql_outputs.py", "before & (excluded | without)", "before | (excluded | without)", HERE),
    ("lineage/sql_outputs.py", "excluded | without if before is None", "excluded if before is None", HERE),
    ("lineage/sql_outputs.py", "before & (excluded | without)", "before & excluded", HERE),
    ("upgrade/changes.py", "if len(names) == 1 and len(", "if len(names) >= 1 and len(", HERE),
    ("upgrade/changes.py", "len(targets.get(content, ())) == 1", "len(targets.get(content, ())) >= 1", HERE),
    ("upgrade/changes.py", "and any(content.values())", "and True", HERE),
    ("project/gathering.py", "snapshot_paths and file.suffix == \".sql\"", "snapshot_paths", HERE),
    ("policy/evaluate.py", "waiver.action == \"downgrade\"", "waiver.action == \"exclude\"", HERE),
    ("policy/finding.py", "self.waiver.action == \"exclude\"", "self.waiver.action == \"downgrade\"", HERE),
    ("policy/rules/waivers.py", "and expires < self.today", "and expires <= self.today", HERE),
    ("policy/rules/waivers.py", "elif expires > self.today", "elif expires >= self.today", HERE),
    ("policy/rules/waivers.py", "days=policy.max_days)", "days=policy.max_days + 1)", HERE),
    ("policy/rules/waivers.py", "    if entry.holds and entry.covers", "    if entry.covers", HERE),
    ("artifact/pack.py", "<= MAX_FILE", "< MAX_FILE", ARTIFACT),
    ("artifact/pack.py", "> MAX_TOTAL", ">= MAX_TOTAL", ARTIFACT),
    ("artifact/pack.py", "type(size) is not int", "not isinstance(size, int)", ARTIFACT),
    ("artifact/pack.py", "if config.get(\"digest\") != found[MANIFEST].digest", "if False", ARTIFACT),
    ("artifact/pack.py", " or \"manifests\" in document", "", ARTIFACT),
    ("artifact/pack.py", "**(annotations or {}),", "", ARTIFACT),
    ("artifact/content.py", "sorted(files) if path != MANIFEST", "sorted(files)", ARTIFACT),
    ("artifact/content.py", "for path in sorted(files) if", "for path in files if", ARTIFACT),
    ("artifact/content.py", " or entry.size != len(data)", "", "tests/engine/artifact/test_reading.py"),
    ("artifact/build.py", "if previous is not None and same_content(artifact, previous):",
     "if previous is not None:", ARTIFACT),
    ("artifact/content.py", "if key != \"created\"}", "}", ARTIFACT),
    ("artifact/build.py", "if layer.prefixes[1:]}", "}", ARTIFACT),
    ("artifact/build.py", "(*permissions.get(entry.role, ()), given)", "(given,)", ARTIFACT),
    ("artifact/model.py", "((first,) if first else ()) + ", "", ARTIFACT),
    ("artifact/part.py", "Meta(ge=0, le=100)", "Meta(ge=0, le=101)", ARTIFACT),
    ("artifact/part.py", "Meta(ge=0, le=100)", "Meta(ge=1, le=100)", ARTIFACT),
    ("artifact/part.py", "name)) is not None\n", "name)) is not 0\n", ARTIFACT),
    ("artifact/part.py", "(key in value.unwritten and item in (default", "(item in (default", ARTIFACT),
    ("manifest/architecture.py", ", other=\"LAY010\"", "", RULES),
    ("registry/claim.py", "None or found.digest != manifest.digest:\n        rep", "None:\n        rep",
     CLAIM),
    ("registry/claim.py", "if named != manifest.digest:", "if False:", CLAIM),
    ("registry/claim.py", "theirs.media_type, tag=tag)", "theirs.media_type, tag=None)", CLAIM),
    ("registry/claim.py", "late = alone is False and", "late = alone is True and", CLAIM),
)  # fmt: skip


def survives(copy: Path, file: str, old: str, new: str, tests: str) -> str:
    """Why a mutant is not killed; empty where it is."""
    path = copy / "floe_engine" / file
    text = path.read_text()
    if old not in text:
        return "its line is gone: change the mutant with it"
    path.write_text(text.replace(old, new, 1))
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", tests],
            cwd=copy, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
    finally:
        path.write_text(text)
    return "" if done.returncode == 1 else f"pytest ended with {done.returncode}: {done.stdout[-300:]}"


def main() -> int:
    """Try them; the exit code."""
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    alive = 0
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch)
        for folder in ("floe_engine", "tests", "examples"):
            shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", copy)
        for file, old, new, tests in MUTANTS:
            if wanted not in file:
                continue
            reason = survives(copy, file, old, new, tests)
            alive += bool(reason)
            print(f"{'alive ' if reason else 'killed'} {file}: {old.strip()} -> {new.strip() or '(nothing)'}")
            if reason:
                print(f"       {reason}")
    print(f"{alive} mutants are alive")
    return 1 if alive else 0


if __name__ == "__main__":
    raise SystemExit(main())
