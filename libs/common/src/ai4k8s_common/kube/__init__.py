"""Access to clusters: credentials, typed reads, guarded writes, and errors that say what to do.

A thin layer of our own over httpx and msgspec: typed structs keep only the fields that are needed, which
decodes large lists tens of times faster than a general client does, and no third-party exception leaves it.
"""
