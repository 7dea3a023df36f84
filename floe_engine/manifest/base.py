"""What every section of manifest.yaml shares: how strict it is, and the small types of its values.

Types and shapes only. Whatever needs two fields, the file system, the catalogue or the words of
the YAML is judged in `check`, because pydantic skips such validators once one field has failed.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictInt, StringConstraints

from floe_engine.manifest.terms import SEMVER


class Section(BaseModel):
    """Base of every section: frozen, and unknown keys are errors. Attribute docstrings describe keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _iso_date(value: Any) -> date:
    if isinstance(value, date):
        return value
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        raise ValueError("expected a date as YYYY-MM-DD")
    return date.fromisoformat(value)


Semver = Annotated[str, StringConstraints(pattern=SEMVER)]
Percent = Annotated[StrictInt, Field(ge=0, le=100)]
Count = Annotated[StrictInt, Field(ge=1)]
Text = Annotated[str, StringConstraints(min_length=1)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
"""A layer, level or role: lower snake case."""

NamespaceName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$")]
SecretName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$")]
Day = Annotated[date, BeforeValidator(_iso_date)]
Switch = StrictBool
