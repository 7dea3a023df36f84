"""Traces of SQL that were made before, so that unchanged SQL is not parsed again.

Kept in memory from one judgement to the next. A file of them would have to be trusted: one trace
left out of it hides where sensitive data goes.
"""

from __future__ import annotations

import hashlib
import json
from importlib.util import find_spec

from msgspec import Struct, field

from floe_engine.lineage.sql_outputs import Trace
from floe_engine.project.facts import Model
from floe_engine.project.jinja.reading import TooMuch
from floe_engine.project.jinja.syntax import BrokenTemplate
from floe_engine.project.jinja.templates import Templates


def available() -> bool:
    """Whether sqlglot is installed."""
    return find_spec("sqlglot") is not None


class LineageCache(Struct):
    """Traces by the digest of what they were made from."""

    traces: dict[str, Trace] = field(default_factory=dict)

    def trace(
        self,
        model: Model,
        adapter: str | None,
        breakers: frozenset[str],
        templates: Templates | None = None,
    ) -> Trace:
        """A model's trace, from the cache where its SQL is unchanged. `templates` read its Jinja."""
        if model.language == "python":
            return Trace(failure="it is a Python model")
        try:
            sql, tables = (templates or Templates()).plain(model.code)
        except TooMuch:
            return Trace(failure="its Jinja writes too much, or is nested too deeply")
        except BrokenTemplate as error:
            return Trace(failure=f"its Jinja could not be read ({error})")
        identity = json.dumps([sql, tables, adapter, sorted(breakers)])
        key = hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()
        if key not in self.traces:
            from floe_engine.lineage import sql_trace  # sqlglot, for those who ask for it

            self.traces[key] = sql_trace.trace(sql, adapter, breakers, tables)
        return self.traces[key]
