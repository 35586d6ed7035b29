"""Orders of the console in a real Airflow: a wave is started, approved and gone on with by pages alone."""

from __future__ import annotations

import re
from typing import Any

import pytest
import requests

from tests.checkouts import login
from tests.integration.console.conftest import form_of, words_of
from tests.stacks import DAG, Stack

pytestmark = [pytest.mark.proof, pytest.mark.timeout(400), pytest.mark.xdist_group("stack")]


class Pages:
    """The console of a stack, as a browser of one user sees it."""

    def __init__(self, stack: Stack) -> None:
        self.address = stack.values["AIRFLOW_URL"]
        self._headers = login(values=stack.values, user="AIRFLOW")

    def get(self, path: str) -> requests.Response:
        return requests.get(f"{self.address}/migration/{path}", headers=self._headers, timeout=60)

    def order(self, kind: str, **values: Any) -> str:
        """Give an order. Returns the path of its page."""
        query = "&".join(f"{name}={value}" for name, value in values.items())
        page = self.get(f"tracking/orders/new/{kind}?{query}")
        assert page.status_code == 200, page.text
        assert "<form" in page.text, words_of(page)
        sent = requests.post(
            f"{self.address}/migration/tracking/orders",
            data=form_of(page) | {"reason": "a test"},
            headers={**self._headers, "Origin": self.address},
            timeout=60,
        )
        assert sent.status_code == 200, sent.text
        return sent.url.removeprefix(f"{self.address}/migration/")

    def says(self, path: str) -> str:
        return words_of(self.get(path))


def test_a_cohort_is_started_approved_and_gone_on_with_by_pages_alone(stack: Stack) -> None:
    pages = Pages(stack)
    stack.unpause("plan_cohort")
    planned = stack.trigger(
        "plan_cohort",
        dialect="edf_accounts",
        rule="all",
        cohort="by console",
        size=5,
        mode="live",
        approval="required",
        preview=False,
    )
    assert stack.finish(planned, "plan_cohort") == "success"
    found = re.search(r'/plan/(\d+)"><bdi>by console<', pages.get("tracking/plan").text)
    assert found is not None
    started = pages.order("start", cohort=found[1])
    wave_id = stack.until(
        lambda: (told := re.search(r"has planned wave (\d+)", pages.says(started))) and int(told[1])
    )
    page = f"tracking/waves/{wave_id}"
    stack.until(lambda: "orders/new/approve" in pages.get(page).text)
    assert "Answer by" in pages.says(page)
    given = [pages.order("approve", wave=wave_id)]

    def is_approved() -> bool:
        said = pages.says(given[-1])
        if "Answer it again" in said:
            # Airflow forgets an answer that comes while its question is being put once more.
            given.append(pages.order("approve", wave=wave_id))
        return "was approved by" in said

    stack.until(is_approved)
    ((run_id,),) = stack.rows("TRACKING_DSN", f"SELECT run_id FROM migration.wave WHERE id = {wave_id}")
    assert run_id.startswith("console__live-")
    # Airflow keeps these words of the first time, and has no call that changes them.
    asked = stack.api("GET", f"/dags/{DAG}/dagRuns/{run_id}/taskInstances/gate/-1/hitlDetails").json()
    assert "Airflow keeps them: the question of now is on" in asked["body"]
    assert stack.finish(run_id) in ("success", "failed")
    before = stack.created()
    assert set(before.values()) == {1}

    led = pages.get(f"runs/{DAG}/{run_id}")
    assert led.url.endswith(page)
    assert "Orders and decisions" in led.text
    pages.order("clear", wave=wave_id)
    stack.until(
        lambda: stack.api("GET", f"/dags/{DAG}/dagRuns/{run_id}").json()["state"] in ("queued", "running")
    )
    assert stack.finish(run_id) in ("success", "failed")
    assert stack.created() == before
