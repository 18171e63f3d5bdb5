"""The endpoint `/sim/v1/faults`: GET lists, POST adds, DELETE ends one (`/sim/v1/faults/ID`) or all."""

import orjson
from starlette.responses import Response

from ai4k8s_simcluster.api.rendering import json_response
from ai4k8s_simcluster.errors import bad_request, method_not_allowed
from ai4k8s_simcluster.faults.book import FaultBook
from ai4k8s_simcluster.faults.model import FaultError, read_fault

PATH = "/sim/v1/faults"


class FaultControl:
    """Answers the endpoint."""

    def __init__(self, book: FaultBook) -> None:
        self._book = book

    def serves(self, path: str) -> bool:
        """Say whether a path is one of ours."""
        return path == PATH or path.startswith(f"{PATH}/")

    def answer(self, method: str, path: str, body: bytes) -> Response:
        """Answer one request. Raises ApiError (400, 405)."""
        number = path.removeprefix(PATH).strip("/")
        match method, number:
            case "GET", "":
                return json_response({"faults": [entry.dump() for entry in self._book.entries()]})
            case "POST", "":
                return self._add(body)
            case "DELETE", "":
                return json_response({"ended": self._book.clear()})
            case "DELETE", _ if number.isdecimal():
                ended = self._book.remove(int(number))
                return json_response({"ended": int(ended)}, 200 if ended else 404)
        raise method_not_allowed()

    def _add(self, body: bytes) -> Response:
        try:
            entry = self._book.add(read_fault(orjson.loads(body)))
        except (orjson.JSONDecodeError, FaultError) as error:
            raise bad_request(f"not a fault: {error}") from error
        return json_response(entry.dump(), 201)
