"""What a data team has: floe.yaml, a dbt project and its profile, as facts."""
