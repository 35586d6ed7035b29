"""What a Connection's configured values say for a dialect, or what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping

from kraken_import.client.settings import KrakenSettings
from kraken_import.usecases.faults import BadRequest
from transforms.dialect import ANY_CODE, Dialect
from transforms.registry import dialect_names
from transforms.wording import shown_value


def configured_values(*, dialect: Dialect, kraken: KrakenSettings) -> Mapping[str, Mapping[str, str]]:
    """Return Kraken's word for each legacy code by setting. Raises `BadRequest` for what cannot be meant."""
    whose = f"Configured values of Connection {kraken.connection_id}"
    unknown = sorted(set(kraken.configured_values) - set(dialect_names()))
    if unknown:
        raise BadRequest(
            f"{whose} name the dialect {unknown[0]}, which does not exist: name one of "
            f"{', '.join(dialect_names())}."
        )
    values = kraken.configured_values.get(dialect.name, {})
    unread = sorted(set(values) - dialect.settings)
    if unread:
        raise BadRequest(
            f"{whose} name {unread[0]} for {dialect.name}, "
            f"which that dialect does not use: name one of {', '.join(sorted(dialect.settings))}."
        )
    for setting, words in values.items():
        for code, word in words.items():
            problem = _problem(code=code, word=word)
            if problem:
                raise BadRequest(f"{whose}, setting {setting} of {dialect.name}, {problem}")
    return values


def _problem(*, code: str, word: str) -> str:
    """Return what is wrong with an entry; blank if nothing is. An empty code stands for a blank column."""
    shown = shown_value(value=code)
    if code == ANY_CODE and word != ANY_CODE:
        return (
            f"give {ANY_CODE} the value {shown_value(value=word)}: it may only be {ANY_CODE}, which "
            "sends each other code as it is."
        )
    if word == ANY_CODE and code != ANY_CODE:
        return f"give code {shown} the value {ANY_CODE}: name Kraken's word for it."
    if not word.strip():
        return f"give code {shown} no value: name Kraken's word for it, or leave the code out."
    if code != code.strip():
        return f"name code {shown} with blanks around it, which no code has: remove them."
    if word != word.strip():
        return f"give code {shown} a value with blanks around it: remove them."
    return ""
