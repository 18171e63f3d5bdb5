"""Import every module of the packages named; run by the Python of an environment that holds just one part."""

from __future__ import annotations

import importlib
import pkgutil
import sys


def main(packages: list[str]) -> int:
    """Report each module that cannot be imported, with the reason; return how many were imported, on stdout."""
    failures, imported = [], 0
    for package in packages:
        names = [package]
        path = importlib.import_module(package).__path__
        names += [module.name for module in pkgutil.walk_packages(path, f"{package}.", onerror=lambda _name: None)]
        for name in names:
            if name.endswith(".__main__") or ".migrations." in name:  # those run when imported
                continue
            try:
                importlib.import_module(name)
                imported += 1
            except ImportError as error:
                failures.append(f"{name}: {error}")
    sys.stdout.write(f"{imported}\n")
    sys.stderr.write("\n".join(failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
