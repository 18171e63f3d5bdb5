"""Every number the README claims, each one command."""
