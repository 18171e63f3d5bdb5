"""The ai4k8s command: every part on one machine, under one supervisor."""
