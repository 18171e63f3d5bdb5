"""What was seen and what it means: pure functions, without sockets, clock or store."""
