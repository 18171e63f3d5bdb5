"""Clusters: adding, showing, checking and removing them."""
