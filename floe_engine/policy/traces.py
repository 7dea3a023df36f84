"""Traces of SQL that were made before, so that unchanged SQL is not parsed again.

Kept in memory from one judgement to the next, or as JSON by whoever trusts the place it is kept in.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from floe_engine.policy import sql_trace
from floe_engine.policy.sql_trace import Trace
from floe_engine.project.facts import Model

_GENERATION = 2
"""Raised where `sql_trace` learns to see more, so that no kept trace is believed that saw less."""


@dataclass
class LineageCache:
    """Traces by the digest of what they were made from; `render` and `parse` keep them in a file."""

    traces: dict[str, Trace] = field(default_factory=dict)

    def trace(self, model: Model, adapter: str | None, breakers: frozenset[str]) -> Trace:
        """A model's trace, from the cache where its SQL is unchanged."""
        if model.language == "python":
            return Trace(failure="it is a Python model")
        identity = json.dumps([_GENERATION, model.code, adapter, sorted(breakers)])
        key = hashlib.sha256(identity.encode()).hexdigest()
        if key not in self.traces:
            self.traces[key] = sql_trace.trace(model.code, adapter, breakers)
        return self.traces[key]

    def render(self) -> bytes:
        """The cache as JSON."""
        return json.dumps(
            {
                key: {
                    "columns": {name: sorted(origins) for name, origins in trace.columns.items()},
                    "stars": {table: sorted(excluded) for table, excluded in trace.stars.items()},
                    "unresolved": sorted(trace.unresolved),
                    "failure": trace.failure,
                }
                for key, trace in self.traces.items()
            }
        ).encode()

    @classmethod
    def parse(cls, data: bytes) -> LineageCache:
        """What `render` wrote; anything else is an empty cache, which costs time and nothing more."""
        try:
            document: dict[str, Any] = json.loads(data)
            return cls(
                {
                    key: Trace(
                        {
                            name: frozenset((str(table), str(column)) for table, column in origins)
                            for name, origins in entry["columns"].items()
                        },
                        {table: frozenset(excluded) for table, excluded in entry["stars"].items()},
                        frozenset(entry["unresolved"]),
                        str(entry["failure"]),
                    )
                    for key, entry in document.items()
                }
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            return cls()
