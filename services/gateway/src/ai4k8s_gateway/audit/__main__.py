"""`python -m ai4k8s_gateway.audit verify`: proves from the store alone that nobody edited the audit log.

Ends with 0 when every chain is whole, 1 when one is not, 2 when the store does not answer. `--expect chat:17:<hash>`
names an end that was noted earlier: with it, a chain that was written anew from the start is found as well.
"""

from __future__ import annotations

import argparse
import sys

from ai4k8s_common.audit import Verified, verify
from ai4k8s_common.errors import UnavailableError
from ai4k8s_common.services import Service
from ai4k8s_common.settings import StoreSettings
from ai4k8s_common.store.audit import AUDIT
from ai4k8s_common.store.engine import make_engine


def main(arguments: list[str] | None = None) -> int:
    """Walk along every chain and say what was found."""
    parser = argparse.ArgumentParser(prog="audit", description="Proves that the audit log is whole.")
    parser.add_argument("command", choices=["verify"])
    parser.add_argument("--expect", action="append", default=[], metavar="SERVICE:NUMBER:HASH", type=_expected)
    given = parser.parse_args(arguments)
    noted: dict[Service, tuple[int, str]] = dict(given.expect)
    engine = make_engine(StoreSettings(), Service.GATEWAY.value)
    try:
        with engine.connect() as connection:
            found = [verify(connection, service, noted.get(service)) for service in AUDIT]
    except UnavailableError as error:
        print(error.detail, file=sys.stderr)
        return 2
    finally:
        engine.dispose()
    for chain in found:
        print(_line(chain))
    return 1 if any(chain.problem for chain in found) else 0


def _line(chain: Verified) -> str:
    if chain.problem:
        return f"{chain.service.value}: BROKEN after {chain.rows} entries: {chain.problem}"
    end = f"{chain.service.value}:{chain.head_seq}:{chain.head_hash}" if chain.head_seq else "nothing yet"
    return f"{chain.service.value}: whole, {chain.rows} entries; its end is {end}"


def _expected(text: str) -> tuple[Service, tuple[int, str]]:
    service, seq, digest = text.split(":")
    return Service(service), (int(seq), digest)


if __name__ == "__main__":
    sys.exit(main())
