"""The mark of an import supplier: which form its payloads have."""

from __future__ import annotations

import pytest

from kraken_import.simulator.rules import FORMS
from kraken_import.simulator.suppliers import DEFAULTS, UnableToReadSupplier, read_suppliers, unknown_supplier
from tests.unit.simulator.examples import EXAMPLES


def test_the_suppliers_of_all_guides_are_known() -> None:
    resources = {
        name: FORMS[DEFAULTS[payload["import_supplier"]]].resource for name, payload in EXAMPLES.items()
    }

    assert resources == {name: form.resource for name, form in FORMS.items()}


def test_further_suppliers_are_read_with_commas_between_them() -> None:
    found = read_suppliers(" EDF _DEENERGISED=edf_accounts,A=B=plenitude_accounts, ")

    assert found == {"EDF _DEENERGISED": "edf_accounts", "A=B": "plenitude_accounts"}


@pytest.mark.parametrize("text", ["EDF", "EDF=", "=edf_accounts", "EDF=gas"])
def test_a_mark_that_is_none_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(UnableToReadSupplier, match=r"is not CODE=FORM with one of the forms edf_accounts, "):
        read_suppliers(text)


@pytest.mark.parametrize(
    ("payload", "code", "says"),
    [
        ({"import_supplier": "NOBODY"}, "invalid_choice", '"NOBODY" is not a valid choice.'),
        ({}, "required", "This field is required."),
    ],
)
def test_a_payload_of_an_unknown_supplier_is_refused_for_that(
    payload: dict[str, str], code: str, says: str
) -> None:
    assert unknown_supplier(payload=payload) == ("import_supplier", code, says)
