"""The columns that the SQL in `sql/extract/edf_accounts/` must return, frame by frame, in payload order."""

from __future__ import annotations

from typing import Final

from transforms.dialects.edf_accounts.frames import account, money, people, rest, supply

FRAMES: Final = (*account.FRAMES, *people.FRAMES, *supply.FRAMES, *money.FRAMES, *rest.FRAMES)
