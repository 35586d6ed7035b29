"""What is invented in the sample of a customer, value by value."""

from __future__ import annotations

import pytest

from kraken_import.usecases import samples
from transforms.dialect import Column, Frame
from transforms.registry import get_dialect

FRAME = Frame(
    name="customers",
    key=("external_identifier",),
    columns=(
        Column(name="sort_code", kind="text", meaning="Of a bank."),
        Column(name="bank_account", kind="text", meaning="Of a bank."),
        Column(name="tax_number", kind="text", meaning="Of a person."),
        Column(name="born", kind="text", meaning="A day as a text."),
        Column(name="mobile", kind="text", meaning="A telephone."),
        Column(name="last", kind="text", meaning="A name.", field="family_name"),
        Column(name="title", kind="text", meaning="A word."),
    ),
)


@pytest.mark.parametrize(
    ("column", "value", "kept"),
    [
        ("sort_code", "12-34-56", ""),
        ("bank_account", "12345678", ""),
        ("tax_number", "234254718", ""),
        ("born", "1980-04-05", ""),
        ("mobile", "+351912000003", "+351"),
        ("last", "Ng", ""),
        ("title", "Dr", "Dr"),
    ],
)
def test_only_a_telephone_keeps_its_beginning_and_only_a_word_stays(
    column: str, value: str, kept: str
) -> None:
    def begins_alike() -> int:
        inventor = samples._Inventor(dialect=get_dialect(name="edf_accounts"))
        (invented,) = inventor.column(frame=FRAME, name=column, values=[value])
        assert len(invented) == len(value)
        return next((at for at in range(len(value)) if invented[at] != value[at]), len(value))

    # What is invented may begin alike by chance, but not each time.
    assert min(begins_alike() for _ in range(50)) == len(kept)
