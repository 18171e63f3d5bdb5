"""Manifests: written from plain English, checked, and the documents that are known besides."""
