"""The contract between a dialect's SQL and its payload: frames, and their columns.

A frame is what one SQL file delivers for a whole batch: one row for each entity, in the order in which
the entities are to be sent. Its first columns are its key; the key of the parent frame is a prefix of it.
Every other column becomes a field of the payload, by its kind:

- text: stripped, in Unicode form NFC; blank means nothing.
- code: a code of the legacy system, mapped by the column's `codes`; an unknown one rejects the record.
- configured: the same with the map that the Connection gives for the column's `setting`. Without one the code
  is sent as it is, with a warning; a map from * to * says that this is meant.
- codes: several codes of the legacy system with commas between, sent as a list; each is mapped like one.
- texts: several texts, sent as a list: a text array, or a JSON array of texts.
- date: `YYYYMMDD` or `YYYY-MM-DD`; blank, zeros and the year 9999 mean nothing.
- timestamp: ISO 8601; without an offset it is local time of the dialect's zone, with a warning where clocks
  skip it or show it twice.
- money: a decimal text in the unit of account, with as many places as the column allows: more reject
  the record, and nothing is rounded. Never a float.
- decimal: a decimal text, sent digit for digit; as in money, a point without a digit before it gets a nought.
- integer: a whole number.
- document: JSON, sent as it is.
- unsent: what Kraken has no field for; a value is left out with a warning.

NULL means: leave the field out, unless the column says `sends_null`.

Several columns may fill one field, each in the rows that are its own: so a field has another kind in each
member of a union. Two of them with a value in the same row reject the record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field, fields, replace
from typing import Final, Literal, TypeAlias, get_args

from transforms.answers import Answers
from transforms.models.base import Payload
from transforms.rules.engine import Circumstances, Rule
from transforms.wording import in_words

CodeValue: TypeAlias = str | bool | None

Kind: TypeAlias = Literal[
    "text",
    "code",
    "codes",
    "configured",
    "texts",
    "date",
    "timestamp",
    "money",
    "decimal",
    "integer",
    "document",
    "unsent",
]

Sign: TypeAlias = Literal["kept", "debit_positive", "by_type"]

_CODES: Final = ("code", "codes", "configured")
_COUNTS_FOR: Final[Mapping[str, tuple[Kind, ...]]] = {
    "codes": _CODES,
    "setting": _CODES,
    "sign": ("money",),
    "places": ("money",),
    "is_last_day": ("date",),
    "if_past": ("date",),
    "decimals": ("decimal",),
}
"""Options of a column that no other kind uses: elsewhere they would be silently ignored."""

ANY_CODE: Final = "*"
"""In a configured map, from this to this: codes without an entry are sent as they are."""

FLAG: Mapping[str, CodeValue] = {"X": True, "Y": True, "1": True, "": False, "N": False, "0": False}
"""Codes of a flag that is always sent: blank means no."""

OPTIONAL_FLAG: Mapping[str, CodeValue] = {"X": True, "Y": True, "1": True, "N": False, "0": False}
"""Codes of a flag that is sent only when it is set either way: blank is unknown."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column that becomes a field. `meaning` is for the author of the SQL.

    Name, kind and meaning may be given by their places: a frame is read as a table of them.
    """

    name: str
    kind: Kind
    meaning: str
    _: KW_ONLY
    field: str = ""
    """Place in the payload object of the frame's row, dotted where nested; the column's own name if empty."""
    required: bool = False
    """Whether a blank one rejects the record: a source states it, or it tells records apart."""
    expected: bool = False
    """Whether a blank one is sent without the field and warns: the source shows the field and is silent."""
    codes: Mapping[str, CodeValue] | None = None
    """Legacy code to payload value, for kinds code and codes. The empty code stands for blank."""
    setting: str = ""
    """For kind configured: what each client names otherwise, for example tariff_codes. For kind codes the map
    of the Connection takes the place of `codes`."""
    keep_blank: bool = False
    """Send a blank value as "" instead of leaving the field out."""
    sign: Sign = "kept"
    """For money: debit_positive amounts are negated, since Kraken counts credits as positive; by_type is for
    the `amount` of a booking, debits positive: its `type` tells the sign (`transforms/bookings.py`)."""
    places: int = 10
    """For money: the most digits after the point."""
    fits: Mapping[str, frozenset[str]] | None = None
    """For a field of a booking: what each type may have there. Where a reversal changes the type, another
    value is left out."""
    is_last_day: bool = False
    """For kind date: the last day that counts, where Kraken wants the first day after it."""
    decimals: str = ""
    """For kind decimal: a second column that holds the digits after the point."""
    if_past: str = ""
    """For kind date: leave out a past day, and explain the consequence in this sentence."""
    sends_null: bool = False
    """Send null where the column is empty, in place of leaving the field out."""

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(
                f"Column {self.name} has the kind {self.kind!r}: there are {', '.join(get_args(Kind))}."
            )
        if self.sends_null and self.required:
            raise ValueError(f"Column {self.name} cannot be required and null: choose one.")
        if self.sign not in get_args(Sign):
            raise ValueError(
                f"Column {self.name} has the sign {self.sign!r}: there are {', '.join(get_args(Sign))}."
            )
        if self.places < 0:
            raise ValueError(
                f"Column {self.name} has {self.places} places: say how many digits may stand after the point."
            )
        self._check_options()

    def _check_options(self) -> None:
        for option in fields(self):
            kinds = _COUNTS_FOR.get(option.name)
            if kinds and self.kind not in kinds and getattr(self, option.name) != option.default:
                alone = f"kind {kinds[0]}" if len(kinds) == 1 else f"kinds {in_words(names=kinds)}"
                raise ValueError(
                    f"Column {self.name} of kind {self.kind} has {option.name}, "
                    f"which counts for {alone} alone."
                )

    @property
    def place(self) -> tuple[str, ...]:
        """The field as a path."""
        return tuple((self.field or self.name).split("."))


def columns(
    *,
    kind: Kind,
    meanings: Mapping[str, str],
    inside: str = "",
    required: bool = False,
    expected: bool = False,
    codes: Mapping[str, CodeValue] | None = None,
    keep_blank: bool = False,
    sign: Sign = "kept",
    setting: str = "",
) -> tuple[Column, ...]:
    """Columns of one kind by name and meaning; `inside` names the object that holds their fields."""
    return tuple(
        Column(
            name=name,
            kind=kind,
            meaning=meaning,
            field=f"{inside}.{name}" if inside else name,
            required=required,
            expected=expected,
            codes=codes,
            keep_blank=keep_blank,
            sign=sign,
            setting=setting,
        )
        for name, meaning in meanings.items()
    )


def expecting(*given: Column) -> tuple[Column, ...]:
    """Return the same columns for a source that does not say which are required: a blank one warns."""
    return tuple(
        replace(column, required=False, expected=True) if column.required else column for column in given
    )


@dataclass(frozen=True, slots=True)
class Frame:
    """What one SQL file delivers. `target` is the field of the parent that lists the rows."""

    name: str
    _: KW_ONLY
    key: tuple[str, ...]
    columns: tuple[Column, ...] = field(default=(), repr=False)
    parent: str = ""
    target: str = ""
    required: bool = False
    """Whether each row of the parent needs at least one row here; it rejects the record."""
    expected: bool = False
    """The same, and a parent without one is sent with a warning: the source does not say that it must."""
    send_empty: bool = False
    """Send [] for a parent without rows instead of leaving the field out."""
    unless: Mapping[str, tuple[CodeValue, ...]] = field(default_factory=dict, repr=False)
    """With `required`: fields of the parent, and those of their values that do away with that need."""

    def __post_init__(self) -> None:
        if self.parent and not self.target:
            raise ValueError(f"Frame {self.name} must say by `target` which field of {self.parent} lists it.")
        places = {column.place for column in self.columns}
        for place in places:
            if inside := next((place[:end] for end in range(1, len(place)) if place[:end] in places), None):
                raise ValueError(
                    f"Frame {self.name} fills {'.'.join(inside)} as a whole, and {'.'.join(place)} inside: "
                    "choose one."
                )

    def having(self, *columns: Column) -> Frame:
        """Return the same frame with these columns."""
        return replace(self, columns=columns)

    @property
    def column_names(self) -> tuple[str, ...]:
        """Every column that the SQL must deliver, the key first."""
        names = dict.fromkeys(self.key)
        for column in self.columns:
            names[column.name] = None
            if column.decimals:
                names[column.decimals] = None
        return tuple(names)


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneySource:
    """Where payloads hold a balance that reconciliation sums: `field` of the document, or of a list in it."""

    currency: str
    field: str
    inside: str = ""
    """The list of the document whose objects have it; empty for the document itself."""
    ledger: str = ""
    """The name of the sum."""
    ledger_field: str = ""
    """Instead of `ledger`: the field of the object that names it."""

    @property
    def place(self) -> str:
        """The generic path of the balance."""
        return f"{self.inside}.{self.field}" if self.inside else self.field


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Codes that the dialect's sources state, and that no rule checks."""

    only_kraken: frozenset[str] = frozenset()
    """What needs Kraken's own data: its products, teams, other accounts."""
    not_filled: frozenset[str] = frozenset()
    """About fields that no frame fills."""
    missing: frozenset[str] = frozenset()
    """What a rule could check, and none does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One dialect of the data-import API: its resource, its frames (parents first) and its model."""

    name: str
    title: str
    resource: Literal["accounts", "supply-points"]
    market: str
    """Two-letter country code."""
    zone: str
    """Time zone of legacy times without an offset."""
    identifier_path: tuple[str, ...]
    """Where the payload holds the external identifier."""
    default_import_supplier: str
    """The guide's, for previews and the local stack; a wave takes the one of its Connection or form."""
    frames: tuple[Frame, ...] = field(repr=False)
    model: type[Payload]
    rules: Callable[[Circumstances], tuple[Rule, ...]]
    """Checks of the payloads before Kraken is asked."""
    answers: Answers = field(default_factory=Answers, repr=False)
    """How what its Kraken refuses without a code is called here."""
    default_values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Where the Connection has none: legacy code to value by setting, for columns of kind configured."""
    coverage: Coverage | None = None
    """Stated rules that are not checked; None where the sources publish no codes."""
    money: tuple[MoneySource, ...] = ()
    """Balances to reconcile with those of `sql/reconcile/<dialect>/balances.sql`; empty without money.

    The gate shows people the first one.
    """
    parent: str = ""
    """The dialect that this one extends, whose SQL counts where it has none of its own."""

    def __post_init__(self) -> None:
        known: dict[str, Frame] = {}
        for frame in self.frames:
            parent = known.get(frame.parent)
            if known and parent is None:
                raise ValueError(
                    f"Frame {frame.name} of {self.name} has the parent {frame.parent!r}: name one of the "
                    f"frames before it, {', '.join(known)}."
                )
            if parent is not None and frame.key[: len(parent.key)] != parent.key:
                raise ValueError(
                    f"The key of frame {frame.name} of {self.name} must begin with that of {parent.name}: "
                    f"{', '.join(parent.key)}."
                )
            if parent is not None:
                _check_apart(parent=parent, child=frame)
            known[frame.name] = frame

    @property
    def settings(self) -> frozenset[str]:
        """The settings for which a Connection may configure a client's own words."""
        return frozenset(
            column.setting for frame in self.frames for column in frame.columns if column.setting
        )

    @property
    def root(self) -> Frame:
        """The frame with one row for each customer."""
        return self.frames[0]


def _check_apart(*, parent: Frame, child: Frame) -> None:
    """Refuse a column of the parent for a field that the rows of the child fill."""
    target = tuple(child.target.split("."))
    for column in parent.columns:
        place = column.place
        if place == target[: len(place)]:
            raise ValueError(
                f"Column {column.name} of frame {parent.name} fills {'.'.join(place)}, "
                f"where the rows of frame {child.name} go: choose one."
            )
        if place[: len(target)] == target:
            raise ValueError(
                f"Column {column.name} of frame {parent.name} fills {'.'.join(place)}, "
                f"which belongs to the rows of frame {child.name}: make it a column of that frame, "
                f"and its field {'.'.join(place[len(target) :])}."
            )
