"""The editors' face: a language server over stdio (Language Server Protocol 3.17).

Turns what the engine answers into the protocol's words and decides nothing. stdout carries the
protocol and nothing else. Needs the extra ``lsp`` (pygls), which nothing outside imports.
"""
