"""Pure: what Tocsin may do to contain harm, by which rules, and how a run of it goes."""
