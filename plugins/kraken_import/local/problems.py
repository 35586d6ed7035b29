"""The one exception that the commands of the stack show to people."""

from kraken_import.cli.problems import Problem


class StackProblem(Problem):
    """What went wrong and what to do about it, in one sentence without a secret in it."""
