"""``floe-tui --web``: the workbench in one browser of this machine, and in no other."""
