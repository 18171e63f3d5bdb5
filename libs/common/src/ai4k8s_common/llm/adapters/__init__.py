"""The providers' own packages behind one form. Nothing of theirs, exceptions included, leaves here."""
