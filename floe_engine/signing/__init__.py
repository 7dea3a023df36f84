"""Who vouches for a digest: cosign-compatible signatures, by key and keyless.

Knows sigstore and cosign; knows nothing of floe, and takes a repository only by its protocol.
"""
