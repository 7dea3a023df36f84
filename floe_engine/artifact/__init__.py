"""What is published: the eight files, how they are built, and how OCI carries them."""
