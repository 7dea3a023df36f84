"""What both teams do with published versions: find, look at, verify, pull and copy them."""
