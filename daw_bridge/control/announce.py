"""Announcement: being found by mDNS (DNS-SD), as hosts, tablets and browsers of OSCQuery look for it."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress

from zeroconf import (  # type: ignore[attr-defined]
    Error,
    InterfaceChoice,
    ServiceInfo,
    get_all_addresses,
)
from zeroconf.asyncio import AsyncZeroconf

from daw_bridge.control.host_names import announced_host, machine
from daw_bridge.control.port import is_loopback

log = logging.getLogger(__name__)

OSC_UDP, OSC_TCP, OSC_QUERY = "_osc._udp", "_osc._tcp", "_oscjson._tcp"
CLOSE_LIMIT_S = 1.0


class Announcement:
    """Announces services of this machine; another instrument of the same name is given a number.

    Args:
        ports: service type to port.
        addresses: numeric addresses at which the services are; those of all interfaces when empty.
    """

    def __init__(self, ports: Mapping[str, int], addresses: Sequence[str] = ()) -> None:
        self._ports = ports
        self._addresses = addresses
        self._zeroconf: AsyncZeroconf | None = None

    async def start(self) -> None:
        """Announce; it takes a second or two, as others are asked for their names first.

        Raises:
            OSError: the network cannot be used for it.
        """
        addresses = [*(self._addresses or (each for each in get_all_addresses() if not is_loopback(each)))]
        packed = [ipaddress.ip_address(each.partition("%")[0]).packed for each in addresses]
        self._zeroconf = AsyncZeroconf(self._addresses or InterfaceChoice.All)
        for kind, port in self._ports.items():
            info = ServiceInfo(
                f"{kind}.local.",
                f"daw-bridge on {machine()}.{kind}.local.",
                port=port,
                addresses=packed,
                server=f"{announced_host()}.",
                properties={"txtvers": "1"},
            )
            try:
                await self._zeroconf.async_register_service(info, allow_name_change=True)
            except Error as error:
                raise OSError(f"{type(error).__name__} {error}") from error

    async def close(self) -> None:
        """Say goodbye; gives up after `CLOSE_LIMIT_S`."""
        zeroconf, self._zeroconf = self._zeroconf, None
        if zeroconf is not None:
            with suppress(TimeoutError, asyncio.TimeoutError, OSError):
                await asyncio.wait_for(zeroconf.async_close(), CLOSE_LIMIT_S)
