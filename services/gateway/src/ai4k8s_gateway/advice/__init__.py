"""What the advisor is asked for by people: a decision in plain words, and what is worth doing in a cluster."""
