"""One journey through the console in a real browser; `tests/proofs/test_console.py` has the others."""

from __future__ import annotations

import re
from typing import Any

from tests.browser.desk import Office, expect
from tests.conftest import elsewhere
from tests.integration.console.conftest import PLACE, USER, Console


def test_an_operator_pauses_a_wave_and_a_viewer_sees_by_whom(
    console: Console, browser: Any, axe: str
) -> None:
    wave_id = elsewhere(lambda: console.journey.valid_wave(limit=4))
    paused = re.compile("paused by ops since .*: hotline full")
    office = Office(
        browser=browser,
        address=f"{console.address}/{PLACE}",
        logins=lambda user: {"extra_http_headers": {USER: user}},
    )
    with office.desk("ops") as ops, office.desk("viewer") as viewer:
        assert viewer.go(f"waves/{wave_id}") == 200
        expect(viewer.main.get_by_role("link", name="Pause", exact=True)).to_have_count(0)

        ops.go("waves")
        ops.press(re.compile("run-1"))
        ops.shows("4 valid")
        assert ops.obstacles(axe=axe) == []
        scope = ops.prepare("Pause", reason="hotline full")
        assert "No further create is sent until it is resumed" in scope
        assert ops.obstacles(axe=axe) == []
        assert "is paused" in ops.send()
        ops.press("To the wave")
        ops.shows(paused)
        # The viewer's page was open all the while.
        viewer.shows(paused)
        assert ops.sideways == 0
