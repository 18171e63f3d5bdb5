"""How many replicas, and why: pure functions of what was observed, without clock, I/O or settings."""
