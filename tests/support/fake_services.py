"""Stand-ins for every service, small enough to start at once: they show what the supervisor gives them.

`write_fake_services(folder)` makes packages of the real names; with the folder first in PYTHONPATH, `ai4k8s up`
starts these. Stores and migration stay real.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SERVER = """
import http.server, sys
def serve(port, ready=lambda: True):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if ready() else 503)
            self.end_headers()
        def log_message(self, *_):
            pass
    http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""
GATEWAY = (
    SERVER
    + """
import os
serve(int(os.environ["AI4K8S_GATEWAY_PORT"]))
"""
)
MCP = (
    SERVER
    + """
import os
serve(int(os.environ["AI4K8S_CHAT_MCP_PORT"]))
"""
)
BOOTSTRAP = """
import json, os
import psycopg
with psycopg.connect(os.environ["AI4K8S_DATABASE_URL"]) as session:
    known = session.execute("SELECT count(*) FROM gateway.users").fetchone()[0]
    if not known:
        session.execute(
            "INSERT INTO gateway.users (id, username, email, password_hash, role) "
            "VALUES (gen_random_uuid(), 'admin', 'a@b', 'x', 'admin')"
        )
print(json.dumps({"username": "admin", "password": None if known else "shown-once-4711"}))
"""
SIMCLUSTER = (
    SERVER
    + """
import argparse, pathlib
parser = argparse.ArgumentParser()
for name in ("--host", "--port", "--prometheus-port", "--state-dir", "--kubeconfig-out", "--lead-seconds"):
    parser.add_argument(name)
for name in ("--trace", "--shape"):
    parser.add_argument(name, action="append")
arguments = parser.parse_args()
pathlib.Path(arguments.kubeconfig_out).write_text("kubeconfig")
print("loads", arguments.trace, arguments.shape, flush=True)
serve(int(arguments.prometheus_port))
"""
)
WORKER = """
import os, sys, time
if os.path.exists(os.path.join(os.environ["FAKES"], "broken-" + sys.argv[2])):
    sys.exit("cannot work today")
os.fork()
print("worker_ready", flush=True)
time.sleep(600)
"""
# Whatever is not replaced comes from the real package.
PACKAGE = "import pkgutil\n__path__ = pkgutil.extend_path(__path__, __name__)\n"
WORKERS = ("collector", "forecaster", "advisor", "scaler", "chat", "rag")


def write_fake_services(folder: Path) -> None:
    """Write the packages."""
    modules = {
        "ai4k8s_gateway/main.py": GATEWAY,
        "ai4k8s_gateway/bootstrap.py": BOOTSTRAP,
        "ai4k8s_chat/mcp.py": MCP,
        "ai4k8s_simcluster/__main__.py": SIMCLUSTER,
        **{f"ai4k8s_{name}/worker.py": WORKER.replace('os.environ["FAKES"]', repr(str(folder))) for name in WORKERS},
    }
    for name, source in modules.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        (path.parent / "__init__.py").write_text(PACKAGE, encoding="utf-8")
        path.write_text(source, encoding="utf-8")
