"""Live events for browsers: the Socket.IO server, and the log that fills gaps."""
