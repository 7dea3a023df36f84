"""What can be asked of a dbt project: one file a rule or a family of them."""
