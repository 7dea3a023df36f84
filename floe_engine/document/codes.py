"""The codes of what can be wrong with a text as YAML, and what ``floe explain`` says of each.

A code never changes its meaning and is never given away again. Codes about the manifest are in
the `manifest` package.
"""

from __future__ import annotations

from typing import Final

from floe_engine.document.diagnostics import CodeExplanation

CHARACTER: Final = "FLOE-Y001"
DUPLICATE_KEY: Final = "FLOE-Y002"
SECOND_DOCUMENT: Final = "FLOE-Y003"
ALIAS_UNDEFINED: Final = "FLOE-Y004"
ALIAS_IN_ITSELF: Final = "FLOE-Y005"
KEY_NOT_SCALAR: Final = "FLOE-Y006"
MERGE_NOT_MAPPING: Final = "FLOE-Y007"
ANCHOR_UNUSED: Final = "FLOE-Y008"
TAG_UNKNOWN: Final = "FLOE-Y009"
TAG_MISMATCH: Final = "FLOE-Y010"
NESTED_TOO_DEEPLY: Final = "FLOE-Y011"
ALIASES_TOO_LARGE: Final = "FLOE-Y012"
TOO_LARGE: Final = "FLOE-Y013"
QUOTE_OPEN: Final = "FLOE-Y020"
BRACKET_OPEN: Final = "FLOE-Y021"
TAB: Final = "FLOE-Y022"
COLON_SPACE: Final = "FLOE-Y023"
NEEDS_QUOTES: Final = "FLOE-Y024"
TWO_COLONS: Final = "FLOE-Y025"
CONFLICT: Final = "FLOE-Y026"
ESCAPE: Final = "FLOE-Y027"
INDENTATION: Final = "FLOE-Y028"
NO_COLON: Final = "FLOE-Y029"
ITEM_AMONG_KEYS: Final = "FLOE-Y030"
KEY_AMONG_ITEMS: Final = "FLOE-Y031"
LIST_BESIDE_KEY: Final = "FLOE-Y032"
TEXT_BEHIND_VALUE: Final = "FLOE-Y033"
UNREADABLE: Final = "FLOE-Y039"
GAVE_UP: Final = "FLOE-Y040"

CODES: Final[dict[str, CodeExplanation]] = {
    CHARACTER: CodeExplanation(
        "a character that YAML does not permit",
        "YAML text may not hold control characters other than tab and line breaks, nor lone halves of "
        "surrogate pairs (YAML 1.2.2 §5.1). They come from a terminal, a copied document or a file that is "
        "not text at all. Remove the character; inside a text that must have it, write an escape in "
        'double quotes: "\\u0007".',
    ),
    DUPLICATE_KEY: CodeExplanation(
        "a key is written twice in one mapping",
        "Readers disagree about which of two equal keys counts: most take the last one silently. floe "
        "uses the first and refuses the file, so that what you read is what everybody gets. Remove one "
        "of them.",
    ),
    SECOND_DOCUMENT: CodeExplanation(
        "the file holds more than one YAML document",
        "A line `---` after content begins a second document. floe reads one document a file, and would "
        "ignore all that follows. Remove the line, or split the file.",
    ),
    ALIAS_UNDEFINED: CodeExplanation(
        "an alias without its anchor",
        "`*name` repeats the value that was marked `&name` earlier in the same file. There is no such "
        "mark above this place. A value that merely begins with a star, such as a cron line or a file "
        'pattern, must be quoted: "*.sql".',
    ),
    ALIAS_IN_ITSELF: CodeExplanation(
        "an alias stands inside the value it repeats",
        "The value would contain itself without end. Write the inner value out.",
    ),
    KEY_NOT_SCALAR: CodeExplanation(
        "a key is a list or a mapping",
        "YAML permits it, JSON and floe do not: a key must be one text. It is often a template in double "
        'braces without quotes; write key: "{{ name }}".',
    ),
    MERGE_NOT_MAPPING: CodeExplanation(
        "`<<` has a value that cannot be merged",
        "`<<: *defaults` copies the entries of the mapping that is marked `&defaults`; a list of such "
        "aliases copies several, earlier ones first. Entries that are written out win over copied ones.",
    ),
    ANCHOR_UNUSED: CodeExplanation(
        "an anchor that nothing refers to",
        "`&name` marks a value so that `*name` can repeat it. Nothing here does, so the mark can go, or "
        "the alias has another name.",
    ),
    TAG_UNKNOWN: CodeExplanation(
        "a tag that floe does not know",
        "A tag such as `!env` or `!!binary` asks the reader for a special meaning. floe knows only YAML's "
        "core tags !!str, !!int, !!float, !!bool, !!null, !!map and !!seq. Remove the tag.",
    ),
    TAG_MISMATCH: CodeExplanation(
        "a tag that does not fit its value",
        "`!!int` in front of a value that is no whole number, `!!seq` in front of a mapping and the like. "
        "Remove the tag or mend the value.",
    ),
    NESTED_TOO_DEEPLY: CodeExplanation(
        "nested too deeply",
        "A file nested deeper than 200 levels is a mistake or an attack; floe does not read what is "
        "inside. The manifest of a platform needs about eight.",
    ),
    ALIASES_TOO_LARGE: CodeExplanation(
        "aliases that stand for too much",
        "Aliases of values that hold aliases multiply: a few lines can stand for billions of values. floe "
        "stops at a million.",
    ),
    TOO_LARGE: CodeExplanation(
        "the file is too large",
        "floe reads YAML files of at most 5 MiB. Check that this is the right file.",
    ),
    QUOTE_OPEN: CodeExplanation(
        "a quote is never closed",
        "A value that begins with ' or \" must end with the same character. Until then everything counts "
        "as part of the text, even the next keys. An apostrophe at the start of a value needs double "
        'quotes around it: "\'tis".',
    ),
    BRACKET_OPEN: CodeExplanation(
        "a bracket is never closed",
        "[ begins a list and { a mapping; each needs its closing bracket before the next key. A text that "
        "begins with a bracket must be quoted.",
    ),
    TAB: CodeExplanation(
        "a tab indents a line",
        "YAML's structure is its indentation, in spaces only (YAML 1.2.2 §6.1), because a tab is as wide "
        "as each editor likes. Set the editor to insert spaces.",
    ),
    COLON_SPACE: CodeExplanation(
        "a space is missing after the colon",
        "`owner:me` is one text, since colons are common inside of texts (times, addresses). A key and its "
        "value are parted by a colon and a space: `owner: me`.",
    ),
    NEEDS_QUOTES: CodeExplanation(
        "a value that must be quoted",
        "A plain value cannot begin with @ ` % * & ! | > [ ] { } , ? or a quote, for these have a meaning "
        'in YAML. Quote it: "@daily", "*/10 * * * *", ">=1.2".',
    ),
    TWO_COLONS: CodeExplanation(
        "two colons on one line",
        "`a: b: c` could be a mapping in a mapping or a text with a colon in it. Quote the text, "
        '`a: "b: c"`, or put the inner mapping on a line of its own, further in.',
    ),
    CONFLICT: CodeExplanation(
        "an unresolved merge conflict",
        "git left both sides of a conflict in the file, between <<<<<<<, ======= and >>>>>>>. Keep one side "
        "or join them, and remove the three marker lines. Until then floe reads the first side.",
    ),
    ESCAPE: CodeExplanation(
        "an escape that YAML does not know",
        "In double quotes a backslash begins an escape such as \\n or \\u00e9 (YAML 1.2.2 §5.7). Write a "
        "backslash that is meant as such twice, or use single quotes, in which it has no meaning.",
    ),
    INDENTATION: CodeExplanation(
        "a line is indented differently from its neighbours",
        "Keys of one mapping begin in the same column, and so do the dashes of one list. What belongs to a "
        "key stands further in.",
    ),
    NO_COLON: CodeExplanation(
        "a key without a colon",
        "Among keys each line needs `key: value`. This one is not finished, or its colon is missing.",
    ),
    ITEM_AMONG_KEYS: CodeExplanation(
        "a list item among keys",
        "A value is a mapping or a list, never both. Indent the `- ` under the key whose list it is, or "
        "remove the dash.",
    ),
    KEY_AMONG_ITEMS: CodeExplanation(
        "a key among list items",
        "A value is a mapping or a list, never both. Indent the key under the item it belongs to, or align "
        "it with the key that holds the list.",
    ),
    LIST_BESIDE_KEY: CodeExplanation(
        "a list begins on the line of its key",
        "`key: - item` is not YAML. Put the item on the next line, or write `key: [item]`. A text that "
        'begins with a dash and a space must be quoted: "- item".',
    ),
    TEXT_BEHIND_VALUE: CodeExplanation(
        "text behind a value that has ended",
        "After a closing quote or bracket only a comment may follow. Quote the whole text.",
    ),
    UNREADABLE: CodeExplanation(
        "not YAML",
        "The line cannot be read as YAML and floe does not see which common mistake it is. What follows is "
        "checked as if the line were not there.",
    ),
    GAVE_UP: CodeExplanation(
        "too many syntax errors",
        "After twenty syntax errors floe stops looking for more; what follows is not checked. Mend the "
        "first ones and check again.",
    ),
}
"""What ``floe explain`` prints for each code of this package."""
