"""What demand will be: pure functions of measured history, without clock, I/O or settings."""
