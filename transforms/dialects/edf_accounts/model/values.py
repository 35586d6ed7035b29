"""Texts and numbers that several parts of the payload bound in the same way."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

from transforms.models.base import DAY, decimal

Line: TypeAlias = Annotated[str, Field(max_length=512)]
Reference: TypeAlias = Annotated[str, Field(max_length=512)]
Email: TypeAlias = Annotated[str, Field(max_length=254)]
RegisterId: TypeAlias = Annotated[str, Field(max_length=32)]
SerialNumber: TypeAlias = Annotated[str, Field(max_length=32)]
MarketParticipant: TypeAlias = Annotated[str, Field(max_length=4)]
GasMarketParticipant: TypeAlias = Annotated[str, Field(max_length=3)]
DeliveryPoint: TypeAlias = Annotated[str, Field(max_length=11)]
Digits: TypeAlias = Annotated[int, Field(ge=1, le=15)]
NotNegative: TypeAlias = Annotated[int, Field(ge=0)]

IsoDateOrTime: TypeAlias = Annotated[
    str,
    Field(
        pattern=rf"^{DAY}"
        r"(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2}))?$"
    ),
]
"""A date where a time of day is allowed too: the guide sends dates where the served document has times."""
ClockTime: TypeAlias = Annotated[
    str, Field(pattern=r"^[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9]{2}:[0-9]{2})?$")
]
"""A time of day by ISO 8601, perhaps with an offset."""

SmallMoney: TypeAlias = Annotated[str, Field(pattern=decimal(whole=8, places=2))]
Consumption: TypeAlias = SmallMoney
"""Kilowatt-hours, in as many digits as small amounts have."""
Uplift: TypeAlias = Annotated[str, Field(pattern=decimal(whole=10, places=3))]
Capacity: TypeAlias = Annotated[str, Field(pattern=decimal(whole=5, places=2))]
Proportion: TypeAlias = Annotated[str, Field(pattern=decimal(whole=1, places=2))]
Pence: TypeAlias = Annotated[str, Field(pattern=decimal(whole=7, places=5))]
TaxFigure: TypeAlias = Annotated[str, Field(pattern=decimal(whole=15, places=5))]
Units: TypeAlias = Annotated[str, Field(pattern=decimal(whole=12, places=4))]
UnitPrice: TypeAlias = Annotated[str, Field(pattern=decimal(whole=8, places=7))]
