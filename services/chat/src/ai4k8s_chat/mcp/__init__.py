"""The MCP server: the catalogue of tools for programs that speak the Model Context Protocol."""
