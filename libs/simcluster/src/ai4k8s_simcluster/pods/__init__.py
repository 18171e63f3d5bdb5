"""What can be seen of a pod from outside beyond its object: its log, and the answers to commands run in it."""
