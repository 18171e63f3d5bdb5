"""Writes Kubernetes manifests from plain English."""
