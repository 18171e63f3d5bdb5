"""Conversations: what people ask about a cluster, and what chat answered."""
