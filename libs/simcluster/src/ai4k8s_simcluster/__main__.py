"""The entry point of `python -m ai4k8s_simcluster`."""

import sys

from ai4k8s_simcluster.command import main

if __name__ == "__main__":
    sys.exit(main())
