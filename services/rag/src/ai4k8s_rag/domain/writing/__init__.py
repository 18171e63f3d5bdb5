"""From a request in plain English to manifests, without a model: the same words always give the same objects."""
