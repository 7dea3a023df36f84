"""Project: what the platform says of a dbt project."""
