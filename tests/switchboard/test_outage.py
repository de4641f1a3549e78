"""While the database is away every door says "later", and never that something went wrong here."""

from __future__ import annotations

import asyncio

import aiohttp
import pymongo

from channels.orders import SIGNATURE_HEADER, signed
from core import clock
from core.channel import Account
from core.forms.field import FormField
from core.forms.form import Form
from tests.running import running_hub
from tests.servers.proxy import proxy

BODY = b'{"id": "1", "status": "paid", "order": {"number": "A-1"}}'


async def test_what_cannot_be_looked_up_is_asked_for_again(database_uri: str, database_name: str) -> None:
    port = pymongo.uri_parser.parse_uri(database_uri)["nodelist"][0][1]
    async with proxy(port) as line:
        uri = f"mongodb://127.0.0.1:{line.port}/?directConnection=true"
        async with running_hub(uri, database_name, sample_data=False) as hub:
            stores = hub.parts.stores
            await stores.accounts.save(Account("orders", "shop", secrets={"secret": "hush"}))
            await stores.accounts.save(Account("webform", "site"))
            await stores.forms.save(Form("contact", "site", fields=(FormField("name"),)))
            line.cut()
            try:
                async with aiohttp.ClientSession() as session:
                    signature = {SIGNATURE_HEADER: signed("hush", BODY, clock.now())}
                    told = await asyncio.gather(
                        _told(session.post(f"{hub.url}/webhooks/orders/shop", data=BODY, headers=signature)),
                        _told(session.get(f"{hub.url}/forms/contact")),
                        _told(session.post(f"{hub.url}/forms/contact", json={"name": "Ann"})),
                    )
            finally:
                line.mend()
            assert [status for status, _ in told] == [503] * 3
            assert all(int(after) > 0 for _, after in told)


async def _told(request: aiohttp.client._RequestContextManager) -> tuple[int, str]:
    async with request as answer:
        return answer.status, answer.headers.get("Retry-After", "0")
