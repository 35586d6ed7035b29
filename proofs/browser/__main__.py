"""`make browser`: the browser of the console's journeys is made ready, and opens a page.

python -m proofs.browser [--if-possible]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from proofs.browser.having import NoBrowser, ensure
from proofs.browser.playing import obstacle


def main(*, arguments: Sequence[str]) -> int:
    """Fetch what is missing and open a page. Returns the exit status: 1 without a browser that does."""
    parser = argparse.ArgumentParser(prog="make browser", description="Have a browser for the journeys.")
    parser.add_argument(
        "--if-possible", action="store_true", help="say so, and do not fail, where none can be had"
    )
    options = parser.parse_args(arguments)
    try:
        browser = ensure()
        if (reason := obstacle(browser=browser)) is not None:
            raise NoBrowser(f"The Chromium {browser.program} opens no page: {reason}.")
    except NoBrowser as problem:
        consequence = " The console's journeys are skipped." if options.if_possible else ""
        print(f"{problem}{consequence}", file=sys.stderr)
        return 0 if options.if_possible else 1
    if not options.if_possible:
        kind = "the system's" if browser.is_of_system else "a packaged"
        print(f"The journeys play in {kind} Chromium {browser.version}.")
    return 0


if __name__ == "__main__":
    sys.exit(main(arguments=sys.argv[1:]))
