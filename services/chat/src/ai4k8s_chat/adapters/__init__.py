"""The outside world: clusters, the store, models."""
