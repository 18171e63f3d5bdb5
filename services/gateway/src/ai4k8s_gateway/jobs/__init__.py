"""Long work that a person waits for."""
