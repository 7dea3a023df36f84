"""Where artifacts live: any OCI registry, or an OCI image layout on disk.

Knows OCI (distribution-spec and image-spec 1.1); knows nothing of floe.
"""
