"""The rules as a page: what the README shows and `python -m kraken_import.simulator --rules` prints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kraken_import.simulator.rules import FORMS
from kraken_import.simulator.rules.declared import Rule, Undecided

_TITLES = {
    "edf_accounts": "EDF GB, accounts",
    "essential_supply_points_cdns": "Essential, supply points with notifications or with accounts",
    "national_grid_accounts": "National Grid US, accounts",
    "plenitude_accounts": "Plenitude PT, accounts",
}


def rules_page() -> str:
    """Return the tables of all forms in Markdown, made from the declared rules."""
    return "\n".join(_lines()).rstrip() + "\n"


def _lines() -> Iterator[str]:
    for name, title in _TITLES.items():
        form = FORMS[name]
        yield from (f"### {title}", "", f"Fields, their types, lengths and lists: {form.fields_source}.", "")
        yield from ("| code | refused | source |", "| --- | --- | --- |")
        yield from _rows(form.book.rules)
        yield ""
        if form.book.undecided:
            yield from ("What is stated there and cannot be decided here:", "")
            yield from _reasons(form.book.undecided)
            yield ""


def _rows(rules: Iterable[Rule]) -> Iterator[str]:
    """Yield a row for each rule; a rule declared for several kinds of object in the same words is one row."""
    places: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for rule in rules:
        places.setdefault((rule.codes, rule.says), []).append(rule.source)
    for (codes, says), sources in places.items():
        first, *others = dict.fromkeys(sources)
        place = ", ".join((first, *(other.removeprefix("served: ") for other in others)))
        yield f"| {', '.join(f'`{code}`' for code in codes)} | {says} | {place} |"


def _reasons(undecided: Iterable[Undecided]) -> Iterator[str]:
    reasons: dict[str, list[str]] = {}
    for each in undecided:
        codes = ", ".join(f"`{code}`" for code in each.codes)
        place = each.source.removeprefix("served: ")
        reasons.setdefault(each.why, []).append(f"{codes} ({place})" if codes else place)
    for why, rules in reasons.items():
        yield f"- {why}: {'; '.join(rules)}"
