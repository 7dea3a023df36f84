"""The assistants' face: the engine's reading verbs as a server of the Model Context Protocol, over stdio.

It writes nothing, signs nothing and publishes nothing; whoever talks to it learns what the command line would
print with ``--output json``. Needs the extra ``mcp``, which nothing outside imports.
"""
