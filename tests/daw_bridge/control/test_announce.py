from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from zeroconf import IPVersion, ServiceStateChange
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from daw_bridge.control.announce import OSC_QUERY, OSC_UDP, Announcement

HERE = ["127.0.0.1"]
# a port of its own, so that daemons which run beside are not mistaken for this test's
PORT = 20000 + os.getpid() % 20000


@asynccontextmanager
async def browsing(kind: str) -> AsyncIterator[tuple[AsyncZeroconf, dict[str, AsyncServiceInfo]]]:
    """Names of services of this test that are there now."""
    zeroconf = AsyncZeroconf(HERE)
    found: dict[str, AsyncServiceInfo] = {}
    looks: set[asyncio.Task[None]] = set()

    async def look(name: str) -> None:
        info = AsyncServiceInfo(f"{kind}.local.", name)
        if await info.async_request(zeroconf.zeroconf, 3000) and PORT <= (info.port or 0) <= PORT + 2:
            found[name] = info

    def changed(zeroconf: object, service_type: str, name: str, state_change: ServiceStateChange) -> None:
        if state_change == ServiceStateChange.Removed:
            found.pop(name, None)
        else:
            looks.add(asyncio.get_running_loop().create_task(look(name)))

    browser = AsyncServiceBrowser(zeroconf.zeroconf, f"{kind}.local.", handlers=[changed])
    try:
        yield zeroconf, found
    finally:
        for task in looks:
            task.cancel()
        await browser.async_cancel()
        await zeroconf.async_close()


async def until(found: dict[str, AsyncServiceInfo], count: int) -> None:
    for _ in range(100):
        if len(found) == count:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{len(found)} services instead of {count}")


def test_it_is_found_with_its_ports_and_gone_after_it_says_goodbye() -> None:
    async def scene() -> None:
        announcement = Announcement({OSC_UDP: PORT, OSC_QUERY: PORT + 1}, HERE)
        async with browsing(OSC_UDP) as (_, osc), browsing(OSC_QUERY) as (_, query):
            await announcement.start()
            await until(osc, 1)
            await until(query, 1)
            ((name, info),) = osc.items()
            assert name.startswith("daw-bridge on ")
            assert info.port == PORT
            assert info.parsed_addresses(IPVersion.V4Only) == HERE
            assert next(iter(query.values())).port == PORT + 1
            await announcement.close()
            await until(osc, 0)
            await until(query, 0)

    asyncio.run(scene())


def test_a_second_one_takes_another_name() -> None:
    async def scene() -> None:
        one, other = (Announcement({OSC_UDP: port}, HERE) for port in (PORT, PORT + 2))
        async with browsing(OSC_UDP) as (_, found):
            await one.start()
            await other.start()
            await until(found, 2)
            assert {info.port for info in found.values()} == {PORT, PORT + 2}
            await one.close()
            await other.close()

    asyncio.run(scene())


def test_a_network_that_cannot_be_used_is_an_os_error_and_closing_is_harmless() -> None:
    async def scene() -> None:
        announcement = Announcement({OSC_UDP: PORT}, ["192.0.2.77"])
        with pytest.raises(OSError, match=r"address|device"):
            await announcement.start()
        await announcement.close()

    asyncio.run(scene())
