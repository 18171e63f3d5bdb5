"""The tables of cases, one module per subject."""
