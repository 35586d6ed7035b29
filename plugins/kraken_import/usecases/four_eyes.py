"""Four eyes: who asked for a wave does not approve it."""

from __future__ import annotations

from collections.abc import Collection


def is_barred(*, four_eyes: bool, askers: Collection[str], user: str | None) -> bool:
    """Return whether four eyes bar a user from approving: one who asked, however the name is capitalised."""
    return four_eyes and user is not None and user.casefold() in {asker.casefold() for asker in askers}
