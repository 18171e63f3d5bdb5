"""The control loops: each reads the store, decides, and writes back, again and again until nothing is left to
do.
"""
