"""Damaged responses over real sockets: no session, listing or sign-in ends by an exception not its own."""

from __future__ import annotations

import asyncio

import pytest

from kraken_import.client.session import UnableToList
from proofs.answers import wire
from proofs.answers.__main__ import told
from proofs.answers.contract import Parser, search
from tests.integration.client.talking import talk_to
from tests.integration.client.wire import Seen, serve


@pytest.mark.parametrize("each", wire.PARSERS, ids=lambda each: each.name)
def test_a_session_keeps_its_contract_with_any_response(each: Parser) -> None:
    line = search(parser=each, inputs=80, seed=7)
    assert line.breach is None, told(line=line)


async def _list(number: str) -> list[str]:
    async def behave(request: Seen) -> None:
        await request.reply(200, [{"external_account_number": number, "kraken_account_number": "A" * 201}])

    async with serve(behave) as server, talk_to(server.url) as talk:
        pages = talk.session.listing(imported=True, import_supplier="X")
        return [each.external_identifier for page in [page async for page in pages] for each in page]


def test_a_listed_account_whose_number_no_index_could_hold_breaks_the_listing() -> None:
    assert asyncio.run(_list("1" * 200)) == ["1" * 200]
    with pytest.raises(UnableToList):
        asyncio.run(_list("1" * 201))
