"""The HTTPS side: what a client sends is understood here, and what it gets is put into form here."""
