"""One verb a file: what a person asks floe to do, end to end.

Each is a function: a Workspace in, a result out, `report` and `cancel` beside. No printing, no
asking, no drawing; and no judgement of its own, which belongs to the rooms below.
"""
