"""The form of payloads: which fields an object has, of which type, and which of them are required.

Fields are written as text, a kind of object at the margin and its fields below it:

    Meter
      text/32 : serial_number! note        a text of at most 32 characters; the first one is required
      day? : removed_on                    may be null
      =Reading : transfer_reading          an object
      *Reading : readings                  a list of them; + instead of * for one that is not empty
      one(ON OFF '') : status              a closed list, where '' is the blank; `one NAME` for a named list
    NAME = A B C                           which is written so

A line that is indented more than two blanks goes on with the one before. Names that a shape does not know are
passed over, as Kraken does. Codes of a wrong form are those of Django REST framework, on which Kraken builds.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import time
from typing import Any, Final, NamedTuple, TypeAlias

from kraken_import.simulator.rules.declared import Check as RuleCheck
from kraken_import.simulator.rules.declared import Context, Found, Objection, Rule
from kraken_import.simulator.rules.values import as_day, as_moment, is_email, is_known_day

Wrong: TypeAlias = tuple[str, str]
"""Code and sentence."""

_SPEC: Final = re.compile(
    r"(?P<many>[*+=]?)(?P<kind>\w+)"
    r"(?:\((?P<options>[^)]*)\)| (?P<list>[A-Z_0-9]+)|/(?P<size>[\d.\-]+))?(?P<null>\??)"
)


class Check(NamedTuple):
    """What a value may be. `wrong` says what is wrong with one, if anything is.

    `usual` has for a type the question whose yes means that a value of this type is right, which is asked
    first because it is quick; None where all of that type are right.
    """

    wrong: Callable[[Any], Wrong | None]
    usual: Mapping[type, Callable[[Any], object] | None]


class _Plan(NamedTuple):
    """What is still to be asked about objects that have the same names, with values of the same types."""

    checks: tuple[tuple[str, Callable[[Any], object], Callable[[Any], Wrong | None]], ...]
    children: tuple[tuple[str, Field], ...]
    rules: tuple[tuple[RuleCheck, int], ...]
    """Each with the marks of the names that it is amid."""
    marks: int


_Signature: TypeAlias = tuple[tuple[str, ...], tuple[type, ...]]
_MOST_PLANS: Final = 5_000
"""Of one kind of object. Accounts have some thousands of combinations of fields."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """What a field may contain: a value that passes `check`, or an object of the kind `child`."""

    check: Check | None
    child: str
    is_list: bool
    is_filled: bool
    is_nullable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One kind of object."""

    fields: Mapping[str, Field]
    required: frozenset[str]
    values: dict[str, Callable[[Any], Wrong | None]] = field(init=False)
    """The checks of the fields that hold one value."""

    def __post_init__(self) -> None:
        """Find the fields that hold one value."""
        checks = {
            name: each.check.wrong
            for name, each in self.fields.items()
            if each.check is not None and not each.is_list
        }
        object.__setattr__(self, "values", checks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A kind of object that another field of it chooses."""

    by: str
    kinds: Mapping[str, str]


@dataclass(slots=True, kw_only=True)
class Shapes:
    """All kinds of object of a form, and the rules on each.

    With `is_null_absent` a field that may be left out may also be null, for forms whose source is silent.
    """

    shapes: Mapping[str, Shape]
    choices: Mapping[str, Choice] = field(default_factory=dict)
    rules: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)
    is_null_absent: bool = False

    _plans: defaultdict[str, dict[_Signature, _Plan | None]] = field(
        init=False, default_factory=lambda: defaultdict(dict)
    )
    """By kind. None is a signature with which no object is right."""
    _marks: dict[str, int] = field(init=False)
    """A bit for each name that decides whether some rule has to be asked."""

    def __post_init__(self) -> None:
        """Give a bit to each name that rules are `amid`."""
        names = sorted({name for rules in self.rules.values() for rule in rules for name in rule.amid})
        self._marks = {name: 1 << place for place, name in enumerate(names)}

    def objections(self, *, payload: Mapping[str, Any], kind: str, context: Context) -> list[Objection]:
        """Everything that a payload of this kind is refused for."""
        # Most payloads are right, which is found out sooner than what is wrong, and where.
        if self._right(payload, kind, context) is not None:
            return []
        return self.listed(payload=payload, kind=kind, context=context)

    def listed(self, *, payload: Mapping[str, Any], kind: str, context: Context) -> list[Objection]:
        """The same, found out at length."""
        found: list[Objection] = []
        self._object(payload, kind, "", context, found)
        return found

    def _right(self, holder: Any, kind: str, context: Context) -> int | None:
        """Return the marks of the names in an object and below it; None unless it is right as it is."""
        if type(holder) is not dict:
            return None
        choice = self.choices.get(kind)
        if choice is not None:
            chosen = holder.get(choice.by)
            if type(chosen) is not str or chosen not in choice.kinds:
                return None
            kind = choice.kinds[chosen]
        plans = self._plans[kind]
        signature = tuple(holder), tuple(map(type, holder.values()))
        try:
            plan = plans[signature]
        except KeyError:
            if len(plans) >= _MOST_PLANS:
                plans.clear()
            plan = plans[signature] = self._planned(holder, kind)
        if plan is None:
            return None
        for name, is_usual, check in plan.checks:
            value = holder[name]
            if not is_usual(value) and check(value) is not None:
                return None
        marks = plan.marks
        for name, each in plan.children:
            value = holder[name]
            if each.check is not None:
                if (not value and each.is_filled) or any(
                    each.check.wrong(item) is not None for item in value
                ):
                    return None
                continue
            if not each.is_list:
                value = (value,)
            elif not value and each.is_filled:
                return None
            for item in value:
                below = self._right(item, each.child, context)
                if below is None:
                    return None
                marks |= below
        for asks, amid in plan.rules:
            if not amid or amid & marks:
                for _ in asks(holder, context):
                    return None
        return marks

    def _planned(self, holder: Found, kind: str) -> _Plan | None:
        """What is to be asked about objects with the names of this one and values of the same types."""
        shape = self.shapes[kind]
        if not shape.required <= holder.keys():
            return None
        checks: list[tuple[str, Callable[[Any], object], Callable[[Any], Wrong | None]]] = []
        children: list[tuple[str, Field]] = []
        for name, value in holder.items():
            each = shape.fields.get(name)
            if each is None:
                continue
            if value is None:
                if not each.is_nullable and (name in shape.required or not self.is_null_absent):
                    return None
            elif each.is_list or each.check is None:
                if type(value) is not (list if each.is_list else dict):
                    return None
                children.append((name, each))
            else:
                is_usual = each.check.usual.get(type(value), _never)
                if is_usual is not None:
                    checks.append((name, is_usual, each.check.wrong))
        asked = (rule for rule in self.rules.get(kind, ()) if not rule.needs or rule.needs in holder)
        return _Plan(
            checks=tuple(checks),
            children=tuple(children),
            rules=tuple((rule.check, self._marks_of(rule.amid)) for rule in asked),
            marks=self._marks_of(holder),
        )

    def _marks_of(self, names: Iterable[str]) -> int:
        return sum(self._marks.get(name, 0) for name in names)

    def _object(self, holder: Any, kind: str, path: str, context: Context, found: list[Objection]) -> None:
        if type(holder) is not dict:
            found.append(Objection(path[:-1], "invalid", "Invalid data. Expected a dictionary."))
            return
        before = len(found)
        choice = self.choices.get(kind)
        if choice is not None:
            chosen = holder.get(choice.by)
            if not isinstance(chosen, str) or chosen not in choice.kinds:
                found.append(_unknown_choice(f"{path}{choice.by}", chosen))
                return
            kind = choice.kinds[chosen]
        shape = self.shapes[kind]
        context.names.update(holder)
        if not shape.required <= holder.keys():
            found += [
                Objection(path + name, "required", "This field is required.")
                for name in shape.fields
                if name in shape.required and name not in holder
            ]
        fields, values = shape.fields, shape.values
        for name, value in holder.items():
            check = values.get(name)
            if check is not None and value is not None:
                if (wrong := check(value)) is not None:
                    found.append(Objection(path + name, *wrong))
                continue
            each = fields.get(name)
            if each is None:
                continue
            if value is None:
                if not each.is_nullable and (name in shape.required or not self.is_null_absent):
                    found.append(Objection(path + name, "null", "This field may not be null."))
            elif each.is_list:
                self._list(value, each, path + name, context, found)
            else:
                self._object(value, each.child, f"{path}{name}.", context, found)
        # Content is looked at only where the form is right, so that one fault is one objection.
        if len(found) == before:
            self._content(holder, kind, path, context, found)

    def _content(self, holder: Found, kind: str, path: str, context: Context, found: list[Objection]) -> None:
        for rule in self.rules.get(kind, ()):
            if rule.needs and rule.needs not in holder:
                continue
            if rule.amid and rule.amid.isdisjoint(context.names):
                continue
            for breach in rule.check(holder, context):
                objection = rule.objection(breach=breach, path=path)
                found.append(objection)

    def _list(self, value: Any, each: Field, path: str, context: Context, found: list[Objection]) -> None:
        if type(value) is not list:
            found.append(Objection(path, "not_a_list", "Expected a list of items."))
        elif each.is_filled and not value:
            found.append(Objection(path, "empty", "This list may not be empty."))
        elif each.check is None:
            for index, item in enumerate(value):
                self._object(item, each.child, f"{path}.{index}.", context, found)
        else:
            for index, item in enumerate(value):
                if (wrong := each.check.wrong(item)) is not None:
                    found.append(Objection(f"{path}.{index}", *wrong))


def read_shapes(*texts: str) -> dict[str, Shape]:
    """The kinds of object that the texts describe."""
    lines = [line for text in texts for line in _joined(text)]
    lists = dict(_named_list(line) for line in lines if " = " in line)
    shapes: dict[str, Shape] = {}
    kind, fields, required = "", {}, []
    for line in lines:
        if " = " in line:
            continue
        if line.startswith(" "):
            spec, _, names = line.strip().rpartition(" : ")
            for name in names.split():
                fields[name.rstrip("!")] = _field(spec, lists)
                required += [name.rstrip("!")] if name.endswith("!") else []
        else:
            kind, fields, required = line, {}, []
        shapes[kind] = Shape(fields=fields, required=frozenset(required))
    return shapes


def _joined(text: str) -> Iterator[str]:
    logical = ""
    for line in text.strip("\n").split("\n"):
        if line.startswith("   "):
            logical += f" {line.strip()}"
        else:
            if logical:
                yield logical
            logical = line.rstrip()
    yield logical


def _named_list(line: str) -> tuple[str, frozenset[str]]:
    name, _, words = line.partition(" = ")
    return name, _options(words)


def _options(words: str) -> frozenset[str]:
    return frozenset("" if word == "''" else word for word in words.split())


def _field(spec: str, lists: Mapping[str, frozenset[str]]) -> Field:
    parts = _SPEC.fullmatch(spec)
    assert parts is not None, spec
    many, kind, size = parts["many"], parts["kind"], parts["size"] or ""
    is_value = kind in _CHECKS or kind == "one"
    check = None
    if kind == "one":
        check = _one_of(lists[parts["list"]] if parts["list"] else _options(parts["options"]))
    elif is_value:
        check = _CHECKS[kind](size)
    return Field(
        check=check,
        child="" if is_value else kind,
        is_list=many in ("*", "+") and bool(many),
        is_filled=many == "+",
        is_nullable=bool(parts["null"]),
    )


def _unknown_choice(path: str, value: Any) -> Objection:
    if value is None:
        return Objection(path, "required", "This field is required.")
    return Objection(path, "invalid_choice", f'"{value}" is not a valid choice.')


def _never(_: Any) -> bool:
    return False


def _one_of(options: frozenset[str]) -> Check:
    def check(value: Any) -> Wrong | None:
        if type(value) is str and value in options:
            return None
        return "invalid_choice", f'"{value}" is not a valid choice.'

    return Check(check, {str: options.__contains__})


def _text(size: str) -> Check:
    """Read a string. A number is not one, because it has lost its leading zeros."""
    least, _, most = size.rpartition("-")
    shortest, longest = int(least or 0), int(most or sys.maxsize)

    def check(value: Any) -> Wrong | None:
        if type(value) is not str:
            return "invalid", "Not a valid string."
        if len(value) > longest:
            return "max_length", f"Ensure this field has no more than {longest} characters."
        if len(value) < shortest:
            return "invalid", f"Ensure this field has at least {shortest} characters."
        return None

    return Check(check, {str: (lambda value: shortest <= len(value) <= longest) if size else None})


def _email(size: str) -> Check:
    is_text = _text(size).wrong

    def check(value: Any) -> Wrong | None:
        wrong = is_text(value)
        if wrong is None and value and not is_email(value=value):
            return "invalid", "Enter a valid email address."
        return wrong

    return Check(check, {})


def _integer(size: str) -> Check:
    least, _, most = size.partition("..")

    def check(value: Any) -> Wrong | None:
        if type(value) is not int:
            return "invalid", "A valid integer is required."
        if least and value < int(least):
            return "invalid", f"Ensure this value is greater than or equal to {least}."
        if most and value > int(most):
            return "invalid", f"Ensure this value is less than or equal to {most}."
        return None

    return Check(check, {} if size else {int: None})


def _decimal(size: str) -> Check:
    """A decimal number as a string."""
    before, _, after = (size or "30.30").partition(".")
    pattern = re.compile(rf"-?(?=\.?\d)\d{{0,{before}}}(?:\.\d{{0,{after}}})?", re.ASCII)

    def check(value: Any) -> Wrong | None:
        if type(value) is str and pattern.fullmatch(value):
            return None
        return "invalid", "A valid number is required."

    return Check(check, {str: pattern.fullmatch})


def _plain(kinds: tuple[type, ...], says: str) -> Callable[[str], Check]:
    def check(value: Any) -> Wrong | None:
        return None if not kinds or type(value) in kinds else ("invalid", says)

    return lambda _: Check(check, dict.fromkeys(kinds or _JSON))


def _read(
    read: Callable[[Any], Any], says: str, is_usual: Callable[[Any], object] | None = None
) -> Callable[[str], Check]:
    def check(value: Any) -> Wrong | None:
        return None if read(value) is not None else ("invalid", says)

    return lambda _: Check(check, {str: is_usual} if is_usual else {})


def _as_time(value: Any) -> time | None:
    try:
        return time.fromisoformat(value)
    except (TypeError, ValueError):
        return None


_JSON: Final = (str, int, float, bool, dict, list)
_CHECKS: Final[Mapping[str, Callable[[str], Check]]] = {
    "text": _text,
    "email": _email,
    "int": _integer,
    "dec": _decimal,
    "number": _plain((int, float), "A valid number is required."),
    "flag": _plain((bool,), "Must be a valid boolean."),
    "object": _plain((dict,), "Invalid data. Expected a dictionary."),
    "any": _plain((), ""),
    "day": _read(as_day, "Date has wrong format. Use one of these: YYYY-MM-DD.", is_known_day),
    "moment": _read(as_moment, "Datetime has wrong format."),
    "time": _read(_as_time, "Time has wrong format."),
}
