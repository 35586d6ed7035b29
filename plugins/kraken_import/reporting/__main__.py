"""`python -m kraken_import.reporting [--check]`: writes the mapping documents, or names the stale ones."""

import argparse
import sys

from kraken_import.reporting import mapping
from transforms.additions import BadAddition
from transforms.lineage import untraceable
from transforms.project import BadProject
from transforms.registry import dialect_names


def main() -> int:
    """Return exit status 1 when a page is stale and only a check was asked for."""
    parser = argparse.ArgumentParser(prog="python -m kraken_import.reporting", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a page is stale")
    only_check = parser.parse_args().check
    try:
        stale = mapping.stale()
        unknown = [reason for name in dialect_names() for reason in untraceable(name=name).values()]
    except (BadAddition, BadProject) as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    sys.stderr.writelines(f"{reason}\n" for reason in unknown)
    if not only_check:
        mapping.write()
        return 0
    if stale:
        sys.stderr.write(
            f"docs/mapping is stale ({', '.join(stale)}): run `make mapping`, or "
            "`python -m kraken_import.reporting`.\n"
        )
    return 1 if stale or unknown else 0


if __name__ == "__main__":
    sys.exit(main())
