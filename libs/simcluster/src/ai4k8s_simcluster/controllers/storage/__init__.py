"""Claims, and the volumes that meet them."""
