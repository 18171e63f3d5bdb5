"""What a decision means, in words: pure rules."""
