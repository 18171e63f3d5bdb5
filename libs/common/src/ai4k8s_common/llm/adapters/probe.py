"""Asks a llama.cpp server whether its model was made for tools: it ignores them silently where it was not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from ai4k8s_common.llm.adapters.line import HttpLibrary, http_client
from ai4k8s_common.llm.calls import in_progress
from ai4k8s_common.llm.types import ModelCancelledError, ModelError

if TYPE_CHECKING:
    from pydantic import SecretStr

    from ai4k8s_common.llm.calls import Call

PROBE_SECONDS = 3.0


def tools_by_props(base_url: str, api_key: SecretStr | None, call: Call) -> bool | None:
    """Return what the server says; None: it does not say. Raises ModelCancelledError."""
    parts = urlsplit(base_url)
    path = parts.path.rstrip("/").removesuffix("/v1") + "/props"
    url = urlunsplit(parts._replace(path=path, query="", fragment=""))
    headers = {"authorization": f"Bearer {api_key.get_secret_value()}"} if api_key else {}
    library = HttpLibrary.second()
    try:
        with in_progress(call.at_most(PROBE_SECONDS)), http_client(library, parts.hostname or "", parts.scheme) as web:
            answer = web.get(url, headers=headers)
            says = json.loads(answer.content).get("chat_template_caps", {}).get("supports_tools")
    except ModelCancelledError:
        raise
    except (ModelError, ValueError, AttributeError, RecursionError, library.web.HTTPError):
        return None
    except (library.core.NetworkError, library.core.TimeoutException, library.core.ProtocolError):
        return None
    return says if isinstance(says, bool) else None
