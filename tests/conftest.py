"""Fixtures for every test: real stores, real processes, a network that can fail."""

from __future__ import annotations

pytest_plugins = [
    "tests.support.stores",
    "tests.support.processes",
    "tests.support.proxy",
    "tests.support.bus",
    "tests.support.clients",
    "tests.support.schedule",
    "tests.support.skips",
    "tests.support.collector",
    "tests.support.gateway",
    "tests.support.browser",
    "tests.support.models",
]
