"""Parts of the collector's benchmark: an API server of prepared bytes, and what is measured against it."""
