"""Plans: prepared with a dry-run, applied once after a person approved them, followed, undone."""
