"""The one exception that the commands show to people."""


class StackProblem(Exception):
    """What went wrong and what to do about it, in one sentence without a secret in it."""
