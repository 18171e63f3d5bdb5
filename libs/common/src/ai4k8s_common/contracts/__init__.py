"""Every message that crosses a queue, typed and versioned."""
