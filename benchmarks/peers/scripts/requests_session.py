"""A requests Session: one request after another."""

from kraken import migrate, read_task
from over_requests import asking, in_turn

if __name__ == "__main__":
    task = read_task()
    migrate(task=task, ask=asking(task), spread=in_turn)
