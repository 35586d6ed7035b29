"""The quick look at a document finds what the model finds, in the same words."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, ValidationError, field_validator

from tests.samples import expected_payload
from transforms.dialect import Dialect
from transforms.models.shape import Check, check_of
from transforms.registry import dialect_names, get_dialect

each_dialect = pytest.mark.parametrize(
    "dialect", [get_dialect(name=name) for name in dialect_names()], ids=lambda dialect: dialect.name
)
VALUES = st.one_of(
    st.none(), st.text(max_size=12), st.integers(-5, 100_000), st.booleans(), st.just([]), st.just({})
)


def places(node: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place of a payload, lists and objects included."""
    inside = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return ([above] if above else []) + [
        place for part, value in inside for place in places(value, (*above, part))
    ]


def problems(check: Check, document: Any) -> list[tuple[Any, ...]]:
    try:
        check(document)
    except ValidationError as error:
        # For a value that is not an object, pydantic says that it could be an instance of the model too.
        return sorted(
            (problem["loc"], problem["type"].replace("model_type", "dict_type")) for problem in error.errors()
        )
    return []


@each_dialect
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=st.data())
def test_the_shape_finds_what_the_model_finds(dialect: Dialect, data: st.DataObject) -> None:
    document = expected_payload(dialect=dialect)
    for _ in range(data.draw(st.integers(0, 3))):
        *way, last = data.draw(st.sampled_from(places(document)))
        node: Any = document
        for part in way:
            node = node[part]
        action = data.draw(st.sampled_from(["replace", "remove", "add"]))
        if action == "replace":
            node[last] = data.draw(VALUES)
        elif action == "remove" and len(node) > 1:
            del node[last]
        elif isinstance(node, dict):
            node["unknown"] = data.draw(VALUES)
    assert problems(check_of(dialect.model), document) == problems(dialect.model.model_validate, document)


def test_a_model_with_its_own_validator_has_no_shape() -> None:
    class Watched(BaseModel):
        name: str

        @field_validator("name")
        @classmethod
        def look(cls, value: str) -> str:
            return value

    with pytest.raises(TypeError, match="Watched has validators"):
        check_of(Watched)


def test_a_model_with_an_alias_has_no_shape() -> None:
    class Renamed(BaseModel):
        name: Annotated[str, Field(alias="title")]

    with pytest.raises(TypeError, match="title"):
        check_of(Renamed)
