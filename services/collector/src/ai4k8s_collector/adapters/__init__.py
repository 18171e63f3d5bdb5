"""Ways out of the process: clusters and their Prometheus."""
