"""The outside world of rag: published schemas, models, embeddings."""
