"""Guard: who may play, by network address."""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Sequence

from daw_bridge.control.port import check_allow, is_this_machine

log = logging.getLogger(__name__)

MAX_KNOWN = 1024


class Guard:
    """The allow-list of a daemon. This machine may always play.

    Args:
        host: address that the daemon listens on.
        allow: addresses or networks that are listened to besides; needed on a host that others can reach.

    Raises:
        AddressError: others can reach the host and ``allow`` is empty, or an entry of it is no address.
    """

    def __init__(self, host: str, allow: Sequence[str] = ()) -> None:
        self._networks = check_allow(host, allow)
        self._known: dict[str, bool] = {}

    def admits(self, host: str) -> bool:
        """Whether a sender may play; one that may not is named in the log, once."""
        admitted = self._known.get(host)
        if admitted is None:
            admitted = is_this_machine(host) or any(_ip(host) in network for network in self._networks)
            if len(self._known) < MAX_KNOWN:
                self._known[host] = admitted
                if not admitted:
                    log.warning("%s is not in the allow-list: its messages are not taken", host)
        return admitted


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    address = ipaddress.ip_address(host.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address
