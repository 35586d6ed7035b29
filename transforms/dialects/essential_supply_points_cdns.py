"""Essential Energy supply points, revision `cdns`.

A supply point of the distribution network with its customer details notifications: who is to be told of
an outage, and where. Source: the supply-point import guide.
"""

from __future__ import annotations

from transforms.answers import Answers
from transforms.dialect import Column, Dialect, Frame
from transforms.frames.australia import SUPPLY_POINT, SUPPLY_POINTS, WORDS, outage_contact, phone
from transforms.models.australia import OutageContact, Phone, SupplyPointPayload
from transforms.models.base import Entity, IsoTime
from transforms.rules import australia
from transforms.rules.engine import Circumstances, Rule, inferred
from transforms.rules.values import shown_by_guide


class NotifiedContact(OutageContact):
    """An outage contact with any number of telephones."""

    phones: list[Phone] | None = None


class Notification(Entity):
    """A customer details notification."""

    transaction_date: IsoTime | None = None
    movement_type: str | None = None
    outage_contact: NotifiedContact | None = None


class SupplyPointWithNotifications(SupplyPointPayload):
    """The payload; a point without notifications has none."""

    cdns: list[Notification] | None = None


def rules(given: Circumstances) -> tuple[Rule, ...]:
    """The rules for one region."""
    return (
        *australia.point_rules(),
        *inferred(shown_by_guide("cdns.movement_type", "Update", *given.named("movement_types"))),
        *australia.contact_rules("cdns.outage_contact", phones=("phones",), given=given),
    )


_NOTIFICATION = (*SUPPLY_POINT, "notification_key")

_NOT_A_POINT = "invalid_delivery_point_identifier"
"""The one thing that EDF's document, which states the same form of an address, says of this field."""

ANSWERS = Answers(paths={"cdns.outage_contact.postal_address.delivery_point_identifier": _NOT_A_POINT})

DIALECT = Dialect(
    name="essential_supply_points_cdns",
    title="Essential Energy supply points (customer details notifications)",
    resource="supply-points",
    market="AU",
    zone="Australia/Sydney",
    identifier_path=("supply_point", "identifier"),
    default_import_supplier="TEST_SUPPLIER",
    model=SupplyPointWithNotifications,
    rules=rules,
    answers=ANSWERS,
    default_values={**WORDS, "movement_types": {"UPD": "Update"}},
    frames=(
        SUPPLY_POINTS,
        Frame(
            "notifications", key=_NOTIFICATION, parent="supply_points", target="cdns", send_empty=True
        ).having(
            Column("transaction_date", "timestamp", "When the notification was made.", expected=True),
            Column(
                "movement_type",
                "configured",
                "Why the notification was made.",
                setting="movement_types",
                expected=True,
            ),
            *outage_contact(),
        ),
        Frame(
            "notification_phones",
            key=(*_NOTIFICATION, "phone_key"),
            parent="notifications",
            target="outage_contact.phones",
            columns=phone(),
        ),
    ),
)
