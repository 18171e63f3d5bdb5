"""What must never leave a cluster or reach a model, taken out of objects and texts: one place for all paths.

Three nets, from sure to guessing: forms that only credentials have, values of fields that are called like one, and
words too random to be a name. The last is for models alone: a false alarm costs a model one word and a miss costs a
credential, while a person who reads logs needs the trace's id and the digest. What Kubernetes itself makes up stays for
both: pod names, UUIDs, image digests, container ids. Beyond that a text that merely resembles a credential is hidden: a
person can look again with kubectl, and what was sent cannot be taken back.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

HIDDEN = "[hidden]"


@dataclass(frozen=True, slots=True)
class Reader:
    """Who gets the text: how a hidden place is marked for them, and whether words are hidden on a mere guess."""

    mark: str  # with the kind of what was there, where it has a place for it
    guess: bool

    def marked(self, kind: str) -> str:
        """What stands where something was hidden."""
        return self.mark.format(kind)


PERSON = Reader(HIDDEN, guess=False)
MODEL = Reader("[redacted:{}]", guess=True)
_MARKED = re.compile(r"\[(?:redacted:|hidden)")

# Every repetition below has a bound, or begins where the one before it cannot have begun: text from a cluster may be
# written to make a pattern run for hours.
_NAMES = (
    r"(?:(?i:password|passwd|passphrase|passcode|secrets?|token|credentials?|api[-_.]?key|access[-_.]?key(?:[-_]?id)?|"
    r"secret[-_]?key|account[-_]?key|private[-_.]?key|signing[-_]?key|encryption[-_.]?key|shared[-_]?key|auth[-_.]?key|"
    r"client[-_]?secret|conn(?:ection)?[-_.]?str(?:ing)?|dsn|cookie|session[-_]?id)|"
    # Short ones are words of their own, or begin with a capital: no compass, no laptop.
    r"(?<![A-Za-z])(?i:pass|pwd|sas|otp)|(?<=[a-z])(?:Pass|Pwd|Otp))"
)
_MAKERS = "hf|npm|dop_v1|doo_v1|shpat|shpss|hvs|hvb|pul|lin_api|tskey|pypi|SG|xai|nvapi"
# Quotes may be escaped: JSON within JSON is what `kubectl.kubernetes.io/last-applied-configuration` holds.
_QUOTE = r"\\{0,8}[\"']?"
_IS = rf"{_QUOTE}\s{{0,40}}[:=]\s{{0,40}}{_QUOTE}"

# (kind, pattern, replacement): forms that only credentials have. Groups 1 and 2 are kept around the mark.
_FORMS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("pem", re.compile(r"()-----BEGIN [A-Z0-9 ]{2,40}-----.*?(?:-----END [A-Z0-9 ]{2,40}-----|\Z)()", re.DOTALL)),
    ("jwt", re.compile(r"()(?<![\w-])eyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*){0,3}()")),
    ("url", re.compile(r"(\b[a-zA-Z][a-zA-Z0-9+.-]{1,20}://)[^\s/@'\"<>]{1,512}(?<![\s/])(@)")),
    ("auth", re.compile(rf"(?i)(\bauthorization{_IS}(?:(?:bearer|basic|token|digest)\s+)?)[^\s\"',]+()")),
    ("auth", re.compile(r"(?i)(\b(?:bearer|basic)\s+)[\w.~+/=-]{8,}()")),
    ("aws", re.compile(r"()\b(?:AKIA|ASIA|ABIA|ACCA|AGPA|AIDA|AROA|ANPA)[A-Z0-9]{12,}\b()")),
    ("gcp", re.compile(r"()\bAIza[\w-]{20,}|\bya29\.[\w.-]{10,}|\bGOCSPX-[\w-]{10,}()")),
    ("github", re.compile(r"()\bgh[pousr]_\w{16,}|\bgithub_pat_\w{16,}()")),
    ("gitlab", re.compile(r"()\bgl(?:pat|ptt|dt|rt|cbt|agent|soat)-[\w-]{12,}()")),
    ("slack", re.compile(r"()\bxox[a-z]-[\w-]{8,}|\bxapp-[\w-]{8,}|https://hooks\.slack\.com/[\w/-]+()")),
    ("key", re.compile(r"()\b(?:sk|pk|rk)[-_](?:ant|live|test|proj|or|svcacct)?[-_]?[\w-]{16,}|\bgsk_\w{16,}()")),
    ("key", re.compile(r"()\b(?:ai4k8s|hf)_[\w-]{20,}()")),
)  # fmt: skip
# Names of pods and hosts may look the same.
_LIKELY_FORMS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("key", re.compile(rf"()\b(?:{_MAKERS})[-_.][\w.-]{{16,}}()")),
    ("bootstrap", re.compile(r"()\b(?=[a-z0-9]{6}\.[a-z0-9]*\d)[a-z0-9]{6}\.[a-z0-9]{16}\b()")),
)  # fmt: skip

_VALUE = r"\\{0,8}\"(?:[^\"\\\n]|\\(?!\"[,}\s]).){0,4096}\\{0,8}\"|'[^'\n]{0,4096}'|[^\s,;}\]\"'&]+"
# A field called like a secret: `password: x`, `"apiKey": "x"`, `DB_PASSWORD=x`, `--token x`.
_FIELD = re.compile(rf"({_NAMES}\\{{0,8}}[\"']?[ \t]{{0,40}}(?:=>|=|:(?!//))[ \t]{{0,40}})({_VALUE})")
_FLAG = re.compile(rf"((?<![\w-])--?[\w-]{{0,60}}{_NAMES}[ \t]{{1,40}})({_VALUE})")
_BLOCK = re.compile(
    rf"(?m)^([ \t]{{0,200}})((?:- )?[\"']?[\w./-]{{0,200}}{_NAMES}[\"']?:[ \t]{{0,40}}[|>][-+0-9]{{0,3}})"
    r"[ \t]{0,40}\n"
    r"((?:\1[ \t]+.*\n?|[ \t]*\n)+)"
)
_PAIR = re.compile(
    rf"((?i:{_QUOTE}name{_IS})[\w./-]{{0,120}}{_NAMES}[\w./-]{{0,60}}"
    rf"(?i:{_QUOTE}\s{{0,40}},?\s{{0,80}}{_QUOTE}value{_QUOTE}\s{{0,40}}:\s{{0,40}}))({_VALUE})"
)
_KUBECONFIG = re.compile(
    r"(?i)((?:client-key-data|client-certificate-data|certificate-authority-data|id-token|refresh-token|access-token|"
    r"caBundle|tls\.key|tls\.crt|\.dockerconfigjson|\.dockercfg|ssh-privatekey|ssh-auth)\\{0,8}[\"']?\s{0,40}:\s{0,40})"
    rf"({_VALUE})"
)
# kubectl create secret generic NAME --from-literal=KEY=VALUE: whatever the key is called.
_CREATES_SECRET = re.compile(r"(?i)\bcreate\s+secret\b")
_LITERAL = re.compile(r"(--from-literal[=\s]{1,40}[\"']?[^\s=]{1,253}=)(?:[^\s\"'\[][^\s\"']*)")
# No secret, though it stands where one would.
_HARMLESS = re.compile(
    r"(?i)^\\{0,8}[\"']?(?:true|false|null|none|nil|~|yes|no|required|optional|\{|\[|\||>|<none>|<set>|<unset>|"
    r"\[redacted:[a-z]+\]?|\[hidden\]?|\$\(?\{?[\w.]+\}?\)?|\*+)\\{0,8}[\"']?$"
)
_SECRET_KIND = re.compile(r"\bkind\\{0,8}[\"']?\s{0,40}:\s{0,40}\\{0,8}[\"']?Secret\b")
# Values may hold braces where quotes are plain; within escaped JSON the nearest brace ends it.
_SECRET_MAP_JSON = re.compile(r"(\"(?:data|stringData)\"\s{0,40}:\s{0,40}\{)((?:[^{}\"]|\"(?:[^\"\\]|\\.)*\")*)(\})")
_SECRET_MAP_ESCAPED = re.compile(r"(\\{1,8}\"(?:data|stringData)\\{1,8}\"\s{0,40}:\s{0,40}\{)([^{}]*)(\})")
_SECRET_MAP_YAML = re.compile(r"(?m)^([ \t]*)((?:- )?(?:data|stringData):[ \t]*\n)((?:\1[ \t]+\S.*\n?|[ \t]*\n)+)")
_MAP_VALUE_JSON = re.compile(r"(:\s{0,40})(\"(?:[^\"\\]|\\.)*\")")
_MAP_VALUE_ESCAPED = re.compile(r"(:\s{0,40})(\\{1,8}\"(?:[^\"\\]|\\(?!\").)*\\{1,8}\")")
_MAP_VALUE_YAML = re.compile(r"(?m)^([ \t]*(?:[\w./-]+:[ \t]*)?)(\S.*)$")

_WORD = re.compile(r"(?<![\w+/=.:@-])(?:sha256:|[a-z-]+://)?[A-Za-z0-9+/_=.-]{20,}(?![\w+/=-])")
_GIVEN_BY_KUBERNETES = re.compile(
    r"^(?:sha256:[0-9a-f]{64}|(?:docker|containerd|cri-o)://[0-9a-f]{64}|"
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$"
)
_DIGITS_INSIDE = 3
_LONGEST_PIECE_OF_A_NAME = 16
_RANDOM_BITS = 3.3  # per character; words and names of 20 letters have less than their share of different ones
_RANDOM_LENGTH = 20


def redact(text: str, reader: Reader = PERSON) -> str:
    """Return the text without credentials. Twice is the same as once."""
    if _SECRET_KIND.search(text):
        text = _without_secret_data(text, reader.marked("secret"))
    for kind, pattern in (*_FORMS, *(_LIKELY_FORMS if reader.guess else ())):
        text = pattern.sub(_keeping_ends(reader.marked(kind)), text)
    mark = reader.marked("field")
    text = _BLOCK.sub(lambda m: f"{m[1]}{m[2]}\n{m[1]}  {mark}\n", text)
    for pattern in (_KUBECONFIG, _PAIR, _FIELD, _FLAG):
        text = pattern.sub(_field(mark), text)
    if _CREATES_SECRET.search(text):
        text = _LITERAL.sub(rf"\g<1>{mark}", text)
    return _WORD.sub(_random, text) if reader.guess else text


def redact_value(value: Any) -> Any:
    """Return JSON-like data for a model, its strings redacted, those under a secret's name altogether."""
    if isinstance(value, str):
        return redact(value, MODEL)
    if isinstance(value, dict):
        secret = value.get("kind") == "Secret"
        return {key: _entry(str(key), item, of_secret=secret) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [redact_value(item) for item in value]
    return value


def _entry(key: str, item: Any, *, of_secret: bool) -> Any:
    if of_secret and key in {"data", "stringData"} and isinstance(item, dict):
        return {name: MODEL.marked("secret") for name in item}
    if isinstance(item, str) and item and redact(f"{key}: x{'x' * 8}", MODEL).endswith("field]"):
        return item if _HARMLESS.match(item) else MODEL.marked("field")
    return redact_value(item)


def _keeping_ends(mark: str) -> Callable[[re.Match[str]], str]:
    def replace(found: re.Match[str]) -> str:
        return f"{found[1] or ''}{mark}{found[2] or ''}"

    return replace


def _field(mark: str) -> Callable[[re.Match[str]], str]:
    def replace(found: re.Match[str]) -> str:
        name, value = found[1], found[2]
        if _HARMLESS.match(value) or _MARKED.search(value):
            return found[0]
        quote = re.match(r"\\{0,8}[\"']", value)
        return f"{name}{quote[0]}{mark}{quote[0]}" if quote else f"{name}{mark}"

    return replace


def _without_secret_data(text: str, mark: str) -> str:
    """Take every value out of `data` and `stringData`: also short ones, which no other net would catch."""

    def one(value: re.Match[str]) -> str:
        quote = value[2][: value[2].index('"') + 1]
        return f"{value[1]}{quote}{mark}{quote}"

    def in_json(found: re.Match[str]) -> str:
        return f"{found[1]}{_MAP_VALUE_JSON.sub(one, found[2])}{found[3]}"

    def in_escaped(found: re.Match[str]) -> str:
        return f"{found[1]}{_MAP_VALUE_ESCAPED.sub(one, found[2])}{found[3]}"

    def in_yaml(found: re.Match[str]) -> str:
        return f"{found[1]}{found[2]}{_MAP_VALUE_YAML.sub(line, found[3])}"

    def line(found: re.Match[str]) -> str:
        return f"{found[1]}{mark}"

    text = _SECRET_MAP_ESCAPED.sub(in_escaped, _SECRET_MAP_JSON.sub(in_json, text))
    return _SECRET_MAP_YAML.sub(in_yaml, text)


def _random(found: re.Match[str]) -> str:
    word = found[0]
    if _GIVEN_BY_KUBERNETES.match(word) or not _looks_random(word):
        return word
    return MODEL.marked("random")


def _looks_random(word: str) -> bool:
    pieces = re.split(r"[/.:_=-]+", word)
    if all(_is_name_like(piece) for piece in pieces):
        return False
    core = "".join(piece for piece in pieces if not _is_name_like(piece) or len(piece) > 4)
    return len(core) >= _RANDOM_LENGTH - 4 and _bits(core) >= _RANDOM_BITS


def _is_name_like(piece: str) -> bool:
    if len(piece) <= _LONGEST_PIECE_OF_A_NAME and (piece.islower() or piece.isdigit() or not piece):
        return True
    letters = piece.strip("0123456789")
    return letters.isalpha() and sum(c.isdigit() for c in piece) <= _DIGITS_INSIDE


def _bits(word: str) -> float:
    counts = Counter(word)
    return -sum(n / len(word) * math.log2(n / len(word)) for n in counts.values())


# Annotations that repeat the object as it was applied, values and all.
_COPIES = frozenset({"kubectl.kubernetes.io/last-applied-configuration"})
_SECRET_NAME = re.compile(rf"{_NAMES}$")
# Fields of Kubernetes whose names end alike and whose values are names or numbers.
_HARMLESS_FIELDS = frozenset({"serviceAccountToken", "automountServiceAccountToken", "imagePullSecret", "secret"})


def is_secret_name(name: str) -> bool:
    """Whether a field or variable of this name holds a credential."""
    return name not in _HARMLESS_FIELDS and _SECRET_NAME.search(name) is not None


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
