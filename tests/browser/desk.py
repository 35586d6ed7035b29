"""A person at the console: its pages are found by the words that stand on them, and waited for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SECONDS = 30.0
"""Within which a page shows what it is expected to show, on a loaded machine."""
WIDE = (1_280, 800)
PHONE = (375, 740)
_MOST_TABS = 120


@dataclass(kw_only=True)
class Desk:
    """A page of the console in a browser of its own, signed in as one user."""

    page: Any
    address: str
    """Of the console, below which its tracking database comes."""
    user: str
    faults: list[str] = field(default_factory=list)
    """What scripts of the pages raised, and what their policy refused."""

    def go(self, path: str) -> int:
        """Load a page of the console. Returns its status."""
        answer = self.page.goto(f"{self.address}/{path.lstrip('/')}")
        assert answer is not None
        return int(answer.status)

    @property
    def path(self) -> str:
        """Where the person is, below the console's address."""
        return str(self.page.url).removeprefix(self.address).lstrip("/")

    @property
    def main(self) -> Any:
        """What the page is about."""
        return self.page.get_by_role("main")

    @property
    def words(self) -> str:
        """The words of the page, each blank as one."""
        return re.sub(r"\s+", " ", str(self.main.inner_text()))

    def shows(self, words: str | re.Pattern[str], *, seconds: float = SECONDS) -> None:
        """Wait until the page shows these words."""
        expect(self.main).to_contain_text(words, timeout=1_000 * seconds)

    def lacks(self, words: str | re.Pattern[str], *, seconds: float = SECONDS) -> None:
        """Wait until the page no longer shows these words."""
        expect(self.main).not_to_contain_text(words, timeout=1_000 * seconds)

    def press(self, name: str | re.Pattern[str], *, within: Any = None) -> None:
        """Press the only link or button of this name on the page."""
        place = self.main if within is None else within
        both = place.get_by_role("link", name=name, exact=True).or_(
            place.get_by_role("button", name=name, exact=True)
        )
        both.click()

    def turn_to(self, section: str) -> None:
        """Choose a section of the console at the top of the page."""
        self.page.get_by_role("navigation", name="Migration").get_by_role(
            "link", name=section, exact=True
        ).click()

    def fill(self, values: Mapping[str, str]) -> None:
        """Fill in fields by their labels."""
        for label, value in values.items():
            found = self.main.get_by_label(re.compile(rf"^{re.escape(label)}\b"))
            if found.evaluate("each => each.tagName") == "SELECT":
                found.select_option(value)
            else:
                found.fill(value)

    def prepare(self, name: str | re.Pattern[str], *, reason: str, within: Any = None, **values: str) -> str:
        """Open an order by its link and fill it in. Returns what it says that it would do."""
        place = self.main if within is None else within
        place.get_by_role("link", name=name, exact=True).click()
        expect(self.main.get_by_label(re.compile("^Reason"))).to_be_visible(timeout=1_000 * SECONDS)
        scope = self.words
        self.fill({**values, "Reason": reason})
        return scope

    def prepare_refused(self, name: str) -> str:
        """Open an order that makes no sense now. Returns what it says; it has nothing to fill in."""
        self.main.get_by_role("link", name=name, exact=True).click()
        self.page.wait_for_url("**/orders/new/*")
        expect(self.main.locator("form")).to_have_count(0)
        said = self.words
        self.page.go_back()
        return said

    def send(self) -> str:
        """Give the order that is filled in. Returns what came of it first."""
        self.main.locator("form[data-once] button[type=submit]").click()
        return self.outcome()

    def order(self, name: str, *, reason: str, within: Any = None, **values: str) -> str:
        """Give an order. Returns what came of it first."""
        self.prepare(name, reason=reason, within=within, **values)
        return self.send()

    def outcome(self) -> str:
        """Wait for the page of an order. Returns what came of it so far."""
        self.page.wait_for_url(re.compile(r"/orders/[0-9a-f-]{36}$"), timeout=1_000 * SECONDS)
        return str(self.main.locator(".verdict").inner_text())

    def tab_to(self, name: str) -> None:
        """Move the focus by the keyboard alone until it is on what has this name, and is seen there."""
        reached: list[str] = []
        for _ in range(_MOST_TABS):
            self.page.keyboard.press("Tab")
            reached.append(str(self.page.evaluate(_FOCUSED)))
            if reached[-1] == name:
                assert self.page.evaluate(_IS_SEEN), f"The focus on {name!r} cannot be seen."
                return
        raise AssertionError(f"The keyboard does not reach {name!r}, but {list(dict.fromkeys(reached))}.")

    @property
    def sideways(self) -> int:
        """How many pixels the page is wider than its window."""
        return int(self.page.evaluate(_SIDEWAYS))

    def obstacles(self, *, axe: str) -> list[str]:
        """Return what axe finds on the page that keeps people out."""
        self.page.evaluate(axe)
        found = self.page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{each['id']}: {each['help']}: {', '.join(str(node['target'][0]) for node in each['nodes'][:3])}"
            for each in found["violations"]
            if each["impact"] in ("serious", "critical")
        ]

    def picture(self, *, file: Path) -> None:
        """Keep a picture of the page, as high as it is."""
        self.page.screenshot(path=file, full_page=True, animations="disabled")


_FOCUSED = """() => {
    const on = document.activeElement;
    const label = on.labels && on.labels[0];
    return (on.getAttribute("aria-label") ||
        (label ? label.firstChild.textContent : on.innerText) || "").trim();
}"""
_IS_SEEN = """() => {
    const on = document.activeElement, box = on.getBoundingClientRect(), style = getComputedStyle(on);
    const isMarked = style.outlineStyle !== "none" || style.boxShadow !== "none";
    return isMarked && box.width > 0 && box.bottom > 0 && box.top < innerHeight;
}"""
_SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@dataclass(kw_only=True)
class Office:
    """Desks at one console, each with a browser's window and login of its own."""

    browser: Any
    address: str
    logins: Callable[[str], Mapping[str, Any]]
    """What a window needs so that its user is signed in."""
    faults: list[str] = field(default_factory=list)

    @contextmanager
    def desk(
        self, user: str = "ops", *, size: tuple[int, int] = WIDE, scheme: str = "light"
    ) -> Iterator[Desk]:
        """Seat a user, and in the end hold the pages against what their scripts raised."""
        window = self.browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme=scheme,
            locale="en-GB",
            timezone_id="UTC",
            **self.logins(user),
        )
        window.set_default_timeout(1_000 * SECONDS)
        page = window.new_page()
        seated = Desk(page=page, address=self.address, user=user)
        page.on("pageerror", lambda error: seated.faults.append(str(error)))
        page.on("console", lambda said: _listen(seated, said))
        try:
            yield seated
        finally:
            window.close()
        assert not seated.faults, seated.faults


def _listen(desk: Desk, said: Any) -> None:
    # A request that was refused or not answered is for the page to say; tests look there.
    if said.type == "error" and "Failed to load resource" not in said.text:
        desk.faults.append(said.text)


def expect(locator: Any) -> Any:
    """Return Playwright's assertions about a part of a page, which wait."""
    # It is on the path only once a browser was found.
    from playwright.sync_api import expect as expected

    expected.set_options(timeout=1_000 * SECONDS)
    return expected(locator)
