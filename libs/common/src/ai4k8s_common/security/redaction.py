"""What must never leave a cluster or reach a model, taken out of objects and texts: one place for all paths.

Values of Secrets go by what they are; everything else by how it looks. A text that merely resembles a credential is
hidden as well: a person can look again with kubectl, and what was sent cannot be taken back.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

HIDDEN = "[hidden]"
# Annotations that repeat the object as it was applied, values and all.
_COPIES = frozenset({"kubectl.kubernetes.io/last-applied-configuration"})
_SECRET_WORD = r"(?:passw(?:or)?d|passphrase|secret|token|api[-_.]?key|access[-_.]?key|private[-_.]?key|credentials?|client[-_.]?secret|auth[-_.]?key|encryption[-_.]?key|connection[-_.]?string|dsn)"  # noqa: E501, S105
_SECRET_NAME = re.compile(rf"(?i)(?:^|[-_.a-z0-9]){_SECRET_WORD}$|^{_SECRET_WORD}$")
# Fields of Kubernetes whose names end alike and whose values are names or numbers.
_HARMLESS = frozenset({"serviceAccountToken", "automountServiceAccountToken", "imagePullSecret", "secret"})

_WHOLE: tuple[re.Pattern[str], ...] = (
    re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\Z)", re.DOTALL),
    re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"),  # JSON web tokens
    re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,})"),
    re.compile(r"\bxox[abeprs]-[A-Za-z0-9-]{10,}"),
    re.compile(r"\b(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,}"),
    re.compile(r"\b(?:sk-(?:ant-|proj-)?[A-Za-z0-9_-]{20,}|gsk_[A-Za-z0-9]{20,}|hf_[A-Za-z0-9]{20,})"),
    re.compile(r"\bAIza[0-9A-Za-z_-]{30,}"),
    re.compile(r"\bai4k8s_[A-Za-z0-9_-]{20,}"),
)
# What stands before a value and stays: a header, a URL's user, a name that says what follows.
_AFTER: tuple[re.Pattern[str], ...] = (
    re.compile(r"(?i)(\b(?:proxy-)?authorization[\"']?\s*[:=]\s*[\"']?(?:bearer|basic|token)?\s*)[^\s\"',;]{4,}"),
    re.compile(r"(?i)(\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{8,}"),
    re.compile(r"(?i)(\b[a-z][a-z0-9+.-]*://[^\s:/@\"']*:)[^\s/@\"']+(?=@)"),
    re.compile(rf"(?i)([-_.a-z0-9]*{_SECRET_WORD}[\"']?\s*(?:=|:)\s*)(\"[^\"\n]*\"|'[^'\n]*'|[^\s,;}}\])\"']+)"),
    re.compile(rf"(?i)(--?[a-z0-9-]*{_SECRET_WORD}\s+)(?!-)[^\s\"']+"),
)
# kubectl create secret generic NAME --from-literal=KEY=VALUE: whatever the key is called.
_CREATES_SECRET = re.compile(r"(?i)\bcreate\s+secret\b")
_LITERAL = re.compile(r"(--from-literal[=\s]+[\"']?[^\s=]+=)(?:[^\s\"'\[][^\s\"']*)")


def redact(text: str) -> str:
    """Return a text with everything hidden that looks like a credential."""
    for pattern in _WHOLE:
        text = pattern.sub(HIDDEN, text)
    for pattern in _AFTER:
        text = pattern.sub(rf"\g<1>{HIDDEN}", text)
    if _CREATES_SECRET.search(text):
        text = _LITERAL.sub(rf"\g<1>{HIDDEN}", text)
    return text


def is_secret_name(name: str) -> bool:
    """Whether a field or variable of this name holds a credential."""
    return name not in _HARMLESS and _SECRET_NAME.search(name) is not None


def mask(value: Any) -> Any:
    """Return a copy of a Kubernetes object (or any JSON) that may be shown: no Secret's value, no credential.

    Bookkeeping that nobody reads (managedFields, the last applied configuration) is left out.
    """
    if isinstance(value, dict):
        return _mask_object(value)
    if isinstance(value, list):
        return [mask(item) for item in value]
    return redact(value) if isinstance(value, str) else value


def _mask_object(value: Mapping[str, Any]) -> dict[str, Any]:
    secret = value.get("kind") == "Secret" or ("data" in value and str(value.get("type", "")) in _SECRET_TYPES)
    if _is_list_of_secrets(value):
        return {**_mask_fields(value), "items": [_mask_object({"kind": "Secret", **item}) for item in value["items"]]}
    masked = _mask_fields(value)
    for field in ("data", "stringData") if secret else ():
        if isinstance(value.get(field), dict):
            masked[field] = dict.fromkeys(value[field], HIDDEN)
    return masked


_SECRET_TYPES = frozenset(
    {
        "Opaque",
        "kubernetes.io/tls",
        "kubernetes.io/dockerconfigjson",
        "kubernetes.io/dockercfg",
        "kubernetes.io/basic-auth",
        "kubernetes.io/ssh-auth",
        "kubernetes.io/service-account-token",
        "bootstrap.kubernetes.io/token",
        "helm.sh/release.v1",
    }
)


def _is_list_of_secrets(value: Mapping[str, Any]) -> bool:
    return value.get("kind") == "SecretList" and isinstance(value.get("items"), list)


def _mask_fields(value: Mapping[str, Any]) -> dict[str, Any]:
    named = isinstance(value.get("value"), str) and is_secret_name(str(value.get("name", "")))
    return {
        key: HIDDEN if _hides(key, item) or (named and key == "value") else mask(item)
        for key, item in value.items()
        if key not in {"managedFields", *_COPIES}
    }


def _hides(key: str, value: object) -> bool:
    return isinstance(value, str) and value != "" and is_secret_name(key)
