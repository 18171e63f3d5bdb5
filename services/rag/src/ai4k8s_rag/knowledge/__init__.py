"""What rag knows of manifests: entries of our own writing, and the documents of those who use it."""
