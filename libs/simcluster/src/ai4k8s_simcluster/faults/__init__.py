"""Faults on demand: what can go wrong between a client and a cluster, asked for one by one and ended in time.

`model.py` says what a fault is, `book.py` knows which ones hold now, `injection.py` spoils answers, `nodes.py` loses
nodes and puts them under pressure, `usage.py` spoils measurements, `control.py` is the endpoint `/sim/v1/faults`.
"""
