"""All tests that a dialect must pass: a module of tests imports everything from here.

from kraken_import.conformance.suite import *
"""

from __future__ import annotations

import pytest

from kraken_import.conformance.of_payloads import *  # noqa: F403
from kraken_import.conformance.of_rules import *  # noqa: F403
from kraken_import.conformance.of_sql import *  # noqa: F403

pytestmark = pytest.mark.kraken_conformance
