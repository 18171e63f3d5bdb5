"""A Kubernetes API in one process whose workloads follow load traces.

It exists because everything above it (collector, forecaster, scaler) must be shown and tested against
something that answers real clients over real HTTPS in real time, on a machine without a cluster. What it
does, it does as a real server would; what it does not do, it refuses as a real server would.
"""
