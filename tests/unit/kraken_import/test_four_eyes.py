"""Who may approve: not the user who asked for it, where four eyes are wanted."""

from __future__ import annotations

import pytest

from kraken_import.usecases.rerun_gate import is_barred


@pytest.mark.parametrize(
    ("four_eyes", "requested_by", "answered_by", "barred"),
    [
        (True, "alice", "alice", True),
        (True, "alice", "bob", False),
        (True, None, "alice", False),
        (True, None, None, False),
        (False, "alice", "alice", False),
    ],
)
def test_only_the_known_user_who_asked_for_it_is_barred_from_approving(
    four_eyes: bool, requested_by: str | None, answered_by: str | None, barred: bool
) -> None:
    assert is_barred(four_eyes=four_eyes, requested_by=requested_by, answered_by=answered_by) is barred
