"""In which form a client wants its answer: JSON or YAML; the object, a table of it, or its metadata only."""

from dataclasses import dataclass
from enum import StrEnum

from ai4k8s_simcluster.errors import not_acceptable

_MEDIA_TYPES = "application/json, application/yaml, application/vnd.kubernetes.protobuf"
_JSON = {"application/json", "application/*", "*/*", ""}
_YAML = {"application/yaml", "application/x-yaml", "text/yaml"}


class Form(StrEnum):
    """What of an object is sent."""

    OBJECT = ""
    TABLE = "Table"
    PARTIAL = "PartialObjectMetadata"
    PARTIAL_LIST = "PartialObjectMetadataList"


@dataclass(frozen=True, slots=True)
class Representation:
    """The chosen form."""

    form: Form = Form.OBJECT
    yaml: bool = False
    version: str = "v1"


def negotiate(accept: str, *, converted: bool = True) -> Representation:
    """Choose the first acceptable form that can be made. Raises ApiError (406) when there is none.

    converted: whether tables and bare metadata can be made of the resource.
    """
    wanted_conversion = False
    for clause in accept.split(","):
        media_type, *raw = (part.strip() for part in clause.split(";"))
        parameters = dict(part.partition("=")[::2] for part in raw)
        if media_type not in _JSON | _YAML:
            continue
        target = parameters.get("as", "")
        version = parameters.get("v", "v1")
        if not target:
            return Representation(yaml=media_type in _YAML)
        wanted_conversion = True
        known = (
            converted and target in set(Form) and parameters.get("g") == "meta.k8s.io" and version in {"v1", "v1beta1"}
        )
        if known and media_type in _JSON:
            return Representation(Form(target), version=version)
    if wanted_conversion:
        raise not_acceptable(f"only the following media types are accepted: {_MEDIA_TYPES}")
    raise not_acceptable(f"406: Not Acceptable\n\nAvailable representations: {_MEDIA_TYPES}", {})
