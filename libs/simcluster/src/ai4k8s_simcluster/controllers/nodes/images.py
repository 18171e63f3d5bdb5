"""Images that cannot be pulled: by an annotation on the pod, or by a name that says so."""

from ai4k8s_simcluster.controllers.nodes.programs import PREFIX, annotation
from ai4k8s_simcluster.types import Obj

IMAGE_MISSING = PREFIX + "image-missing"
_MISSING_NAMES = ("badimage", "missing-image", "does-not-exist", "doesnotexist", "nonexistent")


def is_missing(pod: Obj, container: Obj) -> bool:
    """Say whether a container's image is not to be had."""
    said = annotation(pod, IMAGE_MISSING, container["name"])
    if said is not None:
        return said == "true"
    image = str(container.get("image", ""))
    return any(name in image for name in _MISSING_NAMES)


def pull_error(image: str) -> str:
    """Return what a runtime says of an image that its registry does not have."""
    reference = full_reference(image)
    return (
        f'rpc error: code = NotFound desc = failed to pull and unpack image "{reference}": '
        f'failed to resolve reference "{reference}": {reference}: not found'
    )


def full_reference(image: str) -> str:
    """Return an image's name as runtimes complete it: registry, path and tag."""
    first = image.split("/", 1)[0]
    name = image
    if "/" not in image:
        name = f"docker.io/library/{image}"
    elif "." not in first and ":" not in first and first != "localhost":
        name = f"docker.io/{image}"
    tagged = "@" in name or ":" in name.rsplit("/", 1)[-1]
    return name if tagged else f"{name}:latest"
