"""The data team's verbs, one a file: pinning a platform, compiling a project against it, moving on."""
