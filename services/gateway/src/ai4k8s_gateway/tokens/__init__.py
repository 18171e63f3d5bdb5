"""API tokens: what programs show instead of a session."""
