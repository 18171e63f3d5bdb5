"""Who did what: every unsafe request is recorded; search, export, proof."""
