"""The replay of real traces under our policy and its peers: `python -m benchmarks.scaling --traces DIR --json FILE`."""
