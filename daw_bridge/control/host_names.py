"""Names of this machine that nobody else can make point here."""

from __future__ import annotations

import socket


def machine() -> str:
    """The machine's short name."""
    return socket.gethostname().partition(".")[0].lower() or "host"


def announced_host() -> str:
    """The machine's name in announcements, apart from the one that its system may announce itself."""
    return f"{machine()}-daw-bridge.local"


def own_names() -> set[str]:
    """All of them, in small letters."""
    return {"localhost", socket.gethostname().lower(), machine(), f"{machine()}.local", announced_host()}
