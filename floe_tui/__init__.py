"""The workbench: an interactive face over `floe_engine`.

Screens compose, widgets draw, and `jobs` runs the engine in workers.
"""

import floe_engine  # noqa: F401 - what it does first (`floe_engine.starting`) comes before our own imports
