"""Runs rules over a batch of payloads.

The objects at a path are collected once for the whole batch, level by level, and where each of them stands is
worked out only when something is wrong with it. A value that many payloads share is tested once.
"""

from __future__ import annotations

import traceback
from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import chain, repeat
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from transforms.findings import Finding, Severity

Document: TypeAlias = Mapping[str, Any]
Prepare: TypeAlias = Callable[[Document], Any]

_TO_SORT_OUT: Final = frozenset({list, type(None)})
"""The types of children that are not nodes themselves."""
_ROOT: Final = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What rules are made for, besides the payload itself."""

    today: date
    region: str
    """Two-letter country code: of phone numbers without a prefix, and of addresses."""
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Words that the client configured: legacy code to Kraken's, by setting."""

    def named(self, setting: str) -> tuple[str, ...]:
        """The client's own words of a setting."""
        return tuple(self.values.get(setting, {}).values())


class Fault(NamedTuple):
    """What an object rule finds: the place below the object, with indexes, and what the explanation lacks."""

    field: str = ""
    detail: str = ""


@dataclass(slots=True, kw_only=True)
class _Level:
    """Everything at one path: nodes, and the index of each one's parent in the level above, in its order."""

    nodes: list[Any]
    parents: Sequence[int]
    above: _Level | None = None
    name: str = ""
    _owners: Sequence[int] | None = None

    @property
    def owners(self) -> Sequence[int]:
        """The numbers of the payloads that the nodes belong to."""
        if self._owners is None:
            above = self.above
            self._owners = (
                self.parents if above is None else list(map(above.owners.__getitem__, self.parents))
            )
        return self._owners

    def below(self, *, name: str) -> _Level:
        above = self.nodes
        try:
            having = [index for index, node in enumerate(above) if name in node]
            children = [above[index][name] for index in having]
        except TypeError:
            having = [index for index, node in enumerate(above) if isinstance(node, dict) and name in node]
            children = [above[index][name] for index in having]
        kinds = set(map(type, children))
        if not kinds & _TO_SORT_OUT:
            return _Level(nodes=children, parents=having, above=self, name=name)
        lists = children if kinds == {list} else list(map(_as_list, children))
        return _Level(
            nodes=list(chain.from_iterable(lists)),
            parents=list(chain.from_iterable(map(repeat, having, map(len, lists)))),
            above=self,
            name=name,
        )

    def whose(self, *, index: int) -> tuple[int, str]:
        """The number of the payload that a node belongs to, and the node's path with indexes."""
        parts: list[str] = []
        level = self
        while level.above is not None:
            parent = level.parents[index]
            if isinstance(level.above.nodes[parent][level.name], list):
                # The nodes of a list follow each other.
                parts.append(str(index - bisect_left(level.parents, parent)))
            parts.append(level.name)
            index, level = parent, level.above
        return index, ".".join(reversed(parts))


@dataclass(slots=True)
class Batch:
    """Payloads, and the levels that were asked for."""

    documents: Sequence[Document]
    left_out: set[int] = field(default_factory=set)
    """The numbers of payloads that are compared with no other."""
    _levels: dict[str, _Level] = field(default_factory=dict)
    _having: dict[str, frozenset[int]] = field(default_factory=dict)
    _owners: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    _prepared: dict[tuple[str, Prepare], list[Any]] = field(default_factory=dict)

    def prepared(self, *, path: str, prepare: Prepare) -> list[Any]:
        """Return each object at a path as prepared once for all rules that ask for it."""
        key = (path, prepare)
        if key not in self._prepared:
            self._prepared[key] = [prepare(node) for node in self.level(path=path).nodes]
        return self._prepared[key]

    def having(self, *, path: str) -> frozenset[int]:
        """The numbers of the objects, in their level, that have the field at this path."""
        if path not in self._having:
            above, _, name = path.rpartition(".")
            nodes = self.level(path=above).nodes
            self._having[path] = frozenset(
                index for index, node in enumerate(nodes) if name in node and node[name] is not None
            )
        return self._having[path]

    def owners(self, *, path: str, among: str) -> list[int]:
        """The numbers of the objects at `among` that have something at a path below them."""
        key = (path, among)
        if key not in self._owners:
            level, top = self.level(path=path), self.level(path=among)
            found: Iterable[int] = range(len(level.nodes))
            while level is not top and level.above is not None:
                found, level = set(map(level.parents.__getitem__, found)), level.above
            self._owners[key] = sorted(found)
        return self._owners[key]

    def level(self, *, path: str) -> _Level:
        """Return everything at a generic path; the empty path is the payloads themselves."""
        if path not in self._levels:
            if path:
                above, _, name = path.rpartition(".")
                self._levels[path] = self.level(path=above).below(name=name)
            else:
                self._levels[path] = _Level(nodes=list(self.documents), parents=range(len(self.documents)))
        return self._levels[path]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a rule is stated."""

    document: Literal["guide", "served"]
    """The dialect's guide, or the OpenAPI document that its Kraken serves."""
    place: str
    """The heading of the guide, or the schema and field of the document."""
    words: str
    """The few words that the rule rests on."""

    def __str__(self) -> str:
        return f"{self.document}: {self.place} ({self.words})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(ABC):
    """One thing that must hold. The explanation is one line that names no personal value."""

    code: str
    path: str
    """Generic path of the values that it checks."""
    explanation: str
    severity: Severity = "error"
    source: Source | None = None
    """Where it is stated; without one it is inferred, and a warning at most."""
    needs: tuple[str, ...] = ()
    """Fields below the path without which it cannot be decided: an object that lacks one passes."""

    @property
    @abstractmethod
    def paths(self) -> tuple[str, ...]:
        """The generic paths at which findings may be."""

    @abstractmethod
    def run(self, *, batch: Batch) -> Iterator[tuple[int, Finding]]:
        """Every finding, with the number of its payload."""

    def finding(self, *, path: str, detail: str = "") -> Finding:
        """What this rule says about a place."""
        text = f"{self.explanation} {detail}" if detail else self.explanation
        return Finding(code=self.code, path=path, detail=text, severity=self.severity)


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueRule(Rule):
    """About each value at a path by itself. An empty text counts as no value."""

    holds: Callable[[Any], bool]

    @property
    def paths(self) -> tuple[str, ...]:
        """The path itself."""
        return (self.path,)

    def run(self, *, batch: Batch) -> Iterator[tuple[int, Finding]]:
        """Test each distinct value once."""
        level = batch.level(path=self.path)
        wrong = {value for value in set(level.nodes) if value != "" and not self.holds(value)}
        if wrong:
            for index, value in enumerate(level.nodes):
                if value in wrong:
                    number, path = level.whose(index=index)
                    yield number, self.finding(path=path)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectRule(Rule):
    """About each object at a path as a whole: `faults` yields what is wrong inside it."""

    faults: Callable[[Any], Iterable[Fault]]
    prepare: Prepare | None = None
    """What `faults` is given instead of the object; rules with the same function share its result."""
    fields: tuple[str, ...] = ("",)
    """The generic places below the object that it may name; the empty one is the object."""
    where: str = ""
    """A generic path below `path`: an object that has nothing there passes."""

    @property
    def paths(self) -> tuple[str, ...]:
        """The path with each of the fields."""
        return tuple(_join(self.path, name) for name in self.fields)

    def run(self, *, batch: Batch) -> Iterator[tuple[int, Finding]]:
        """Look at each object."""
        level = batch.level(path=self.path)
        nodes, faults = level.nodes, self.faults
        if self.prepare is not None:
            nodes = batch.prepared(path=self.path, prepare=self.prepare)
        looked_at = self._looked_at(batch=batch)
        for index, node in zip(looked_at, map(nodes.__getitem__, looked_at), strict=True):
            for fault in faults(node):
                number, path = level.whose(index=index)
                yield number, self.finding(path=_join(path, fault.field), detail=fault.detail)

    def _looked_at(self, *, batch: Batch) -> Sequence[int]:
        """The numbers of the objects that have what the rule needs."""
        level = batch.level(path=self.path)
        found: Sequence[int] = range(len(level.nodes))
        if self.where:
            found = batch.owners(path=self.where, among=self.path)
        for name in self.needs:
            having = batch.having(path=_join(self.path, name))
            found = [index for index in found if index in having]
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class UniqueRule(Rule):
    """No two payloads of a wave may have the same value at a path. Those of a batch that do are all named.

    `values` is for the caller, to compare batches with each other.
    """

    fields: tuple[str, ...] = ()
    """Of objects, the fields that must not all be the same, letter for letter; empty for a path of texts."""
    unless: tuple[str, ...] = ()
    """Generic paths of fields around a value: where one of them is set, the value does not take part."""

    @property
    def paths(self) -> tuple[str, ...]:
        """The path itself."""
        return (self.path,)

    def run(self, *, batch: Batch) -> Iterator[tuple[int, Finding]]:
        """Find the payloads of this batch that share a value with another."""
        level = batch.level(path=self.path)
        owners: dict[str, int] = {}
        shared = set()
        for number, value in self.values(batch=batch):
            if owners.setdefault(value, number) != number:
                shared.add(value)
        if shared:
            excepted = self._excepted(batch=batch)
            for index, node in enumerate(level.nodes):
                if index not in excepted and self._value(node) in shared:
                    number, path = level.whose(index=index)
                    if number not in batch.left_out:
                        yield number, self.finding(path=path)

    def values(self, *, batch: Batch) -> Iterator[tuple[int, str]]:
        """(payload number, folded value) of everything that must be unique."""
        excepted = self._excepted(batch=batch)
        values = batch.prepared(path=self.path, prepare=self._value)
        owners = batch.level(path=self.path).owners
        for index, (number, value) in enumerate(zip(owners, values, strict=True)):
            if value and index not in excepted and number not in batch.left_out:
                yield number, value

    def _value(self, node: Any) -> str:
        """Return the value to compare; empty for none."""
        if not self.fields:
            return str(node.casefold())
        parts = [node.get(name) for name in self.fields]
        return "\x1f".join(parts) if all(parts) else ""

    def _excepted(self, *, batch: Batch) -> set[int]:
        """The numbers of the values that do not take part."""
        found: set[int] = set()
        for path in self.unless:
            ended = batch.level(path=path)
            holders = {holder for holder, node in zip(ended.parents, ended.nodes, strict=True) if node}
            if not holders:
                continue
            level = batch.level(path=self.path)
            above = list(range(len(level.nodes)))
            while level is not ended.above and level.above is not None:
                above, level = [level.parents[index] for index in above], level.above
            found.update(number for number, holder in enumerate(above) if holder in holders)
        return found


def object_rule(
    code: str,
    explanation: str,
    *,
    path: str = "",
    fields: tuple[str, ...] = ("",),
    needs: tuple[str, ...] = (),
) -> Callable[[Callable[[Any], Iterable[Fault]]], ObjectRule]:
    """Make a rule of what yields the faults of an object."""

    def rule(faults: Callable[[Any], Iterable[Fault]]) -> ObjectRule:
        return ObjectRule(
            code=code, path=path, explanation=explanation, faults=faults, fields=fields, needs=needs
        )

    return rule


def stated(document: Literal["guide", "served"], place: str, words: str, *rules: Rule) -> tuple[Rule, ...]:
    """Rules that a source states, at this place and in these words."""
    source = Source(document=document, place=place, words=words)
    return tuple(replace(rule, source=source) for rule in rules)


def served(place: str, *rules: Rule) -> tuple[Rule, ...]:
    """Rules that the served document states at a place, each under its own code."""
    return tuple(rule for each in rules for rule in stated("served", place, each.code, each))


def inferred(*rules: Rule) -> tuple[Rule, ...]:
    """Rules that no source states: they warn."""
    return tuple(replace(rule, severity="warning") for rule in rules)


class RuleBroken(Exception):
    """A rule crashes on a payload that its model lets pass. One sentence, without any value."""


def run_rules(*, rules: Iterable[Rule], batch: Batch) -> dict[int, list[Finding]]:
    """Everything that the rules find, by payload number. A payload without findings is not in it.

    Raises `RuleBroken`.
    """
    found: dict[int, list[Finding]] = {}
    for rule in rules:
        try:
            for number, finding in rule.run(batch=batch):
                found.setdefault(number, []).append(finding)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            # The error's own words may quote a value.
            raise RuleBroken(_broken(rule=rule, error=error)) from None
    return found


def _broken(*, rule: Rule, error: Exception) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1]
    file = Path(last.filename)
    shown = file.relative_to(_ROOT) if file.is_relative_to(_ROOT) else file.name
    return (
        f"Rule {rule.code} about {rule.path or 'the whole record'} crashes with {type(error).__name__} in "
        f"{shown}, line {last.lineno}: mend it there, so that it takes a payload without optional fields."
    )


def _as_list(child: Any) -> list[Any]:
    if isinstance(child, list):
        return child
    return [] if child is None else [child]


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path and name else path or name
