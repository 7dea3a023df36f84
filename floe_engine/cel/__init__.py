"""CEL, the Common Expression Language (cel.dev): parsed, type-checked and run, within bounds.

Nothing of floe may enter but the ground: what an expression may ask is given as types (`types`), and
what it is asked of as values. The part of CEL that is spoken here: everything but bytes, unsigned
numbers, times and protobuf messages; with the macros, optional selection and the extensions for
strings, lists, sets and math. Google's own engine is the oracle of the tests.
"""
