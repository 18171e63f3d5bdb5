"""The parts of objects that do something when they are asked: tokens, evictions, bindings, logs, commands."""
