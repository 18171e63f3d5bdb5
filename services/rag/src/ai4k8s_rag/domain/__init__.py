"""What is right and wrong in a manifest, and how one is written: no I/O, same text, same answer."""
