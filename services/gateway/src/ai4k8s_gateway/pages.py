"""The web page: static files with hashed names, and index.html for every address that the page itself routes."""

from __future__ import annotations

import mimetypes
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.staticfiles import StaticFiles

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketClose

STATIC = Path(__file__).parent / "static"
FOREVER = "public, max-age=31536000, immutable"
NOT_PAGES = ("api/", "socket.io/")
ASK_AGAIN = "no-cache"
NOT_BUILT = (
    "The web page is not built. In a checkout, run `make web` (it brings Node along where there is none), "
    "then reload. The API works without it: see /api/v1/docs.\n"
)


class Pages(StaticFiles):
    """Serves the build; gzip files made at build time go to whoever takes them."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory=directory, check_dir=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what no route answers."""
        if scope["type"] == "websocket":
            await WebSocketClose()(scope, receive, send)
            return
        await super().__call__(scope, receive, send)

    async def check_config(self) -> None:
        """Nothing to check: without a build we say how to make one."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer one GET."""
        if path.startswith(NOT_PAGES):
            raise HTTPException(status_code=404)
        if self.lookup_path("index.html")[1] is None:
            return PlainTextResponse(NOT_BUILT, status_code=503)
        is_asset = path.startswith("assets/")
        try:
            _, stat = self.lookup_path(path)
            if not is_asset and (stat is None or not S_ISREG(stat.st_mode)):
                path = "index.html"
            compressed = self._compressed(path, scope)
            response = compressed or await super().get_response(path, scope)
        except (PermissionError, ValueError) as error:
            raise HTTPException(status_code=404) from error
        response.headers["Cache-Control"] = FOREVER if is_asset else ASK_AGAIN
        response.headers.add_vary_header("Accept-Encoding")
        return response

    def _compressed(self, path: str, scope: Scope) -> Response | None:
        accepted = next((value for name, value in scope["headers"] if name == b"accept-encoding"), b"")
        found, stat = self.lookup_path(f"{path}.gz")
        if b"gzip" not in accepted or stat is None:
            return None
        media_type = mimetypes.guess_type(path)[0] or "application/octet-stream"
        return FileResponse(found, stat_result=stat, media_type=media_type, headers={"Content-Encoding": "gzip"})
