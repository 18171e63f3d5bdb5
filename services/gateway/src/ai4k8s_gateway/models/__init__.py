"""Language models as an operator sees them: who is asked, how they are, what they cost."""
