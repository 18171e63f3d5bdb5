"""Who may do what here: every route's rule, who is asking, and what becomes of a refusal."""
