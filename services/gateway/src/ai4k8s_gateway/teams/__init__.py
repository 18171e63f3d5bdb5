"""Teams: who is in them, with which roles, and the programs that act for them."""
