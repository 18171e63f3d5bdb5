"""Controllers that change how many pods there are, or say how large they should be."""
