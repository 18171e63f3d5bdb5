"""Where traffic for a Service goes."""
