"""A workload's own past under other settings."""
