"""Who may approve: not the user who asked for it, where four eyes are wanted."""

from __future__ import annotations

import pytest

from kraken_import.usecases.four_eyes import is_barred


@pytest.mark.parametrize(
    ("four_eyes", "askers", "user", "barred"),
    [
        (True, ["alice"], "alice", True),
        (True, ["carol", "alice"], "Alice", True),
        (True, ["alice"], "bob", False),
        (True, [], "alice", False),
        (True, ["alice"], None, False),
        (False, ["alice"], "alice", False),
    ],
)
def test_only_known_users_who_asked_for_it_are_barred_from_approving(
    four_eyes: bool, askers: list[str], user: str | None, barred: bool
) -> None:
    assert is_barred(four_eyes=four_eyes, askers=askers, user=user) is barred
