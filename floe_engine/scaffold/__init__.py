"""What a new platform begins with: a commented manifest.yaml, a policy test, CI files, a README.

`templates` has the manifests to choose from, `learning` makes one from a dbt project that is there
already, `files` holds the rest as it is written, and `writing` how values become commented YAML.
"""
