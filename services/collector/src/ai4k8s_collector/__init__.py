"""Observes clusters: connections, samples, back-fill."""
