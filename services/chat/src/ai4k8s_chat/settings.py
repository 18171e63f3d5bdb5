"""What an operator can set about chat and its MCP server."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from ai4k8s_common.settings import Group


class ChatSettings(Group):
    """AI4K8S_CHAT_*."""

    model_config = SettingsConfigDict(env_prefix="AI4K8S_CHAT_", frozen=True, extra="ignore")

    mcp_host: str = Field(default="127.0.0.1", description="where the MCP server listens; only the gateway calls it")
    mcp_port: int = Field(default=5002, ge=1, le=65535)
    mcp_allowed_hosts: tuple[str, ...] = Field(
        default=(), description="further host names the MCP server answers to, such as its service's"
    )
    parallel_tools: int = Field(default=8, ge=1, description="tools that one MCP process runs at once")
    steps: int = Field(default=6, ge=1, le=20, description="tool calls that a model may make for one answer")
    answer_seconds: float = Field(default=120.0, gt=0, description="and the time it has for it")
    answer_tokens: int = Field(default=20_000, ge=500, description="and the tokens it may use for it")
