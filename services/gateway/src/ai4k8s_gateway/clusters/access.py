"""From what a person gives to what is sealed: every way to connect a cluster is checked here, before it is stored."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ai4k8s_common.errors import ForbiddenError, InvalidInputError, NotFoundError
from ai4k8s_common.kube.credentials import Bastion, InClusterAccess, MountedAccess
from ai4k8s_common.kube.direct import DirectAccess, direct_credential
from ai4k8s_common.kube.hostkey import check_bastion_address, parse_host_key
from ai4k8s_common.kube.kubeconfig import parse_kubeconfig
from ai4k8s_common.store.gateway import ConnectionKind
from ai4k8s_gateway.clusters import offers

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ai4k8s_common.kube.addresses import AccessPolicy
    from ai4k8s_common.kube.credentials import StoredAccess
    from ai4k8s_gateway.accounts.service import Principal
    from ai4k8s_gateway.clusters.access_schemas import ApiAccess, NewAccess, NewBastion


@dataclass(frozen=True)
class CheckedAccess:
    """What is sealed, and what of it may be shown."""

    stored: StoredAccess
    kind: ConnectionKind
    api_url: str
    namespace: str
    bastion: dict[str, Any] | None


def check_access(connection: Connection, principal: Principal, policy: AccessPolicy, new: NewAccess) -> CheckedAccess:
    """Check one way to connect.

    Raises InvalidInputError for what is unsafe, incomplete or unreadable, with what to do instead; ForbiddenError for
    clusters that only administrators may add; NotFoundError for one that is not offered.
    """
    ways = [new.kubeconfig is not None, new.api is not None, new.mounted is not None, new.in_cluster]
    if sum(ways) != 1:
        raise InvalidInputError(
            "give exactly one way to connect",
            hint="One of: kubeconfig, api, mounted, in_cluster; with or without bastion.",
        )
    bastion = None if new.bastion is None else _bastion(new.bastion, policy)
    # Behind a bastion loopback means the bastion's own, where its user may go anyway.
    inside = policy if bastion is None else replace(policy, allow_loopback=True)
    if new.kubeconfig is not None:
        parsed = parse_kubeconfig(new.kubeconfig.get_secret_value(), context=new.context, policy=inside)
        credential = parsed.credential
        kind = ConnectionKind.PASSWORD if credential.username and not credential.token else ConnectionKind.KUBECONFIG
        checked = CheckedAccess(credential, kind, credential.server, parsed.namespace, None)
    elif new.api is not None:
        checked = _direct(new.api, inside)
    else:
        checked = _offered(connection, principal, new)
    if bastion is None:
        return checked
    shown = {
        "host": bastion.host,
        "port": bastion.port,
        "user": bastion.user,
        "fingerprint": parse_host_key(bastion.host_key).fingerprint,
    }
    return replace(checked, stored=checked.stored.model_copy(update={"bastion": bastion}), bastion=shown)


def _direct(api: ApiAccess, policy: AccessPolicy) -> CheckedAccess:
    given = DirectAccess(api.server, api.ca_pem, api.token, api.username, api.password, api.tls_server_name)
    credential = direct_credential(given, policy)
    kind = ConnectionKind.TOKEN if credential.token is not None else ConnectionKind.PASSWORD
    return CheckedAccess(credential, kind, credential.server, "default", None)


def _offered(connection: Connection, principal: Principal, new: NewAccess) -> CheckedAccess:
    """Credentials of the installation's own: whoever may use them could do what their owner gave to AI4K8s alone."""
    if not principal.is_admin:
        raise ForbiddenError(
            "only administrators add clusters that the installation itself holds the credential of",
            hint="Ask an administrator, or use a kubeconfig of your own.",
        )
    file, context = ("", "") if new.mounted is None else (new.mounted.file, new.mounted.context)
    offer = offers.find(connection, file, context)
    if offer is None:
        raise NotFoundError(
            "this cluster is not offered",
            hint="The collector looks once in a while at the operator's directory; see GET /clusters/offers.",
        )
    if offer.problem:
        raise InvalidInputError(offer.problem)
    if new.mounted is None:
        return CheckedAccess(InClusterAccess(), ConnectionKind.IN_CLUSTER, offer.server, offer.namespace, None)
    stored = MountedAccess(file=file, context=context)
    return CheckedAccess(stored, ConnectionKind.MOUNTED, offer.server, offer.namespace, None)


def _bastion(new: NewBastion, policy: AccessPolicy) -> Bastion:
    check_bastion_address(new.host.strip(), policy)
    key = new.private_key.get_secret_value().strip()
    if "PRIVATE KEY-----" not in key:
        raise InvalidInputError(
            "the bastion's key is no private key",
            hint="Paste the whole file, from '-----BEGIN OPENSSH PRIVATE KEY-----' to its last line.",
        )
    return Bastion.model_validate(
        {
            "host": new.host.strip(),
            "port": new.port,
            "user": new.user.strip(),
            "private_key": f"{key}\n",
            "passphrase": new.passphrase,
            "host_key": parse_host_key(new.host_key).host_key,
        }
    )
