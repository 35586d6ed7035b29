"""What every dialect must keep to. Dialects are discovered: a new one is tested by being there."""

from __future__ import annotations

from kraken_import.conformance.suite import *  # noqa: F403
