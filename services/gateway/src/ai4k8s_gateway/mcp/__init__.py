"""The door for MCP clients; the tools are chat's."""
