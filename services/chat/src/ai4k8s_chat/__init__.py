"""Converses with people about their clusters."""
