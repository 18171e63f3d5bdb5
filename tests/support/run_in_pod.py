"""Runs a module as a pod would: the service account's files are in the folder that is the first argument.

In a pod they are always in one place, which a test cannot write to; so only that place differs.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

from ai4k8s_common.security.incluster import SecretsOfNamespace

SecretsOfNamespace.of_this_pod.__func__.__defaults__ = (Path(sys.argv[1]),)  # type: ignore[attr-defined]  # a function
sys.argv = sys.argv[2:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
