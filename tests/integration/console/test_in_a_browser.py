"""One journey through the console in a real browser; `tests/proofs/test_console.py` has the others."""

from __future__ import annotations

import re
from typing import Any

from tests.browser.desk import Office, expect
from tests.conftest import elsewhere
from tests.integration.console.conftest import PLACE, USER, Console
from tests.integration.console.test_shared import paused


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


def test_a_part_that_a_person_is_in_the_middle_of_follows_once_it_is_left(
    console: Console, browser: Any
) -> None:
    wave_id = elsewhere(lambda: console.journey.valid_wave(limit=4))
    office = Office(
        browser=browser,
        address=f"{console.address}/{PLACE}",
        logins=lambda user: {"extra_http_headers": {USER: user}},
    )
    statuses: list[int] = []
    with office.desk("ops") as ops:
        ops.page.on("response", lambda answer: statuses.append(answer.status))
        assert ops.go(f"waves/{wave_id}") == 200
        ops.main.get_by_role("link", name="Pause", exact=True).focus()
        elsewhere(lambda: paused(console, wave_id))
        expect(ops.main.locator("#log")).to_contain_text("hotline full", timeout=30_000)
        expect(ops.main.get_by_role("link", name="Pause", exact=True)).to_be_focused()
        ops.main.get_by_role("link", name="Pause", exact=True).blur()
        # Nothing else has changed by then.
        ops.shows(re.compile("paused by Ann since .*: hotline full"))
        # From then on the server says only that it is still so.
        statuses.clear()
        ops.page.wait_for_event("response", predicate=lambda answer: answer.status == 304, timeout=30_000)
        assert set(statuses) == {304}
        assert ops.faults == []
