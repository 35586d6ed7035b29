"""The comparison of the two readers: what it takes for a difference, and what explains one."""

from __future__ import annotations

import random
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from proofs.audit import __main__ as audit
from proofs.audit import page
from proofs.audit.__main__ import audited_dialects, main
from proofs.audit.customers import TODAY
from proofs.audit.differences import MEND, Difference, Explained, Reader, compare, unexplained
from proofs.audit.explained import CONTRACT, EXPLAINED
from proofs.audit.mutations import Mutator
from proofs.audit.readers import SHAPE, UNKNOWN, Objection, are_good, ours
from tests.samples import day_of, expected_payload
from transforms.registry import dialect_names, get_dialect

# The tests of audits import what one needs in one worker.
pytestmark = pytest.mark.xdist_group("audit")

REPOSITORY = Path(__file__).resolve().parents[3]


def _customers() -> list[dict[str, Any]]:
    payload = expected_payload(dialect=get_dialect(name="edf_accounts"))
    other = deepcopy(payload)
    other["external_account_number"] = "X-2"
    return [payload, other]


def test_one_seed_draws_the_same_mutations_again() -> None:
    one, two = (Mutator(documents=_customers(), rng=random.Random(5)) for _ in range(2))
    assert [one.draw() for _ in range(200)] == [two.draw() for _ in range(200)]


def test_a_mutation_leaves_the_customer_as_it_was() -> None:
    customers = _customers()
    mutator = Mutator(documents=customers, rng=random.Random(5))
    changed = [mutator.draw().document for _ in range(300)]
    assert customers == _customers()
    assert sum(document not in customers for document in changed) > 280


def test_every_place_of_a_customer_is_mutated() -> None:
    mutator = Mutator(documents=_customers(), rng=random.Random(5))
    places = {mutator.draw().place for _ in range(5_000)}
    assert {"transfer_balance", "customers.email", "supply_addresses.meter_points.meters.registers"} <= places


def test_a_customer_whom_one_reader_refuses_already_is_not_mutated() -> None:
    good, broken = _customers()
    broken["supply_addresses"][0]["meter_points"][0]["mpid"] = "GONE"
    dialect = get_dialect(name="edf_accounts")
    assert are_good(dialect=dialect, documents=[good, broken], today=day_of(dialect=dialect)) == [True, False]
    mutator = Mutator(documents=[good, {}], rng=random.Random(5))
    assert {mutator.draw().told.partition(":")[0] for _ in range(100)} == {"customer 0"}


def test_rules_are_read_beside_a_key_that_the_model_does_not_know() -> None:
    customer, _ = _customers()
    customer["transfer_balance"] = "1.00"
    customer["made_up"] = 1
    (found,) = ours(dialect=get_dialect(name="edf_accounts"), documents=[customer], today=TODAY)
    assert {each.code for each in found} == {UNKNOWN, "ledger_balances_not_equal_to_transfer_balance"}


def _differences(one: list[Objection], other: list[Objection]) -> list[tuple[Reader, str, str]]:
    found = compare(told=["x"], ours=[frozenset(one)], theirs=[frozenset(other)])
    return [(each.refused_by, each.code, each.path) for each in found]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([], []),
        ([Objection("late", "a.b")], [Objection("late", "c")]),
        ([Objection("late", "a.b")], [Objection("early", "a.b")]),
        ([Objection(SHAPE, "a")], [Objection("late", "a.b")]),
    ],
)
def test_readers_agree_who_refuse_for_one_reason_or_not_at_all(
    one: list[Objection], other: list[Objection]
) -> None:
    assert _differences(one, other) == []


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ([Objection("late", "a")], [], [("ours", "late", "a")]),
        ([], [Objection("late", "a")], [("stand-in", "late", "a")]),
        (
            [Objection(SHAPE, "a")],
            [Objection(SHAPE, "ab")],
            [("ours", SHAPE, "a"), ("stand-in", SHAPE, "ab")],
        ),
    ],
)
def test_readers_differ_where_one_alone_refuses(
    one: list[Objection], other: list[Objection], expected: list[tuple[Reader, str, str]]
) -> None:
    assert _differences(one, other) == expected


def test_what_our_rules_were_not_asked_is_not_a_difference() -> None:
    """Where the model refuses, no rule of ours looks; the stand-in's form is still compared."""
    other = [Objection("late", "b"), Objection(SHAPE, "c")]
    assert _differences([Objection(SHAPE, "a")], other) == [("ours", SHAPE, "a"), ("stand-in", SHAPE, "c")]


def test_an_explanation_covers_its_own_side_code_and_place_alone() -> None:
    row = Explained(refused_by="ours", code="late_*", path="a.*", source="guide: A", reason="So it is.")
    differences = [
        Difference(refused_by=side, code=code, path=path, example="x")
        for side, code, path in (
            ("ours", "late_bill", "a.b"),
            ("stand-in", "late_bill", "a.b"),
            ("ours", "early", "a.b"),
            ("ours", "late_bill", "b"),
        )
    ]
    assert unexplained(differences=differences, explained=[row]) == differences[1:]


@pytest.mark.parametrize(
    ("example", "is_covered"),
    [
        ("customer 12: notes.0.body is ' '", True),
        ("customer 12: notes.10.body is 'x'", False),
        ("customer 12: notes.0.body is dropped", False),
        ("customer 12 as it is", False),
    ],
)
def test_an_explanation_covers_the_changes_that_it_is_about_alone(example: str, is_covered: bool) -> None:
    row = Explained(
        refused_by="ours", code="empty", path="notes", source="s", reason="r", changes=("notes.body is ' '",)
    )
    difference = Difference(refused_by="ours", code="empty", path="notes", example=example)
    assert row.covers(difference) is is_covered


def test_a_difference_that_is_meant_hides_no_other_at_its_place() -> None:
    row = Explained(
        refused_by="ours", code="late", path="a", source="s", reason="r", changes=("* is dropped",)
    )
    late = frozenset([Objection("late", "a")])
    found = compare(
        told=["customer 1: a is dropped", "customer 2: a is 'x'"],
        ours=[late, late],
        theirs=[frozenset(), frozenset()],
    )
    (left,) = unexplained(differences=found, explained=[row])
    assert left.example == "customer 2: a is 'x'"


@pytest.mark.parametrize("name", dialect_names())
def test_few_differences_stay_and_each_says_why(name: str) -> None:
    for rows in (EXPLAINED.get(name, ()), CONTRACT.get(name, ())):
        assert len(rows) <= 20
        assert all(row.source and row.reason and row.path != "*" for row in rows)


def test_the_page_is_what_the_explanations_say() -> None:
    assert (REPOSITORY / "docs" / "audit.md").read_text(encoding="utf-8") == page.text()


NAME = "external_account_number"


def _served(
    payload: dict[str, Any], *, version: object = "3.0.3", media: str = "application/json", **more: Any
) -> str:
    """A document that serves one request: the payload of an account, with a supplier."""
    supplier = {"import_supplier": {"type": "string"}}
    schema = {"type": "object", "required": ["import_supplier"], **payload}
    schema["properties"] = supplier | payload.get("properties", {})
    body = {"type": "object", "required": ["payload"], "properties": {"payload": schema}}
    content = {"required": True, "content": {media: {"schema": body}}}
    request = {"requestBody": content, "responses": {"200": {"description": "Taken."}}}
    paths = {"/v2/data-import/accounts/": {"post": request}}
    info = {"title": "Kraken", "version": "1"}
    return yaml.safe_dump({"openapi": version, "info": info, "paths": paths, **more})


def _optional(schema: dict[str, Any], name: str = NAME) -> dict[str, Any]:
    return {"properties": {name: schema}}


def _required(schema: dict[str, Any], name: str = NAME) -> dict[str, Any]:
    return {"required": ["import_supplier", name], **_optional(schema, name)}


def _audited(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, *, number: int = 40
) -> tuple[int, str]:
    file = tmp_path / "contract.yml"
    file.write_text(content, encoding="utf-8")
    order = ["--dialect", "edf_accounts", "--number", str(number), "--contract", str(file)]
    status = main(arguments=order)
    return status, capsys.readouterr().out


def test_a_model_that_fits_the_contract_has_no_difference(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = {"type": "string", "maxLength": 128}
    status, said = _audited(tmp_path, capsys, _served(_optional(text)))
    assert status == 0, said
    assert "0 explained differences, 0 without an explanation" in said


@pytest.mark.parametrize(
    ("name", "schema", "told"),
    [
        (NAME, {"type": "string", "minLength": 129, "maxLength": 140}, f"string_too_long at {NAME}"),
        ("account_type", {"enum": ["SHOP"]}, "literal_error at account_type"),
        (
            "transfer_balance",
            {"type": "string", "format": "decimal", "pattern": r"^1\.\d{11}$"},
            "string_pattern_mismatch at transfer_balance",
        ),
        ("fit", {"type": "object", "additionalProperties": False}, "missing at fit.meters"),
    ],
)
def test_a_model_that_is_too_strict_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, schema: dict[str, Any], told: str
) -> None:
    status, said = _audited(tmp_path, capsys, _served(_required(schema, name)))
    assert status == 1
    assert f"the model alone refuses 40 times: {told}" in said
    assert said.endswith(f"{MEND}\n")


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        (NAME, _required({"type": "string", "maxLength": 128})),
        ("billing_name", _optional({"type": "string", "maxLength": 1}, "billing_name")),
        ("billing_name", _optional({"enum": ["A", "B"]}, "billing_name")),
        (
            "smart_read_cycle_day",
            _optional({"type": "integer", "minimum": 1, "maximum": 28}, "smart_read_cycle_day"),
        ),
    ],
)
def test_a_model_that_is_too_lax_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, payload: dict[str, Any]
) -> None:
    status, said = _audited(tmp_path, capsys, _served(payload))
    assert status == 1
    assert "the model alone" not in said
    assert f"served at {name}\n" in said


def test_a_key_that_the_contract_does_not_name_is_never_a_difference(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = {"enum": ["import_supplier", NAME, "next_bill_due_date", "customers"]}
    payload = _required({"type": "string", "minLength": 1, "maxLength": 128}) | {"propertyNames": names}
    status, said = _audited(tmp_path, capsys, _served(payload, version="3.1.0"))
    assert "the model alone refuses" not in said, said
    assert status in (0, 1)


def test_days_that_do_not_exist_are_explained_by_cleaning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    day = {"type": "string", "format": "date"}
    status, said = _audited(tmp_path, capsys, _served(_optional(day, "last_billed_to_date")), number=200)
    assert status == 0, said


def test_forms_that_only_a_setting_tells_apart_may_both_fit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    forms = {name: {"type": "object", "properties": {"slug": {}}} for name in ("One", "Two")}
    choice = {
        "oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in forms],
        "discriminator": {
            "propertyName": "setting",
            "mapping": {
                None: "#/components/schemas/One",
                False: "#/components/schemas/One",
                1: "#/components/schemas/Two",
            },
        },
    }
    content = _served(_optional(choice, "business"), components={"schemas": forms})
    status, said = _audited(tmp_path, capsys, content)
    assert status == 0, said
    assert said.startswith("edf_accounts: 40 documents")


def test_a_number_has_a_digit_whatever_its_pattern_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    amount = {"type": "string", "format": "decimal", "pattern": r"^-?\d{0,10}(?:\.\d{0,10})?$"}
    status, said = _audited(tmp_path, capsys, _served(_optional(amount, "transfer_balance")))
    assert status == 0, said


def test_what_else_a_request_needs_is_not_a_difference(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = _served({}).replace("required:\n              - payload", "required: [payload, batch]")
    assert "batch" in content
    status, said = _audited(tmp_path, capsys, content)
    assert status == 0, said


def test_a_contract_without_anything_that_the_model_knows_is_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, said = _audited(tmp_path, capsys, _served({"required": []}).replace("import_", "other_"))
    assert status == 1
    assert "the model alone refuses 40 times: missing at import_supplier" in said


QUIRKS = {
    "no schema of that name": _served(_required({"$ref": "#/components/schemas/Nothing"})),
    "a type that does not exist": _served(_required({"type": "strin"})),
    "nothing fits": _served(_required({"not": {}})),
    "no JSON": _served({}, media="text/csv"),
    "another path": _served({}).replace("/v2/", "/v9/"),
    "another method": _served({}).replace("post:", "get:"),
    "no payload": _served({}).replace("payload", "record"),
    "a payload that is not an object": _served({}).replace("object", "array"),
    "a version that is a number": _served({}, version=3.0),
    "a version that does not exist": _served({}, version="4.0.0"),
    "an older form with its path in two parts": (
        "swagger: '2.0'\ninfo: {title: Kraken, version: '1'}\nbasePath: /v2\n"
        "paths: {/data-import/accounts/: {post: {responses: {}}}}\n"
    ),
    "an older form without a body": (
        "swagger: '2.0'\ninfo: {title: Kraken, version: '1'}\n"
        "paths: {/v2/data-import/accounts/: {post: {responses: {}}}}\n"
    ),
}


@pytest.mark.parametrize("content", QUIRKS.values(), ids=QUIRKS)
def test_a_contract_that_no_payload_can_be_made_of_is_told_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    status, said = _audited(tmp_path, capsys, content)
    assert status == 2
    assert said.count("\n") == 1
    assert "POST /v2/data-import/accounts/" in said
    assert "name the file that the Kraken serves" in said


def test_a_file_that_is_not_a_text_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "contract.yml"
    file.write_bytes(bytes(range(256)))
    assert main(arguments=["--dialect", "edf_accounts", "--contract", str(file)]) == 2
    assert capsys.readouterr().out.count("\n") == 1


@pytest.mark.parametrize("content", ["", "openapi: 3.0.3\n", "{", "openapi: 3.0.3\npaths: {}\n"])
def test_a_file_that_is_not_a_contract_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    file = tmp_path / "contract.yml"
    file.write_text(content, encoding="utf-8")
    assert main(arguments=["--dialect", "edf_accounts", "--contract", str(file)]) == 2
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert "POST /v2/data-import/accounts/" in said


def test_a_file_that_is_not_there_is_told_as_that(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "contract.yml"
    assert main(arguments=["--dialect", "edf_accounts", "--contract", str(file)]) == 2
    assert capsys.readouterr().out == (
        f"{file} cannot be read: for POST /v2/data-import/accounts/ name the file that the Kraken serves "
        "under /data-import/schema/, whole and as it is.\n"
    )


def test_a_dialect_without_generated_customers_is_left_out_and_named_where_it_is_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "dialect_names", lambda: ("acme_accounts",))
    assert main(arguments=["--dialect", "acme_accounts"]) == 2
    assert capsys.readouterr().out == (
        "No customers can be generated for acme_accounts: "
        "write sql/legacy/generate/acme_accounts.sql first.\n"
    )
    assert audited_dialects() == []


@pytest.mark.parametrize(
    "arguments",
    [["--number", "0"], ["--number", "x"], ["--dialect", "none"], ["--contract", "of no dialect"]],
)
def test_an_order_that_makes_no_sense_is_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(arguments=arguments)
    assert raised.value.code == 2
