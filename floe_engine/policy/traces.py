"""Traces of SQL that were made before, so that unchanged SQL is not parsed again.

Kept in memory from one judgement to the next. A file of them would have to be trusted: one trace
left out of it hides where sensitive data goes.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field

from floe_engine.policy import sql_trace
from floe_engine.policy.sql_trace import Trace
from floe_engine.project.facts import Model


@dataclass
class LineageCache:
    """Traces by the digest of what they were made from."""

    traces: dict[str, Trace] = field(default_factory=dict)

    def trace(self, model: Model, adapter: str | None, breakers: frozenset[str]) -> Trace:
        """A model's trace, from the cache where its SQL is unchanged."""
        if model.language == "python":
            return Trace(failure="it is a Python model")
        identity = json.dumps([model.code, adapter, sorted(breakers)])
        key = hashlib.sha256(identity.encode()).hexdigest()
        if key not in self.traces:
            self.traces[key] = sql_trace.trace(model.code, adapter, breakers)
        return self.traces[key]
