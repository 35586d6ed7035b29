"""Erases one customer in the files that reports and lists were written to."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kraken_import.usecases.faults import BadRequest
from transforms.private import write_private

_WRITTEN: Final = frozenset({".csv", ".html", ".json", ".jsonl", ".log", ".md", ".txt"})
"""Endings of the files that the commands and the reports write, and of what they print into."""

_IDENTIFIERS: Final = frozenset({"external_identifier", "kraken_identifier", "what"})
"""Columns of lists of which each cell is one identifier."""

_EXAMPLES: Final = "examples"
"""The column with several of them."""

_PERSONAL: Final = frozenset(
    {"ours", "theirs", "cents", "reason", "note", "detail", "kraken_identifier", "what_was_said"}
)
"""Columns of lists that say something of the customer in their row."""

_FIGURES: Final = frozenset({"amount", "batch", "cents", "ours", "theirs", "wave"})
"""Fields of documents whose text may be a number that is no identifier."""

_COUNTED: Final = "customers|records|rows|files|runs|differences|findings|errors|creates|tries|cents"
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"(\s*:)?')
_TAG: Final = re.compile(r"(<[^>]*>)")


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasedFiles:
    """What was done in a folder: how many files changed, and which still name the customer, or seem to."""

    changed: int
    left: tuple[Path, ...]


def erase_in_files(*, folder: Path, names: Collection[str], token: str) -> ErasedFiles:
    """Replace what names a customer in all reports and lists below a folder. Returns what was done.

    In a row of a list that is the customer's, what is said of the customer is deleted too. A list of another
    origin, and a name of a file, stay as they are and are told. Raises `BadRequest` for a file that cannot be
    written; a repetition goes on where this ended.
    """
    customer = _Customer(names=tuple(names), word=_word(names=names), token=token)
    changed, left = 0, []
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        after = ""
        if path.suffix.lower() in _WRITTEN:
            try:
                before, after = customer.cleared(path=path)
                if after != before:
                    write_private(path=path, text=after)
                    changed += 1
            except (OSError, UnicodeDecodeError, csv.Error):
                raise BadRequest(
                    f"{path} could not be read and written again: make it a writable text file in UTF-8, or "
                    "delete it, and repeat the command."
                ) from None
        if customer.is_left(name=path.name, text=after):
            left.append(path)
    return ErasedFiles(changed=changed, left=tuple(left))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Customer:
    names: tuple[str, ...]
    word: re.Pattern[str]
    token: str

    def is_left(self, *, name: str, text: str) -> bool:
        """Return whether the name of a file, or what is in it now, names the customer or seems to."""
        # Of a number alone, amounts and dates would seem to be full.
        seeming = [each for each in self.names if not each.isdigit()]
        return (
            _seems(text=name, names=self.names)
            or _seems(text=text, names=seeming)
            or self.word.search(text) is not None
        )

    def cleared(self, *, path: Path) -> tuple[str, str]:
        """Return the text of a file as it is, with its line ends, and as it shall be."""
        raw = path.read_bytes()
        if not any(form.encode() in raw for name in self.names for form in _forms(name=name)):
            return "", ""
        text = raw.decode()
        match path.suffix.lower():
            case ".csv":
                return text, self._list(text=text)
            case ".html":
                return text, self._page(text=text)
            case ".json" | ".jsonl":
                return text, self._document(text=text)
        return text, self._prose(text=text)

    def _prose(self, *, text: str) -> str:
        return self.word.sub(self.token, text)

    def _list(self, *, text: str) -> str:
        header, *rows = csv.reader(io.StringIO(text))
        columns = [name.removeprefix("\ufeff").strip().lower() for name in header]
        if not {*_IDENTIFIERS, _EXAMPLES} & {*columns}:
            return text
        written = io.StringIO()
        writer = csv.writer(written, lineterminator="\r\n" if "\r\n" in text else "\n")
        writer.writerow(header)
        for row in rows:
            named = [*zip(columns, row, strict=False), *(("", cell) for cell in row[len(columns) :])]
            is_own = any(column in _IDENTIFIERS and self._is(cell=cell) for column, cell in named)
            writer.writerow(self._cell(column=column, cell=cell, is_own=is_own) for column, cell in named)
        return written.getvalue()

    def _is(self, *, cell: str) -> bool:
        # A spreadsheet's formula is defused by a sign before it.
        return cell.strip().removeprefix("'") in self.names

    def _cell(self, *, column: str, cell: str, is_own: bool) -> str:
        if column in _IDENTIFIERS and self._is(cell=cell):
            return "" if column in _PERSONAL else self.token
        if is_own and column in _PERSONAL:
            return ""
        if column in _IDENTIFIERS or not (column == _EXAMPLES or _says_something(text=cell)):
            return cell
        return self._prose(text=cell)

    def _page(self, *, text: str) -> str:
        parts = _TAG.split(text)
        for place in range(0, len(parts), 2):
            before = html.unescape(parts[place])
            if (place and parts[place - 1] == "<code>") or _says_something(text=before):
                after = self._prose(text=before)
                parts[place] = parts[place] if after == before else html.escape(after)
        # What the two cells after the identifier say of the customer.
        said = rf"(<td><code>{re.escape(self.token)}</code></td>)<td>[^<]*</td><td>[^<]*</td>"
        return re.sub(said, r"\1<td>erased</td><td>erased</td>", "".join(parts))

    def _document(self, *, text: str) -> str:
        """Return a document in which strings alone, and no numbers, have changed."""
        key = ""

        def replaced(found: re.Match[str]) -> str:
            nonlocal key
            written, colon = found[0].removesuffix(found[1] or ""), found[1] or ""
            try:
                before = json.loads(written, strict=False)
            except ValueError:
                return found[0]
            if colon:
                key = before
            elif key in _FIGURES and not _says_something(text=before):
                return found[0]
            after = self._prose(text=before)
            return found[0] if after == before else json.dumps(after, ensure_ascii=written.isascii()) + colon

        return _STRING.sub(replaced, text)


def _word(*, names: Collection[str]) -> re.Pattern[str]:
    """Return what matches an identifier in prose, where it is no part of another one, an amount or a date."""
    forms = {form for name in names for form in _forms(name=name)}
    each = "|".join(
        # A number before what is counted is no identifier.
        re.escape(form) + (rf"(?! (?:{_COUNTED})\b)" if form.isdigit() else "")
        for form in sorted(forms, key=len, reverse=True)
    )
    return re.compile(rf"(?<![^\W_])(?<![^\W_][-./,_])(?:{each})(?![-./,_]?[^\W_])")


def _seems(*, text: str, names: Collection[str]) -> bool:
    """Return whether a text has an identifier between signs that identifiers may have themselves."""
    return any(re.search(rf"(?<![^\W_]){re.escape(name)}(?![^\W_])", text) for name in names)


def _forms(*, name: str) -> set[str]:
    """Return an identifier as it is, and as pages and documents escape it."""
    escaped = html.escape(name)
    return {
        name,
        escaped,
        escaped.replace("&quot;", "&#34;").replace("&#x27;", "&#39;"),
        json.dumps(name)[1:-1],
        json.dumps(name, ensure_ascii=False)[1:-1],
    }


def _says_something(*, text: str) -> bool:
    """Return whether a text has words, so that it is neither an amount nor a count nor a number of a row."""
    return any(sign.isalpha() for sign in text)
