"""Ports: bound early, and who holds one when it is taken."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from daw_bridge.errors import BridgeError, PortInUseError

RECEIVE_BUFFER = 4 * 1024 * 1024
SEND_BUFFER = 1024 * 1024
BACKLOG = 64
_IP_RECVERR = 11
_IPV6_RECVERR = 25


class AddressError(BridgeError):
    """The host cannot be listened on."""

    exit_code = 2


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the host address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_this_machine(host: str) -> bool:
    """Whether a sender's address is one of this machine's: only such a one can be bound to."""
    if is_loopback(host):
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
        with socket.socket(
            socket.AF_INET if address.version == 4 else socket.AF_INET6, socket.SOCK_DGRAM
        ) as sock:
            sock.bind((host, 0))
    except (ValueError, OSError):
        return False
    return True


def bind(host: str, port: int) -> socket.socket:
    """A bound non-blocking UDP socket with large buffers; port 0 takes any free one.

    Raises:
        PortInUseError: another program has the port; names it where the system tells.
        AddressError: the host is not one of this machine's addresses, or the port is not allowed.
    """
    sock, address = _unbound(host, port, socket.SOCK_DGRAM)
    _enlarge(sock, socket.SO_RCVBUF, RECEIVE_BUFFER)
    _enlarge(sock, socket.SO_SNDBUF, SEND_BUFFER)
    if sys.platform == "linux":
        if sock.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)
        else:
            sock.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
    return _bound(sock, address, host, port, "port")


def listen(host: str, port: int, option: str = "port") -> socket.socket:
    """A listening non-blocking TCP socket; port 0 takes any free one.

    Args:
        option: the one that names the port, for refusals.

    Raises:
        PortInUseError, AddressError: as `bind`.
    """
    sock, address = _unbound(host, port, socket.SOCK_STREAM)
    if sys.platform != "win32":
        # connections of a daemon that has just ended do not keep the next one from the port
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound = _bound(sock, address, host, port, option)
    bound.listen(BACKLOG)
    return bound


def _unbound(host: str, port: int, kind: socket.SocketKind) -> tuple[socket.socket, Any]:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=kind)[0]
    except OSError as error:
        raise AddressError(f"host={host}: {error.strerror}") from error
    sock = socket.socket(family, kind, protocol)
    sock.setblocking(False)
    if sys.platform == "win32":
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
    return sock, address


def _bound(sock: socket.socket, address: Any, host: str, port: int, option: str) -> socket.socket:
    protocol = "TCP" if sock.type == socket.SOCK_STREAM else "UDP"
    try:
        sock.bind(address)
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRINUSE:
            raise PortInUseError(in_use_text(port, protocol, option)) from None
        raise AddressError(f"{protocol} {host}:{port} cannot be listened on: {error.strerror}") from error
    return sock


def check_allow(host: str, allow: Sequence[str]) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """The networks of an allow-list.

    Raises:
        AddressError: an entry is no address or network; or the list is empty and others can reach the host.
    """
    if not is_loopback(host) and not allow:
        raise AddressError(
            f"host={host} can be reached by others: say who may play with allow=ADDRESS,NETWORK/24"
        )
    return [_network(entry) for entry in allow]


def _network(entry: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(entry, strict=False)
    except ValueError:
        raise AddressError(
            f"allow={entry}: not an address or network such as 192.168.1.20 or 10.0.0.0/8"
        ) from None


def in_use_text(port: int, protocol: str = "UDP", option: str = "port") -> str:
    """What to say when a port is taken."""
    holder = port_holder(port, protocol)
    by = f"by {holder}" if holder else "by another program"
    return f"{protocol} port {port} is in use {by}: stop it, or choose another with {option}=N"


def port_holder(port: int, protocol: str = "UDP") -> str | None:
    """``'name (process 123)'`` of the program that holds a port; None where that cannot be known."""
    inodes = set()
    for table in (protocol.lower(), f"{protocol.lower()}6"):
        try:
            lines = Path("/proc/net", table).read_text().splitlines()[1:]
        except OSError:
            continue
        columns = [line.split() for line in lines]
        inodes |= {c[9] for c in columns if len(c) > 9 and int(c[1].rpartition(":")[2], 16) == port}
    wanted = {f"socket:[{inode}]" for inode in inodes}
    if not wanted:
        return None
    for process in Path("/proc").glob("[0-9]*"):
        if _holds(process, wanted):
            try:
                return f"{(process / 'comm').read_text().strip()} (process {process.name})"
            except OSError:
                return f"process {process.name}"
    return None


def _holds(process: Path, wanted: set[str]) -> bool:
    try:
        for descriptor in os.scandir(process / "fd"):
            if os.readlink(descriptor.path) in wanted:
                return True
    except OSError:
        pass
    return False


def _enlarge(sock: socket.socket, option: int, size: int) -> None:
    try:
        sock.setsockopt(socket.SOL_SOCKET, option, size)
    except OSError:
        return
