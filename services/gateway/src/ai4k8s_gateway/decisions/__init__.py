"""The ledger of scaling decisions, read only."""
