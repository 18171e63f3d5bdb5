"""Plans: what people ask to change, what waits for a yes, and what was said."""
