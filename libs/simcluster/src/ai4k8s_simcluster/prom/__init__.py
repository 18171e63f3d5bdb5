"""A Prometheus for the simulated cluster: its HTTP API, a part of PromQL, and the series behind it."""
