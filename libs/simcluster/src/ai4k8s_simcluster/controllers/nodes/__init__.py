"""What happens on nodes, and to nodes."""
