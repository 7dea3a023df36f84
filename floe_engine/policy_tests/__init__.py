"""Whether policies say what is meant: the seed's four suites, a team's own cases, and mutants to catch."""
