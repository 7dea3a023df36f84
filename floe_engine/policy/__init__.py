"""How a dbt project is judged against a platform artifact.

A rule is one class with an ID; it knows nothing of dbt JSON, of reports or of severity.
"""
