"""The tags of a repository, read all at once.

A repository lists thousands of tags and a constraint chooses one. So one pass of one expression
takes them apart into plain columns; a `Version` is made only for what is answered.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator

from msgspec import Struct

from floe_engine.patterns import pattern
from floe_engine.versions.version import BUILD, MAX_TAG, NUMBER, PRERELEASE, Core, Key, identifiers

_LINE = pattern(
    rf"^(v?)({NUMBER})\.({NUMBER})\.({NUMBER})((?:-{PRERELEASE})?(?:[+_]{BUILD})?)$", re.MULTILINE
)

_AT_ONCE = 500
"""Tags that are taken apart together; what that leaves behind fits in a processor's cache."""


class VersionTags(Struct, frozen=True):
    """Those of a list of tags that are versions, in its order: three columns of one length.

    `marks` are ``v`` or nothing, `suffixes` the prerelease and build as the tag writes them
    (``-rc.1_b2``).
    """

    marks: list[str]
    cores: list[Core]
    suffixes: list[str]
    ignored: int
    """How many tags are no versions."""

    @classmethod
    def among(cls, tags: Iterable[str]) -> VersionTags:
        """Take `tags` apart; `Version.from_tag` reads the same ones."""
        listed = list(tags)
        number = _Numbers().__getitem__
        marks: list[str] = []
        cores: list[Core] = []
        suffixes: list[str] = []
        for start in range(0, len(listed), _AT_ONCE):
            some = listed[start : start + _AT_ONCE]
            lines = "\n".join(some)
            if max(map(len, some)) >= MAX_TAG or lines.count("\n") >= len(some):
                lines = "\n".join(filter(_is_possible, some))
            # Splitting gives what lies between two versions, then the five parts of the next one, and
            # so on in one flat list: no object is made for a tag as a whole.
            parts = _LINE.split(lines)
            marks += parts[1::6]
            numbers = (map(number, parts[place::6]) for place in (2, 3, 4))
            cores += zip(*numbers, strict=True)
            suffixes += parts[5::6]
        return cls(marks, cores, suffixes, len(listed) - len(cores))

    @property
    def releases(self) -> list[Core]:
        """The numbers of those that are no prereleases."""
        rows = zip(self.cores, self.suffixes, strict=True)
        return [core for core, suffix in rows if not suffix or suffix[0] != "-"]

    def with_keys(self, cores: Container[Key]) -> Iterator[tuple[Key, str, str]]:
        """Sort key, mark and suffix of those with one of these numbers."""
        for core, mark, suffix in zip(self.cores, self.marks, self.suffixes, strict=True):
            if core in cores:
                prerelease, _, build = suffix.replace("+", "_").partition("_")
                key = (*core, 0 if prerelease else 1, identifiers(prerelease[1:]), identifiers(build))
                yield key, mark, suffix

    @property
    def twins(self) -> tuple[tuple[str, str], ...]:
        """Pairs of tags that differ in their ``v`` alone."""
        if "" not in self.marks or "v" not in self.marks:
            return ()
        rows = list(zip(self.marks, self.cores, self.suffixes, strict=True))
        marked = {(core, suffix) for mark, core, suffix in rows if mark}
        bare = {(core, suffix) for mark, core, suffix in rows if not mark}
        found = sorted(tag_of("", core, suffix) for core, suffix in marked & bare)
        return tuple((tag, f"v{tag}") for tag in found)


class _Numbers(dict[str, int]):
    """Text to number: thousands of tags share some dozens of them, and each is read once."""

    def __missing__(self, text: str) -> int:
        self[text] = number = int(text)
        return number


def tag_of(mark: str, core: Iterable[int], suffix: str) -> str:
    """The tag as the registry lists it."""
    return f"{mark}{'.'.join(map(str, core))}{suffix}"


def _is_possible(tag: str) -> bool:
    """Whether a registry could list such a tag. Without its v it must leave room for one."""
    return len(tag) <= MAX_TAG - (tag[:1] != "v") and "\n" not in tag
