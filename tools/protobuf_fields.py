"""Write down the field numbers of Kubernetes' protobuf form, as its published Go types state them.

    python tools/protobuf_fields.py --api DIR --apimachinery DIR > libs/simcluster/src/ai4k8s_simcluster/api/protobuf_fields.txt

DIR are checkouts of k8s.io/api and k8s.io/apimachinery. One line per message, of those that a served kind is made of:

    core.v1.Pod 1:metadata:meta.v1.ObjectMeta 2:spec:core.v1.PodSpec ...

A type may begin with `*` (an absent value differs from zero), `[]`, `{}` (a map from strings) or `^` (its fields stand in
the message itself in JSON).
"""  # noqa: E501 - a command in one line

from __future__ import annotations

import argparse
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

_GROUPS = (
    "apps/v1", "authentication/v1", "authorization/v1", "autoscaling/v1", "autoscaling/v2", "batch/v1",
    "coordination/v1", "core/v1", "discovery/v1", "events/v1", "networking/v1", "policy/v1", "rbac/v1",
    "scheduling/v1", "scheduling/v1alpha3", "storage/v1",
)  # fmt: skip
_META = "k8s.io/apimachinery/pkg/apis/meta/v1"
_STRUCT = re.compile(r"^type (\w+) struct \{$")
_ALIAS = re.compile(r"^type (\w+) ([\w.\[\]]+)$")
_FIELD = re.compile(r"^\t(?:(\w+)\s+)?([\w.*\[\]]+)\s+`([^`]*)`")
_IMPORT = re.compile(r'^\t(?:(\w+) )?"([\w./-]+)"$')
_BASIC = {
    "string": "string", "bool": "bool", "int": "int", "int32": "int", "int64": "int", "uint32": "int",
    "float32": "float", "float64": "float", "[]byte": "bytes",
}  # fmt: skip
_KNOWN = {
    "k8s.io/apimachinery/pkg/types": "string",
    "k8s.io/apimachinery/pkg/api/resource": "quantity",
    "k8s.io/apimachinery/pkg/util/intstr": "intorstring",
    "k8s.io/apimachinery/pkg/runtime": "raw",
}
_WRITTEN_OTHERWISE = {
    "meta.v1.Time": "time", "meta.v1.MicroTime": "time", "meta.v1.FieldsV1": "raw", "meta.v1.Duration": "int",
}  # fmt: skip


@dataclass
class Package:
    """What one folder of types says."""

    path: str
    imports: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    structs: dict[str, list[tuple[str, str, str]]] = field(default_factory=dict)

    @property
    def short(self) -> str:
        """Name it as messages are named: `core.v1`."""
        return ".".join(self.path.split("/")[-2:])


def read(path: str, folder: Path) -> Package:
    """Read a folder's types."""
    package = Package(path)
    for file in sorted(folder.glob("*types.go")):
        current: list[tuple[str, str, str]] | None = None
        for line in file.read_text().splitlines():
            if found := _IMPORT.match(line):
                package.imports[found[1] or found[2].rsplit("/", 1)[-1]] = found[2]
            elif found := _STRUCT.match(line):
                current = package.structs.setdefault(found[1], [])
            elif found := _ALIAS.match(line):
                package.aliases[found[1]] = found[2]
            elif line == "}":
                current = None
            elif current is not None and (found := _FIELD.match(line)):
                current.append((found[1] or "", found[2], found[3]))
    return package


class Writer:
    """Follows the types from the kinds down."""

    def __init__(self, packages: list[Package]) -> None:
        self._packages = {package.path: package for package in packages}
        self.lines: dict[str, str] = {}

    def message(self, package: Package, name: str) -> str:
        """Write a struct and all it is made of; return its name."""
        full = f"{package.short}.{name}"
        if full not in self.lines:
            self.lines[full] = ""
            fields = [self._field(package, *found) for found in package.structs[name]]
            self.lines[full] = " ".join([full, *(one for one in fields if one)])
        return full

    def _field(self, package: Package, name: str, go_type: str, tags: str) -> str:
        protobuf = re.search(r'protobuf:"\w+,(\d+),', tags)
        json = re.search(r'json:"([^"]*)"', tags)
        if protobuf is None or json is None:
            return ""
        shown, _, rest = json[1].partition(",")
        kind = self._type(package, go_type)
        if not shown:
            return f"{protobuf[1]}:{name or go_type}:^{kind.removeprefix('*')}"
        kept = "" if "omit" in rest or kind.startswith(("*", "[]", "{}")) else "*"
        return f"{protobuf[1]}:{shown}:{kept}{kind}"

    def _type(self, package: Package, go_type: str) -> str:
        if go_type in _BASIC:
            return _BASIC[go_type]
        for prefix, shown in (("*", "*"), ("[]", "[]")):
            if go_type.startswith(prefix):
                return shown + self._type(package, go_type.removeprefix(prefix)).removeprefix("*")
        if go_type.startswith("map["):
            return "{}" + self._type(package, go_type.partition("]")[2]).removeprefix("*")
        if "." in go_type:
            alias, _, name = go_type.partition(".")
            path = package.imports[alias]
            return _KNOWN[path] if path in _KNOWN else self._type(self._packages[path], name)
        full = f"{package.short}.{go_type}"
        if full in _WRITTEN_OTHERWISE:
            return _WRITTEN_OTHERWISE[full]
        if go_type in package.aliases:
            target = package.aliases[go_type]
            # A named list is a message of its own, unlike a named map.
            return "list" if target == "[]string" else self._type(package, target)
        return self.message(package, go_type)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--api", type=Path, required=True)
    parser.add_argument("--apimachinery", type=Path, required=True)
    given = parser.parse_args()
    meta = read(_META, given.apimachinery / "pkg/apis/meta/v1")
    packages = [read(f"k8s.io/api/{group}", given.api / group) for group in _GROUPS]
    writer = Writer([meta, *packages])
    writer.message(meta, "DeleteOptions")
    for package in packages:
        for name, fields in package.structs.items():
            embeds = any(go_type == "metav1.TypeMeta" for _, go_type, _ in fields)
            if embeds and not name.endswith("List"):
                writer.message(package, name)
    sys.stdout.write("\n".join(sorted(writer.lines.values())) + "\n")


if __name__ == "__main__":
    main()
