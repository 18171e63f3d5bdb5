"""What the gateway itself computes: pure functions, no I/O, no clock, no settings."""
