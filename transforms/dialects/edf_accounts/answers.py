"""What EDF's Kraken refuses without a code, in its own codes.

Its validation answers with sentences alone. The document that it serves states one validator with one code
for each field below, and no other rule that could be told of at the field; `transforms/answers.py` knows what
the type of a field is refused for. So whatever else is said of it comes from that validator.
"""

from __future__ import annotations

from typing import Final

from transforms.answers import Answers

_POINT: Final = "supply_addresses.meter_points"

ANSWERS: Final = Answers(
    paths={
        "billing_address.delivery_point_identifier": "invalid_delivery_point_identifier",
        "customers.psr.description": "psr_record_description_not_found",
        "dunning_path.start_date": "date_in_past",
        "notes.document_paths.document_path": "path_does_not_exist_in_file_store",
        "payment_instructions.ledger_code": "ledger_code_does_not_exist",
        "payment_schedules.ledger_code": "ledger_code_does_not_exist",
        "references.namespace": "invalid_reference_namespace",
        "smart_read_cycle_day": "invalid_day_of_month",
        "supply_addresses.supply_delivery_point_identifier": "invalid_delivery_point_identifier",
        "supply_addresses.supply_postcode": "invalid_postcode",
        f"{_POINT}.agreements.tariff_code": "tariff_code_not_found",
        f"{_POINT}.dr_in_progress": "disputed_read_in_progress",
        f"{_POINT}.et_in_progress": "erroneous_transfer_not_in_progress",
        "warm_home_discount.tax_year": "incorrect_format_for_tax_year",
    }
)
