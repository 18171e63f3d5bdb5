"""WebSockets: the one thing that is served over them is `pods/exec`."""

from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from ai4k8s_simcluster import errors
from ai4k8s_simcluster.api.gate import Asked, Gate
from ai4k8s_simcluster.api.rendering import error_response
from ai4k8s_simcluster.api.requests import parse_target
from ai4k8s_simcluster.api.subresources.exec import PodExec, Start
from ai4k8s_simcluster.errors import ApiError
from ai4k8s_simcluster.registry import PODS, Catalogue


class Sockets:
    """Lets WebSockets in as the gate lets requests in, and refuses them with an answer clients can read."""

    def __init__(self, gate: Gate, catalogue: Catalogue, commands: PodExec) -> None:
        self._gate = gate
        self._catalogue = catalogue
        self._commands = commands

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one WebSocket."""
        socket = WebSocket(scope, receive, send)
        try:
            start = self._admit(socket)
        except ApiError as error:
            await socket.send_denial_response(error_response(error))
            return
        await start(socket)

    def _admit(self, socket: WebSocket) -> Start:
        request = self._gate.identify(Asked.of(socket.scope, socket.query_params))
        self._gate.admit(request)
        if request.path:
            raise errors.no_such_resource()
        target = parse_target(self._catalogue, socket.scope["path"])
        if target.resource is not PODS or target.subresource != "exec":
            raise errors.no_such_resource()
        return self._commands.prepare(request, target, socket.query_params.multi_items())
