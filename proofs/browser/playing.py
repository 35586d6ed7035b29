"""Starts the browser, with Playwright from an environment of its own."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from proofs.browser.having import Browser


@contextmanager
def opened(*, browser: Browser) -> Iterator[Any]:
    """Yield Playwright's browser, and close it in the end.

    Playwright keeps an event loop in its thread: until the end, `asyncio.run` is refused there.
    """
    with _library(browser=browser).sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=browser.program,
            env={**os.environ, **browser.environment},
            # Pictures of pages are the same on machines with other screens.
            args=["--font-render-hinting=none", "--hide-scrollbars"],
        )
        try:
            yield started
        finally:
            started.close()


def obstacle(*, browser: Browser) -> str | None:
    """Return why the browser opens no page; None where it does."""
    library = _library(browser=browser)
    try:
        with opened(browser=browser) as started:
            page = started.new_page()
            page.set_content("<title>It opens</title>")
            return None if page.title() == "It opens" else "its pages stay empty"
    except library.Error as error:
        return str(error).strip().partition("\n")[0]


def _library(*, browser: Browser) -> ModuleType:
    """Return Playwright. Its folder comes last, since what we have as well is of the same version."""
    place = str(browser.packages)
    if place not in sys.path:
        sys.path.append(place)
    return importlib.import_module("playwright.sync_api")
