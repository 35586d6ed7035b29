"""`python -m kraken_import.reporting [--check]`: writes the mapping documents, or names the stale ones."""

import argparse
import sys

from kraken_import.reporting import mapping
from transforms.additions import BadAddition
from transforms.lineage import UnableToTrace


def main() -> int:
    """Exit status 1 when a page is stale and only a check was wanted."""
    parser = argparse.ArgumentParser(prog="python -m kraken_import.reporting", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a page is stale")
    only_check = parser.parse_args().check
    try:
        stale = mapping.stale()
        if not only_check:
            mapping.write()
            return 0
    except (BadAddition, UnableToTrace) as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    if stale:
        sys.stderr.write(f"docs/mapping is stale ({', '.join(stale)}): run `make mapping`.\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
