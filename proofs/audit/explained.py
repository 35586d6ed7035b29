"""Differences between the two readers that are meant, by the place and the words of a source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from proofs.audit.differences import Explained

EXPLAINED: Final[Mapping[str, tuple[Explained, ...]]] = {
    "edf_accounts": (),
    "essential_supply_points_accounts": (),
    "essential_supply_points_cdns": (),
    "national_grid_accounts": (),
    "plenitude_accounts": (),
}
"""By dialect; at most twenty each."""

CONTRACT: Final[Mapping[str, tuple[Explained, ...]]] = {"edf_accounts": ()}
"""The same, of a dialect's model and the document that its Kraken serves."""
