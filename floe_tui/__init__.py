"""The workbench: an interactive face over `floe_engine`.

Screens compose, widgets draw, and `jobs` runs the engine in workers.
"""
