"""The trace of a model: what its Jinja writes, read as SQL. Needs sqlglot, which is only loaded here."""

from __future__ import annotations

from importlib.util import find_spec

from floe_engine.lineage.sql_outputs import Trace
from floe_engine.project.facts import Model, Project
from floe_engine.project.jinja.reading import TooMuch
from floe_engine.project.jinja.syntax import BrokenTemplate
from floe_engine.project.jinja.templates import Templates


def available() -> bool:
    """Whether sqlglot is installed."""
    return find_spec("sqlglot") is not None


def traced(model: Model, project: Project, adapter: str | None, breakers: frozenset[str]) -> Trace:
    """Where the columns of a project's model come from; read once, whichever platforms ask."""
    of = (model.language, model.code, adapter, breakers)
    known: dict[object, Trace] = project.traces
    if of not in known:
        known[of] = trace_of(model, adapter, breakers, project.templates)
    return known[of]


def trace_of(
    model: Model, adapter: str | None, breakers: frozenset[str], templates: Templates | None = None
) -> Trace:
    """Where the columns of a model come from. `templates` read its Jinja."""
    if model.language == "python":
        return Trace(failure="it is a Python model")
    try:
        sql, tables = (templates or Templates()).plain(model.code)
    except TooMuch:
        return Trace(failure="its Jinja writes too much, or is nested too deeply")
    except BrokenTemplate as error:
        return Trace(failure=f"its Jinja could not be read ({error})")
    from floe_engine.lineage.sql_trace import trace  # sqlglot, for those who ask for it

    return trace(sql, adapter, breakers, tables)
