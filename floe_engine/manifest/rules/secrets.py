"""No secret stands in a manifest: it is compiled into an artifact that everybody can read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from floe_engine.document.diagnostics import Diagnostic, Fix
from floe_engine.document.nodes import KeyPath
from floe_engine.manifest.draft import Draft

FROM_ENVIRONMENT = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}")
"""``${NAME}`` or ``${NAME:-default}``: filled in where the platform runs."""

_SECRET_KEY = re.compile(
    r"(^|[_-])(password|passwd|passphrase|pwd|secret|token|credentials?|connection_?string"
    r"|(api|access|account|private|secret|shared|encryption|signing)_?key|sas_?token)$|^key$",
    re.IGNORECASE,
)
_NOT_A_SECRET = re.compile(r"(public_?key|primary_?key|partition_?key|sort_?key)$", re.IGNORECASE)

_SECRET_VALUE = re.compile(
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----"
    r"|\b(AKIA|ASIA)[A-Z0-9]{16}\b"
    r"|\bgh[pousr]_[A-Za-z0-9]{30,}|\bgithub_pat_[A-Za-z0-9_]{30,}|\bglpat-[A-Za-z0-9_-]{20,}"
    r"|\bxox[abprs]-[A-Za-z0-9-]{10,}|\bdapi[0-9a-f]{32}\b|\bAIza[A-Za-z0-9_-]{35}\b"
    r"|\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\."
    r"|\b[a-z][a-z0-9+.-]{1,20}://[^/\s:@$]{1,100}:[^/\s:@$]{1,200}@"
)
_MARKS = (
    *("PRIVATE KEY-----", "AKIA", "ASIA", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
    *("glpat-", "xoxa-", "xoxb-", "xoxp-", "xoxr-", "xoxs-", "dapi", "AIza", "eyJ", "://"),
)
"""Each value that `_SECRET_VALUE` finds has one of these in it."""

_TEMPLATE = re.compile(r"\{\{\s*env_var\(")


def holds_secret(key: str) -> bool:
    """Whether a setting of that name is a secret: `password`, `api_key`, `client_secret` and the like."""
    return _SECRET_KEY.search(key) is not None and _NOT_A_SECRET.search(key) is None


def nothing_is_literal(draft: Draft) -> Iterator[Diagnostic]:
    """Keys of plugin settings that hold secrets do not hold them literally; no value looks like one."""
    # Nearly every manifest is clean: a look for the marks in the text spares a look at every value.
    marks = [mark for mark in _MARKS if mark in draft.document.text]
    for key, value in draft.value.items():
        if marks or key == "plugins":
            yield from _search(draft, value, (key,), marks)


def _search(draft: Draft, value: Any, path: KeyPath, marks: list[str]) -> Iterator[Diagnostic]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _search(draft, item, (*path, key), marks)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _search(draft, item, (*path, index), marks)
    elif isinstance(value, str | int) and not isinstance(value, bool):
        if "config" in path[2:-1] and path[0] == "plugins" and _named_secret(path, value):
            yield _report(draft, path, f"`{path[-1]}` of a plugin's settings is written literally")
        elif isinstance(value, str) and any(mark in value for mark in marks) and _SECRET_VALUE.search(value):
            yield _report(draft, path, f"the value of `{path[-1]}` looks like a secret")


def _named_secret(path: KeyPath, value: str | int) -> bool:
    key = next(part for part in reversed(path) if isinstance(part, str))
    if not holds_secret(key):
        return False
    if not isinstance(value, str):
        return True
    return bool(value) and not FROM_ENVIRONMENT.fullmatch(value) and not _TEMPLATE.search(value)


def _report(draft: Draft, path: KeyPath, message: str) -> Diagnostic:
    fixes: tuple[Fix, ...] = ()
    hint = "name a Kubernetes secret in `connection_secret_ref`, or write `${NAME}` and set that variable"
    if path[0] == "plugins":
        words = [str(path[1]), *(part for part in path[3:] if isinstance(part, str) and part != "config")]
        variable = re.sub(r"[^A-Z0-9]+", "_", "_".join(["FLOE", *words]).upper())
        title = f"Read it from the environment variable {variable}"
        fixes = (draft.quote(path, f"${{{variable}}}", title=title),)
    return draft.report(
        "FLOE-M026", path, f"{message}; artifacts are readable by everybody", hint=hint, fixes=fixes
    )
