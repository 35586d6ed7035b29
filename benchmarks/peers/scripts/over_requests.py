"""Asks Kraken through `requests`: a pooled Session for each thread, with the retries that urllib3 offers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from typing import Any

import requests
from kraken import Ask, Task
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

_BUSY = (429, 502, 503, 504)


def asking(task: Task) -> Ask:
    """Return what asks Kraken, in any thread."""
    own = threading.local()

    def ask(method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        if not hasattr(own, "session"):
            own.session = _session(task)
        answer = own.session.request(method, task.url + path, data=body, timeout=(10, 60))
        return answer.status_code, answer.content

    return ask


def _session(task: Task) -> requests.Session:
    session = requests.Session()
    # A create must not be sent again: Kraken has no idempotency key.
    retry = Retry(total=5, backoff_factor=0.25, status_forcelist=_BUSY, allowed_methods={"GET"})
    session.mount("http://", HTTPAdapter(max_retries=retry))
    session.mount("https://", HTTPAdapter(max_retries=retry))
    session.headers.update(task.headers)
    return session


def in_turn(do: Callable[[Any], None], things: Iterable[Any]) -> None:
    """Call it for one after another."""
    for each in things:
        do(each)


def at_once(threads: int) -> Callable[[Callable[[Any], None], Iterable[Any]], None]:
    """Return what calls a function for many things in so many threads."""
    pool = ThreadPoolExecutor(max_workers=threads)

    def spread(do: Callable[[Any], None], things: Iterable[Any]) -> None:
        under_way: set[Any] = set()
        for each in things:
            under_way.add(pool.submit(do, each))
            if len(under_way) >= 2 * threads:
                done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
                for one in done:
                    one.result()
        for one in under_way:
            one.result()

    return spread
