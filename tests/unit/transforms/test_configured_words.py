"""A word that a client configured is known to that client: only unnamed codes are warned of."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.samples import TODAY, as_frames, identifier_of, sample_rows
from transforms.build import BuildSettings, build
from transforms.registry import get_dialect

CASES = [
    ("national_grid_accounts", "meters", "status", "meter_statuses"),
    ("national_grid_accounts", "user_details", "namespace", "user_detail_namespaces"),
    ("plenitude_accounts", "user_details", "namespace", "user_detail_namespaces"),
    ("essential_supply_points_accounts", "accounts", "name_type", "name_types"),
    ("essential_supply_points_accounts", "accounts", "phone_1_service_type", "service_types"),
    ("essential_supply_points_accounts", "customers", "account_roles", "account_roles"),
    ("essential_supply_points_cdns", "notifications", "movement_type", "movement_types"),
    ("essential_supply_points_cdns", "notification_phones", "service_type", "service_types"),
]


def warned(*, dialect: str, frame: str, column: str, values: Mapping[str, Mapping[str, str]]) -> list[str]:
    """The codes of what is found once the first row has the code NEW, which these values name."""
    found = get_dialect(name=dialect)
    rows = sample_rows(dialect=found)
    rows[frame][0][column] = "NEW"
    result = build(
        dialect=found,
        frames=as_frames(dialect=found, rows=rows),
        identifiers=[identifier_of(dialect=found)],
        settings=BuildSettings(import_supplier="X", today=TODAY, values=values),
    )
    assert len(result.payloads) == 1
    return [finding.code for record in result.warnings for finding in record.findings]


@pytest.mark.parametrize(("dialect", "frame", "column", "setting"), CASES)
def test_a_word_of_the_connection_is_not_warned_of(
    dialect: str, frame: str, column: str, setting: str
) -> None:
    rows = sample_rows(dialect=get_dialect(name=dialect))
    # The client's map takes the place of the dialect's own.
    own = get_dialect(name=dialect).default_values.get(setting, {"HLD": "ADMIN"})
    assert rows[frame]
    values = {setting: {**own, "NEW": "NEW_WORD"}}
    assert "unlisted_value" not in warned(dialect=dialect, frame=frame, column=column, values=values)
