"""`ai4k8s mcp`: the tools for desktop programs that speak MCP over standard input and output."""

from __future__ import annotations

from typing import Annotated

import typer

from ai4k8s_standalone.errors import StandaloneError

app = typer.Typer(rich_markup_mode=None)


@app.command()
def mcp(
    url: Annotated[
        str, typer.Option(envvar="AI4K8S_URL", help="Where AI4K8s is.", show_default=True)
    ] = "http://127.0.0.1:5003",
    token: Annotated[
        str, typer.Option(envvar="AI4K8S_TOKEN", help="An API token, made on the page.", show_default=False)
    ] = "",
) -> None:
    """Serve the tools over standard input and output, as the person whose API token it is."""
    if not token:
        raise StandaloneError("an API token is needed", "Make one on the page and give it as AI4K8S_TOKEN.")
    from ai4k8s_chat.mcp.stdio import run  # noqa: PLC0415  # --help is quick

    run(url, token)
