"""Which node a pod goes to, and why it cannot go anywhere."""
