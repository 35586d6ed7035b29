"""Which keys of a document the contract names: what is made for it may hold any others besides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

_COMBINED: Final = ("allOf", "anyOf", "oneOf")


def named_keys(*, node: Any, schema: Mapping[str, Any], contract: Mapping[str, Any]) -> Any:
    """The document without keys that its schema does not name, unless it says what others hold."""
    forms = list(forms_of(schema=schema, contract=contract))
    if isinstance(node, list):
        items = [form["items"] for form in forms if isinstance(form.get("items"), dict)]
        return [named_keys(node=item, schema={"anyOf": items}, contract=contract) for item in node]
    if not isinstance(node, dict):
        return node
    known: dict[str, list[Any]] = {}
    for form in forms:
        for name, inner in form.get("properties", {}).items():
            known.setdefault(name, []).append(inner)
    says = any(form.get("additionalProperties", False) is not False for form in forms)
    return {
        name: named_keys(node=value, schema={"anyOf": known.get(name, [])}, contract=contract)
        for name, value in node.items()
        if name in known or says or not known
    }


def at(*, contract: Mapping[str, Any], reference: str) -> Any:
    """Return what a local reference such as #/components/schemas/Account points to. Raises `LookupError`."""
    node: Any = contract
    for part in reference.removeprefix("#/").split("/"):
        node = node[part.replace("~1", "/").replace("~0", "~")]
    return node


def forms_of(
    *, schema: Any, contract: Mapping[str, Any], seen: tuple[str, ...] = ()
) -> Iterator[Mapping[str, Any]]:
    """The schemas that a schema is made of, itself first. Raises `LookupError` for a reference to nothing."""
    if not isinstance(schema, dict):
        return
    yield schema
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference not in seen:
        found = at(contract=contract, reference=reference)
        yield from forms_of(schema=found, contract=contract, seen=(*seen, reference))
    for combined in _COMBINED:
        for inner in schema.get(combined, ()):
            yield from forms_of(schema=inner, contract=contract, seen=seen)
