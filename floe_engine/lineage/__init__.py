"""SQL and its text: which column comes from which, and which tables and columns a query names."""
