"""Entry point, one shot: `python -m ai4k8s_gateway.people reset-password NAME`. The way back when nobody can log in.

Whoever may run programs with the gateway's database may do this; it makes a link that sets a new password, once, and
prints it as JSON. No password is given on a command line, where others could see it.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

from ai4k8s_common.audit import Actor, Entry
from ai4k8s_common.bus.transaction import Bus
from ai4k8s_common.clock import utc_now
from ai4k8s_common.errors import Ai4k8sError, NotFoundError
from ai4k8s_common.services import Service
from ai4k8s_common.settings import BusSettings, LogSettings, StoreSettings
from ai4k8s_common.telemetry.logs import configure_logs
from ai4k8s_gateway.accounts import people, people_repository, repository, second_factor_repository
from ai4k8s_gateway.settings import GatewaySettings

if TYPE_CHECKING:
    from ai4k8s_common.bus.transaction import Transaction
    from ai4k8s_gateway.accounts.people_schemas import ResetLink

WHO = Actor(name="command line")


def reset_password(tx: Transaction, name: str, settings: GatewaySettings, *, without_second_factor: bool) -> ResetLink:
    """Make the link; where it is asked for, let a disabled person in again by it without their second factor.

    Raises NotFoundError.
    """
    user = repository.find_user(tx.connection, name)
    idle = timedelta(hours=settings.session_idle_hours)
    if user is None or people_repository.find(tx.connection, user.id, utc_now(), idle) is None:
        raise NotFoundError(f"there is nobody of the name '{name}'")
    people_repository.change(tx.connection, user.id, {"disabled": False})
    if without_second_factor:
        second_factor_repository.delete(tx.connection, user.id)
    person = people_repository.find(tx.connection, user.id, utc_now(), idle)
    assert person is not None  # noqa: S101  # found above, in the same transaction
    changed = {"enabled": user.disabled, "second_factor_removed": without_second_factor}
    tx.audit(Entry(WHO, "make_reset_link", object=f"person {user.username}", after=changed))
    return people.reset_link(tx.connection, person, None, timedelta(minutes=settings.reset_minutes))


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="python -m ai4k8s_gateway.people", description="The way back in.")
    command = parser.add_subparsers(required=True).add_parser(
        "reset-password", help="print a link that sets a new password, once"
    )
    command.add_argument("name", help="username")
    command.add_argument(
        "--without-second-factor", action="store_true", help="also forget the second factor and its recovery codes"
    )
    arguments = parser.parse_args()
    configure_logs("people", LogSettings())
    settings = GatewaySettings()
    bus = Bus.open(Service.GATEWAY, StoreSettings(), BusSettings())
    try:
        with bus.transaction() as tx:
            link = reset_password(tx, arguments.name, settings, without_second_factor=arguments.without_second_factor)
    except Ai4k8sError as error:
        sys.exit(json.dumps({"error": error.detail, "hint": error.hint}))
    finally:
        bus.close()
    url = f"{(settings.public_url or '').rstrip('/')}{link.path}"
    sys.stdout.write(json.dumps({**link.model_dump(mode="json"), "url": url}) + "\n")


if __name__ == "__main__":
    main()
