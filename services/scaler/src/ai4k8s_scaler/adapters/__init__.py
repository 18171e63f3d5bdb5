"""The scaler's hands: everything that talks to a cluster."""
