"""Foresees the demand of every workload."""
