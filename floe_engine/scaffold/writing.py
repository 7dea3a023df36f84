"""Settings as the YAML that a person would have written: sections with a comment above each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import Any

import yaml

_PLAIN = re.compile(r"[A-Za-z_](?:[A-Za-z0-9_./:@-]*[A-Za-z0-9_./-])?")
_WORDS = frozenset(("true", "false", "null", "yes", "no", "on", "off", "y", "n"))
"""Plain, they are something else to one reader of YAML or another."""

_WIDTH = 100


class _Dumper(yaml.SafeDumper):
    """Block style, with leaves in one line each; texts plain only where every reader takes them so."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Entries of a list stand deeper than its key."""
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    plain = all(_PLAIN.fullmatch(word) for word in value.split(" ")) and value.lower() not in _WORDS
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=None if plain else '"')


def _list(dumper: yaml.SafeDumper, value: Sequence[Any]) -> yaml.SequenceNode:
    flat = not any(isinstance(entry, dict | list) for entry in value)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=flat)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(list, _list)


def section(key: str, value: Mapping[str, Any] | Sequence[Any], comment: str = "") -> str:
    """A top-level key and what is under it, under a comment of its own."""
    text = yaml.dump({key: value}, Dumper=_Dumper, sort_keys=False, width=_WIDTH, allow_unicode=True)
    return commented(comment) + text


def commented(text: str) -> str:
    """A text as comment lines; paragraphs are parted by an empty line."""
    lines = [line for paragraph in text.splitlines() for line in wrap(paragraph, _WIDTH - 2) or [""]]
    return "".join(f"# {line}".rstrip() + "\n" for line in lines)


def document(parts: Sequence[str]) -> str:
    """Sections, an empty line between them."""
    return "\n".join(parts)
