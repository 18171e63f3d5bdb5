"""A Kubernetes API in one process whose workloads follow load traces."""
