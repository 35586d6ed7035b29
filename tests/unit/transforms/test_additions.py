"""What an adopter adds to a dialect from a file of its own: any field of any model, and nothing else."""

from __future__ import annotations

import copy
import json
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import pytest
from pydantic import BaseModel, ValidationError

from kraken_import.reporting.__main__ import main as reporting_main
from tests.samples import TODAY, as_frames, expected_payload, identifier_of, sample_rows
from transforms import registry, sql_files
from transforms.additions import BadAddition, with_additions
from transforms.assemble import Conventions, assemble
from transforms.build import BuildResult, BuildSettings, build
from transforms.dialect import Dialect
from transforms.models.places import has_place
from transforms.models.shape import check_of
from transforms.registry import dialect_names, get_dialect

DIALECTS = [get_dialect(name=name) for name in dialect_names()]
each_dialect = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
EDF = get_dialect(name="edf_accounts")


def added(tmp_path: Path, text: str, dialect: Dialect = EDF) -> Dialect:
    file = tmp_path / "columns.toml"
    file.write_text(text, encoding="utf-8")
    return with_additions(dialect=dialect, file=file)


def built(dialect: Dialect, rows: dict[str, list[dict[str, Any]]]) -> BuildResult:
    return build(
        dialect=dialect,
        frames=as_frames(dialect=dialect, rows=rows),
        identifiers=[identifier_of(dialect=dialect)],
        settings=BuildSettings(
            import_supplier=expected_payload(dialect=dialect)["import_supplier"], today=TODAY
        ),
    )


def test_a_dialect_without_such_a_file_is_as_it_was(tmp_path: Path) -> None:
    assert with_additions(dialect=EDF, file=tmp_path / "columns.toml") is EDF


def test_a_column_fills_a_nested_field_that_no_frame_names(tmp_path: Path) -> None:
    dialect = added(
        tmp_path,
        """
        [customers.columns.password]
        kind = "text"
        field = "customer_preferences.partner_password"
        meaning = "What visitors must know."
        """,
    )
    rows = sample_rows(dialect=get_dialect(name="edf_accounts"))
    rows["customers"] = [{**row, "password": " sesame "} for row in rows["customers"]]
    (payload,) = built(dialect, rows).payloads
    (customer,) = json.loads(payload.body)["customers"]
    assert customer["customer_preferences"]["partner_password"] == "sesame"
    assert customer["customer_preferences"]["opted_into_sms"] is True


def test_a_column_of_a_known_name_takes_its_place_with_its_codes(tmp_path: Path) -> None:
    dialect = added(
        tmp_path,
        """
        [accounts.columns.account_class]
        kind = "code"
        field = "account_type"
        meaning = "Kind of account, in our own words."
        codes = { private = "DOMESTIC", "ÖFF" = "BUSINESS" }
        """,
    )
    rows = sample_rows(dialect=dialect)
    assert [found.code for found in built(dialect, rows).rejections[0].findings] == ["unknown_code"]
    rows["accounts"][0]["account_class"] = "private"
    (payload,) = built(dialect, rows).payloads
    assert json.loads(payload.body)["account_type"] == "DOMESTIC"


def test_an_added_frame_fills_a_list_that_no_frame_names(tmp_path: Path) -> None:
    dialect = added(
        tmp_path,
        """
        [alternative_phones]
        parent = "customers"
        target = "alternative_phone_numbers"
        key = "phone_key"

        [alternative_phones.columns.phone_number]
        kind = "text"
        required = true
        meaning = "A further number."
        """,
    )
    rows = {frame.name: [] for frame in dialect.frames} | sample_rows(dialect=EDF)
    (customer,) = rows["customers"]
    keys = {name: customer[name] for name in ("external_identifier", "customer_key")}
    rows["alternative_phones"] = [
        {**keys, "phone_key": 1, "phone_number": "07123456780"},
        {**keys, "phone_key": 2, "phone_number": "07123456781"},
    ]
    (payload,) = built(dialect, rows).payloads
    assert json.loads(payload.body)["customers"][0]["alternative_phone_numbers"] == [
        {"phone_number": "07123456780"},
        {"phone_number": "07123456781"},
    ]


def test_an_added_frame_fills_what_depends_on_the_kind_of_each_row(tmp_path: Path) -> None:
    dialect = added(
        tmp_path,
        """
        [payment_preferences]
        parent = "accounts"
        target = "payment_preferences"
        key = "preference_key"

        [payment_preferences.columns.type]
        kind = "code"
        codes = { N = "ACTIVE_NEW", E = "ACTIVE_EXISTING", P = "PASSIVE" }
        required = true
        meaning = "Whether the instruction is new, Kraken's already, or none."

        [payment_preferences.columns.ledger_identifier]
        kind = "text"
        required = true
        meaning = "Which ledger it pays."

        [payment_preferences.columns.instruction]
        kind = "text"
        field = "instruction_reference_params.instruction_identifier"
        meaning = "Of a new one."

        [payment_preferences.columns.vendor]
        kind = "text"
        field = "instruction_reference_params.vendor_name"
        meaning = "Of one that is there."

        [payment_preferences.columns.reference]
        kind = "text"
        field = "instruction_reference_params.vendor_reference"
        meaning = "Of one that is there."
        """,
    )
    names = ("type", "ledger_identifier", "instruction", "vendor", "reference")
    told = (
        ("N", "L-1", "I-1", None, None),
        ("E", "L-2", None, "STRIPE", "R-1"),
        ("P", "L-3", None, None, None),
    )
    rows = sample_rows(dialect=EDF)
    rows["payment_preferences"] = [
        {"external_identifier": identifier_of(dialect=EDF), "preference_key": number}
        | dict(zip(names, row, strict=True))
        for number, row in enumerate(told)
    ]
    (payload,) = built(dialect, rows).payloads
    assert json.loads(payload.body)["payment_preferences"] == [
        {
            "type": "ACTIVE_NEW",
            "ledger_identifier": "L-1",
            "instruction_reference_params": {"instruction_identifier": "I-1"},
        },
        {
            "type": "ACTIVE_EXISTING",
            "ledger_identifier": "L-2",
            "instruction_reference_params": {"vendor_name": "STRIPE", "vendor_reference": "R-1"},
        },
        {"type": "PASSIVE", "ledger_identifier": "L-3"},
    ]


REFUSED = [
    ("[accounts", "is not valid TOML"),
    ("accounts = 1", "Frame accounts of the dialect is not a table"),
    ("[accounts]", "Frame accounts has no columns"),
    ("[accounts]\nparent = 'x'", "of the dialect has the option parent: there is only columns."),
    ("[accounts.columns.x]\nkind = 'text'", "does not say its meaning"),
    ("[accounts.columns.x]\nkind = 'words'\nmeaning = 'X.'", "has the kind 'words'"),
    ("[accounts.columns.x]\nkind = 'text'\nmeaning = 'X.'\nrequired = 'yes'", "which is not of type bool"),
    ("[accounts.columns.x]\nkind = 'text'\nmeaning = 'X.'\nname = 'y'", "has the option name"),
    ("[accounts.columns.x]\nkind = 'code'\nmeaning = 'X.'", "has no codes"),
    (
        "[accounts.columns.x]\nkind = 'code'\nfield = 'account_type'\nmeaning = 'X.'\n"
        "codes = { A = 'DOMESTIC', B = 'DOMESTICS' }",
        "makes 'DOMESTICS' of code 'B', which account_type cannot be: write the word as Kraken has it.",
    ),
    ("[accounts.columns.x]\nkind = 'configured'\nmeaning = 'X.'", "has no setting"),
    ("[accounts.columns.x]\nkind = 'text'\nmeaning = 'X.'", "fills x, which the model of edf_accounts"),
    (
        "[customers.columns.x]\nkind = 'text'\nfield = 'customer_preferences.x'\nmeaning = 'X.'",
        "fills customers.customer_preferences.x, which the model",
    ),
    (
        "[accounts.columns.x]\nkind = 'text'\nfield = 'business'\nmeaning = 'X.'",
        "fills business as a whole",
    ),
    ("[x]\nparent = 'accounts'", "Frame x is new, and does not say its target and key"),
    (
        "[x]\nparent = 'y'\ntarget = 'z'\nkey = 'k'\n[x.columns.c]\nkind = 'text'\nmeaning = 'X.'",
        "Frame x has the parent y",
    ),
    (
        "[accounts.columns.balance]\nkind = 'money'\nsign = 'debit_positve'\nmeaning = 'X.'",
        "Column balance has the sign 'debit_positve': there are kept, debit_positive, by_type.",
    ),
    (
        "[accounts.columns.balance]\nkind = 'money'\nfield = 'transfer_balance'\nmeaning = 'X.'",
        "Column balance of frame accounts takes the place of one with sign = 'debit_positive': say its sign.",
    ),
    (
        "[agreements.columns.effective_to]\nkind = 'date'\nmeaning = 'X.'",
        "Column effective_to of frame agreements takes the place of one with is_last_day = true: say its "
        "is_last_day.",
    ),
    (
        "[accounts.columns.balance]\nkind = 'decimal'\nsign = 'debit_positive'\nmeaning = 'X.'",
        "Column balance of kind decimal has sign, which counts for kind money alone.",
    ),
    (
        "[accounts.columns.x]\nkind = 'text'\ncodes = { A = 'B' }\nmeaning = 'X.'",
        "Column x of kind text has codes, which counts for kinds code, codes and configured alone.",
    ),
    (
        "[debts.columns.x]\nkind = 'money'\nplaces = -1\nmeaning = 'X.'",
        "Column x has -1 places: say how many digits may stand after the point.",
    ),
    (
        "[debts.columns.x]\nkind = 'money'\nplaces = true\nmeaning = 'X.'",
        "places = True, which is not of type int",
    ),
    (
        "[accounts.columns.x]\nkind = 'text'\nfits = { A = 'B' }\nmeaning = 'X.'",
        "Column x of frame accounts has the option fits: there are codes, ",
    ),
    (
        "[accounts.columns.x]\nkind = 'text'\nfield = 'customers'\nmeaning = 'X.'",
        "Column x of frame accounts fills customers, where the rows of frame customers go: choose one.",
    ),
    (
        "[accounts.columns.x]\nkind = 'text'\nfield = 'customers.label'\nmeaning = 'X.'",
        "Column x of frame accounts fills customers.label, which belongs to the rows of frame customers: "
        "make it a column of that frame, and its field label.",
    ),
    (
        "[accounts.columns.x]\nkind = 'text'\nfield = 'consents.type'\nmeaning = 'X.'",
        "Column x of frame accounts fills consents.type, but consents is a list: make a frame of it, with "
        "target = 'consents'.",
    ),
    (
        "[account.columns.x]\nkind = 'text'\nmeaning = 'X.'",
        "Frame account is new, and does not say its parent and target and key; or is accounts meant?",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "sentence"), REFUSED, ids=[sentence for _, sentence in REFUSED])
def test_what_cannot_be_added_is_a_sentence_with_the_file(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(BadAddition) as refusal:
        added(tmp_path, text)
    assert str(refusal.value).startswith("sql/extract/edf_accounts/columns.toml")
    assert sentence in str(refusal.value)


def test_a_column_that_is_not_sent_needs_no_field(tmp_path: Path) -> None:
    dialect = added(tmp_path, "[customers.columns.fax]\nkind = 'unsent'\nmeaning = 'Of no use to Kraken.'")
    rows = sample_rows(dialect=EDF)
    rows["customers"][0]["fax"] = "020 7234 0000"
    result = built(dialect, rows)
    assert result.payloads[0].body == built(EDF, sample_rows(dialect=EDF)).payloads[0].body
    assert "value_not_sent" in {found.code for found in result.warnings[0].findings}


def test_a_column_in_the_place_of_one_whose_sign_is_turned_may_say_that_its_own_is_kept(
    tmp_path: Path,
) -> None:
    balance = "[accounts.columns.balance]\nkind = 'money'\nfield = 'transfer_balance'\nmeaning = 'X.'\n"
    dialect = added(tmp_path, balance + "sign = 'kept'")
    rows = sample_rows(dialect=EDF)
    rows["accounts"][0]["balance"] = expected_payload(dialect=EDF)["transfer_balance"]
    (payload,) = built(dialect, rows).payloads
    assert json.loads(payload.body)["transfer_balance"] == rows["accounts"][0]["balance"]


def test_a_file_that_is_not_in_utf_8_is_a_sentence_with_the_file(tmp_path: Path) -> None:
    file = tmp_path / "columns.toml"
    file.write_bytes(b"[accounts.columns.\xff]")
    with pytest.raises(BadAddition, match="is not in UTF-8"):
        with_additions(dialect=EDF, file=file)


VALUES: dict[Any, tuple[str, Any]] = {str: ("text", "1"), int: ("integer", 1), bool: ("code", "Y")}


def fields(model: type[BaseModel], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str, Any]]:
    """Place, kind and raw value of what a column can fill in an object, and in those that stand in it."""
    for name, field in model.model_fields.items():
        place = (*above, name)
        if typing.get_origin(field.annotation) is list:
            continue
        kinds = [
            part
            for part in typing.get_args(field.annotation) or (field.annotation,)
            if part is not type(None)
        ]
        kinds = [
            typing.get_args(part)[0] if typing.get_origin(part) is typing.Annotated else part
            for part in kinds
        ]
        (kind, *others) = kinds
        if typing.get_origin(kind) is Literal:
            yield place, "text", typing.get_args(kind)[0]
        elif kind in VALUES and not others:
            yield place, *VALUES[kind]
        elif (
            isinstance(kind, type)
            and not isinstance(kind, types.GenericAlias)
            and issubclass(kind, BaseModel)
        ):
            yield from fields(kind, place)


@each_dialect
def test_any_field_of_the_account_and_of_the_objects_in_it_can_be_filled(
    dialect: Dialect, tmp_path: Path
) -> None:
    known = [column.place for column in dialect.root.columns]
    known += [tuple(frame.target.split(".")) for frame in dialect.frames if frame.parent]
    known += [dialect.identifier_path, ("import_supplier",)]
    for place, kind, value in fields(dialect.model):
        path = ".".join(place)
        if any(path == ".".join(each) for each in known) or (place[0],) in known:
            continue
        codes = 'codes = { "Y" = true }' if kind == "code" else ""
        text = f'[{dialect.root.name}.columns.added]\nkind = "{kind}"\nfield = "{path}"\nmeaning = "X."\n'
        more = added(tmp_path, text + codes, dialect)
        rows = copy.deepcopy(sample_rows(dialect=dialect))
        rows[more.root.name][0]["added"] = value
        identifier = identifier_of(dialect=dialect)
        documents = assemble(
            dialect=more,
            frames=as_frames(dialect=more, rows=rows),
            identifiers=[identifier],
            conventions=Conventions(zone=ZoneInfo(dialect.zone)),
        ).documents
        node: Any = documents[identifier]
        for part in place:
            node = node[part]
        assert node == (True if kind == "code" else value), path
        with pytest.raises(ValidationError) as refusal:
            # Always refused, for the supplier, which is the wave's.
            check_of(dialect.model)(documents[identifier])
        assert "extra_forbidden" not in {problem["type"] for problem in refusal.value.errors()}, path


@pytest.mark.parametrize(
    ("place", "is_there"),
    [
        (("customers", "psr", "elec_industry_code"), True),
        (("customers", "psr", "code"), False),
        (("supply_addresses", "meter_points", "aq_history", "consumption"), True),
        (("supply_addresses", "meter_points", "eac_history", "tpr"), True),
        (("metadata", "value", "anything", "inside"), True),
        (("billing_address", "structured_street_address", "floor"), True),
        (("billing_name", "first"), False),
        ((), True),
    ],
)
def test_a_model_knows_its_places(place: tuple[str, ...], is_there: bool) -> None:
    assert has_place(model=EDF.model, place=place) is is_there


@pytest.fixture
def edf_with_a_bad_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    folder = tmp_path / "extract" / "edf_accounts"
    folder.mkdir(parents=True)
    (folder / "columns.toml").write_text("[accounts", encoding="utf-8")
    monkeypatch.setattr(sql_files, "FOLDER", tmp_path)
    registry._loaded.cache_clear()
    yield
    monkeypatch.undo()
    registry._loaded.cache_clear()


@pytest.mark.usefixtures("edf_with_a_bad_file")
def test_a_file_that_cannot_be_read_hides_neither_the_dialects_title_nor_other_dialects() -> None:
    with pytest.raises(BadAddition, match=r"edf_accounts/columns\.toml is not valid TOML"):
        get_dialect(name="edf_accounts")
    assert registry.delivered_dialect(name="edf_accounts").title == "EDF GB accounts"
    assert get_dialect(name="plenitude_accounts").name == "plenitude_accounts"


@pytest.mark.usefixtures("edf_with_a_bad_file")
def test_mapping_pages_say_in_a_sentence_which_file_they_cannot_be_made_of(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["reporting", "--check"])
    assert reporting_main() == 1
    assert capsys.readouterr().err.startswith("sql/extract/edf_accounts/columns.toml is not valid TOML: ")
