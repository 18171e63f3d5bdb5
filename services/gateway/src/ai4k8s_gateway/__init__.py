"""REST, web UI, live events, accounts and wishes."""
