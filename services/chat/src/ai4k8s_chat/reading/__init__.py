"""Tools that read a cluster: each a function of a reader, a scope and its arguments."""
