"""Origin: which requests come from programs, and which from web pages that have no business here.

A page that a browser shows can send requests to this machine. Under a name of its own that it lets point
here (DNS rebinding) it could even read the answers; a WebSocket it may open to wherever it wants. Browsers
say what name a request goes to (``Host``) and whose page it comes from (``Origin``), and pages cannot forge
these.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from daw_bridge.control.host_names import own_names
from daw_bridge.control.port import is_loopback


def is_own_host(header: str | None) -> bool:
    """Whether a ``Host`` names this machine by something that nobody else can make point here: a number,
    ``localhost``, or the machine's own names. A program that sends none is believed."""
    if header is None:
        return True
    name = _host_of(f"//{header}")
    return name is not None and (_is_number(name) or name in own_names())


def is_own_origin(origin: str | None, host: str | None) -> bool:
    """Whether an ``Origin`` is this very port or a page that this machine serves; programs send none."""
    if origin is None:
        return True
    name = _host_of(origin)
    if name is None or urlsplit(origin).scheme not in ("http", "https"):
        return False
    return is_loopback(name) or (host is not None and origin.lower() == f"http://{host}".lower())


def _host_of(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _is_number(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
