"""Ways out of the process: the cache."""
