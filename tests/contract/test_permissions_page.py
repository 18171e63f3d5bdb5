"""The page of permissions says what the code does."""

from __future__ import annotations

from pathlib import Path

from ai4k8s_gateway.access.document import document

PAGE = Path(__file__).parents[2] / "docs" / "permissions.md"


def test_the_page_of_permissions_is_the_policy_table() -> None:
    again = ".venv/bin/python -m ai4k8s_gateway.access.document > docs/permissions.md"
    assert PAGE.read_text(encoding="utf-8") == document(), f"write it again: {again}"
