"""What Kubernetes' schema does not say: one function a rule or family of rules, each yielding problems."""
