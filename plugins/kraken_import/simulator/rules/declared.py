"""A rule: a check on one kind of object, with the codes it answers and where the source states it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple, TypeAlias

Found: TypeAlias = Mapping[str, Any]
"""An object of a payload whose form is right."""


class Objection(NamedTuple):
    """Why a payload is refused: dotted path with indexes, Kraken's code, and a sentence."""

    path: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Context:
    """What a check may use besides the object; of one judgement alone.

    `today` is the stand-in's own. `is_taken` tells whether a reference (namespace, value) belongs to another
    account that is in Kraken already.
    """

    today: date
    is_taken: Callable[[str, str], bool]
    names: set[str] = field(default_factory=set)
    """The names of all fields of the objects that were looked at so far."""
    facts: dict[Callable[[Found, Context], Any], Any] = field(default_factory=dict)
    """What rules have found out about the whole payload, by what finds it out."""


class Breach(NamedTuple):
    """What a check has found. The path is relative to the object; an empty one is the object itself.

    `code` says which of the rule's codes it is, where the rule has several.
    """

    path: str
    message: str
    code: str = ""


Check: TypeAlias = Callable[[Found, Context], Iterable[Breach]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A stated rule. `on` is the kind of object that it looks at, `source` a short reference.

    Objects without the field `needs` cannot break it. Where it has `amid`, neither can those that have none
    of these fields, themselves or in objects below them.
    """

    on: str
    needs: str
    amid: frozenset[str]
    codes: tuple[str, ...]
    source: str
    says: str
    check: Check

    def objection(self, *, breach: Breach, path: str) -> Objection:
        """Return how a breach of an object at this path is told."""
        whole = f"{path}{breach.path}".rstrip(".") or "non_field_errors"
        (code,) = (breach.code,) if breach.code else self.codes
        return Objection(whole, code, breach.message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Undecided:
    """A stated rule that a stand-in cannot decide, and why."""

    source: str
    codes: tuple[str, ...]
    why: str


@dataclass(slots=True, kw_only=True)
class Rulebook:
    """The rules of one form, in the order in which they were declared; `source` begins each reference."""

    source: str
    rules: list[Rule] = field(default_factory=list)
    undecided: list[Undecided] = field(default_factory=list)

    def rule(
        self,
        *codes: str,
        on: str | tuple[str, ...],
        at: str = "",
        source: str = "",
        needs: str = "",
        amid: str = "",
    ) -> Callable[[Check], Check]:
        """Declare a check of these kinds, stated at their field `at`; its docstring says what it refuses.

        `amid` are the fields, with blanks between them, of which one must be there for the rule to be broken.
        """

        def declare(check: Check) -> Check:
            says = " ".join((check.__doc__ or "").split())
            for kind in (on,) if isinstance(on, str) else on:
                self.add(
                    *codes, on=kind, at=at, says=says, check=check, source=source, needs=needs, amid=amid
                )
            return check

        return declare

    def add(
        self,
        *codes: str,
        on: str,
        says: str,
        check: Check,
        at: str = "",
        source: str = "",
        needs: str = "",
        amid: str = "",
    ) -> None:
        """Declare a check without its own docstring. Rules stated at a single field need it."""
        place = source or f"{self.source} {on}.{at}".rstrip(".")
        needs = needs or (at if " " not in at else "")
        self.rules.append(
            Rule(
                on=on,
                needs=needs,
                amid=frozenset(amid.split()),
                codes=codes,
                source=place,
                says=says,
                check=check,
            )
        )

    def leave(self, *codes: str, at: str, why: str) -> None:
        """Name a stated rule that the stand-in does not decide."""
        self.undecided.append(Undecided(source=f"{self.source} {at}", codes=codes, why=why))
