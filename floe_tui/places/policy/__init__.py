"""Policy: the policies put to the test."""
