"""Routes: decode, call one use case, answer. Nothing is decided here."""
