"""Requests in a pool of threads, with a Session for each."""

from kraken import migrate, read_task
from over_requests import asking, at_once

if __name__ == "__main__":
    task = read_task()
    migrate(task=task, ask=asking(task), spread=at_once(task.at_once))
