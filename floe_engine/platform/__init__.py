"""The platform team's verbs, one a file: from manifest.yaml to a published, signed version."""
