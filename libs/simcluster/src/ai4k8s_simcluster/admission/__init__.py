"""What a request must still pass once it is authorised and well formed: it may be changed, refused or warned about."""
