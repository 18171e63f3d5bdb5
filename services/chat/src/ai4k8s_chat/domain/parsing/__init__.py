"""English and kubectl lines, understood without a model: the same words always mean the same call, or a question."""
