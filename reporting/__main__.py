"""`python -m reporting [--check]`: writes the mapping documents, or says which of them are stale."""

import argparse
import sys

from reporting import mapping


def main() -> int:
    """Exit status 1 when a page is stale and only a check was wanted."""
    parser = argparse.ArgumentParser(prog="python -m reporting", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a page is stale")
    if not parser.parse_args().check:
        mapping.write()
        return 0
    stale = mapping.stale()
    if stale:
        sys.stderr.write(f"docs/mapping is stale ({', '.join(stale)}): run `make mapping`.\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
