"""Pure parts of chat: what tools there are, what a write would call, what is wrong with a cluster."""
