"""Workloads: what they need, what they have, what is foreseen for them, and by which policy they are scaled."""
