"""What every AI4K8s service shares: contracts, bus, store, Kubernetes access, telemetry."""
