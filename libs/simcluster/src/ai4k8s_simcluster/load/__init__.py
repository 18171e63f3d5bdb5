"""How much work each workload is given, and what becomes of it."""
