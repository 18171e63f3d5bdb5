"""Controllers that make and replace pods: one per kind of workload."""
