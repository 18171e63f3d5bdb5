"""Replays recorded exchanges of a real Kubernetes API server against the simulated cluster and compares them."""
