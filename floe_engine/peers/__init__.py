"""What other tools check of a dbt project, and how floe asks the same: tables, and readers of their files.

Knows manifests and YAML; nothing of projects, registries or how rules are run.
"""
