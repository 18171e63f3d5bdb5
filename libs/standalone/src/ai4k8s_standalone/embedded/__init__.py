"""The stores, run from the binaries that come with the installed packages."""
