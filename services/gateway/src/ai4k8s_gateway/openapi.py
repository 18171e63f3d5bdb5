"""Write the OpenAPI document: `python -m ai4k8s_gateway.openapi > services/gateway/openapi.json`.

It is committed, so that the page's typed client can be built without Python and a change of the API shows in review.
"""

from __future__ import annotations

import json
import sys

from ai4k8s_gateway.app import create_api


def document() -> str:
    """Return the document as it is committed."""
    return json.dumps(create_api().openapi(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(document())
