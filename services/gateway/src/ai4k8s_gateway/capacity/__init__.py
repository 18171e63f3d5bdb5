"""When room runs out, and whether everything would still fit."""
