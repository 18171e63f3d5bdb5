"""What is wrong with a cluster, in rules over what was read of it. No model is asked: one may only word the result."""
