"""Personal values that no generator invents, put into the legacy database to be looked for elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_WEIGHTS = (3, 5, 7, 13, 17, 19, 23, 29, 31, 37, 41, 43)


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """What one customer is given. The words of a name are of letters alone, as those of people are."""

    number: int

    @property
    def given(self) -> str:
        """The given name."""
        return f"Zyxquilla{self._letters}"

    @property
    def family(self) -> str:
        """The family name, of two."""
        return f"Quornwhistle{self._letters}-Vexley{self._letters}"

    @property
    def email(self) -> str:
        """An address for e-mails."""
        return f"zyxq.{self._letters}@quornwhistle.example.org"

    @property
    def mobile(self) -> str:
        """A mobile number, of a form that the numbering plan has."""
        return f"+447400123{self.number:03}"

    @property
    def street(self) -> str:
        """The first line of an address."""
        return f"{self.number} Wexquorn{self._letters} Mews"

    @property
    def mpan(self) -> str:
        """A meter point, with the digit that checks it."""
        core = f"1093{self.number:08}"
        rest = sum(int(digit) * weight for digit, weight in zip(core, _WEIGHTS, strict=True)) % 11 % 10
        return f"{core}{rest}"

    @property
    def iban(self) -> str:
        """An account at a bank."""
        return f"GB82WEST123456{self.number:08}"

    @property
    def born(self) -> str:
        """A day of birth that no one else has."""
        return f"1907{1 + self.number % 12:02}{1 + self.number % 28:02}"

    @property
    def echo(self) -> str:
        """What a Kraken may repeat of it: as it was sent, and as a person would write it."""
        spaced = " ".join(re.findall(".{1,4}", self.iban))
        mobile = f"{self.mobile[:3]} {self.mobile[3:7]} {self.mobile[7:]}"
        said = (self.given, self.family.upper(), self.email, self.mobile, mobile, self.street, self.mpan)
        apart = (self.family.split("-")[0], f"{self.mpan[:2]} {self.mpan[2:6]} {self.mpan[6:]}", spaced)
        born = f"{self.born[:4]}-{self.born[4:6]}-{self.born[6:]}"
        return ", ".join((*said, *apart, self.iban, born))

    def statements(self, *, account: str) -> Iterator[str]:
        """SQL that gives an account these values in every column that is about a person."""
        party = (
            "SELECT party_id FROM legacy.account_role JOIN legacy.account USING (account_id) "
            f"WHERE account_number = '{account}'"
        )
        own = f"(SELECT account_id FROM legacy.account WHERE account_number = '{account}')"
        yield (
            f"UPDATE legacy.party SET first_name = '{self.given}', last_name = '{self.family}', "
            f"salutation = 'Dear {self.given}', birth_date = '{self.born}' WHERE party_id IN ({party})"
        )
        yield (
            "UPDATE legacy.party_contact SET value = CASE WHEN kind IN ('EML', 'EM2') "
            f"THEN '{self.email}' ELSE '{self.mobile}' END WHERE party_id IN ({party})"
        )
        yield (
            f"UPDATE legacy.account SET billing_name = '{self.given} {self.family}', "
            f"billing_email = nullif('{self.email}', coalesce(billing_email, '{self.email}')) "
            f"WHERE account_number = '{account}'"
        )
        premises = f"SELECT premise_id FROM legacy.occupancy WHERE account_id = {own}"
        yield (
            f"UPDATE legacy.address SET line1 = '{self.street}' WHERE address_id IN ("
            f"SELECT billing_address_id FROM legacy.account WHERE account_number = '{account}' "
            f"UNION SELECT address_id FROM legacy.premise WHERE premise_id IN ({premises}))"
        )
        yield (
            f"UPDATE legacy.supply_point SET identifier = '{self.mpan}' WHERE supply_point_id = ("
            "SELECT min(supply_point_id) FROM legacy.supply_point "
            f"WHERE fuel = 'E' AND premise_id IN ({premises}))"
        )
        yield (
            "INSERT INTO legacy.note (note_id, account_id, written_at, body) VALUES "
            f"({990_000_000_000 + self.number}, {own}, timestamptz '2026-01-02 03:04+00', "
            f"'{self.given} pays from {self.iban} now')"
        )

    @property
    def _letters(self) -> str:
        return _LETTERS[self.number // 26] + _LETTERS[self.number % 26]


_TELLING = re.compile(
    # A day of birth stands by itself: identifiers of other things are of digits and letters at random.
    r"zyxq|quornwhistle|vexley|wexquorn|gb82 ?west|10 ?9300 ?0000|44 ?7400 ?123"
    r"|(?<![\w.])1907-?(?:0[1-9]|1[0-2])-?[0-3]\d(?!\w)",
    re.IGNORECASE,
)


def marks_in(*, text: str) -> set[str]:
    """The marks of any customer that stand in a text, with a little of what is around them."""
    return {text[max(0, found.start() - 60) : found.end() + 40] for found in _TELLING.finditer(text)}


def mark(*, accounts: Iterable[str], change: Callable[[str], object], first: int = 1) -> dict[str, Marked]:
    """Give each account values of its own, numbered from `first`, by running SQL. Returns them by account."""
    marked = {account: Marked(number=number) for number, account in enumerate(accounts, start=first)}
    for account, values in marked.items():
        for statement in values.statements(account=account):
            change(statement)
    return marked
