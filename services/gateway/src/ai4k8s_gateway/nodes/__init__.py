"""Nodes, as they were last observed."""
