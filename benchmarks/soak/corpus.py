"""Datagrams for the fuzz: valid ones for every address, and what can be made of them."""

from __future__ import annotations

import random
import struct

from daw_bridge.control.listeners import LISTEN, UNLISTEN
from daw_bridge.control.packet import encode
from daw_bridge.parameters import AddressTable, Parameter

AWKWARD = (b"\0", b"\xff", b"/", b",", b"#bundle\0", b"*", b"[!-", b"{,}", b"\x7f\x80\0\0", b"\x80\0\0\0")
LISTENED = ("/bridge/tempo", "/bridge/deck/2/gain", "/bridge/deck/*/state", "/bridge/position")
SCENE, TUNE = "drop", "tune.mid"
KNOWN: dict[str, tuple[float | int | str, ...]] = {
    "/bridge/scene": (SCENE,),
    "/bridge/melody/load": (TUNE,),
    "/bridge/melody/arm": (1, 0, "1/16", "notes"),
    "/bridge/midi/learn": ("/bridge/tempo", ""),
    "/bridge/deck/{deck}/phrase": ("8 A4@0+4 E5@4+4",),
}
"""Allowed arguments, where the table's kinds alone give none; the fuzz provides the scene and the file."""
TAGS = b"ifsbTFNIhtdScrm[]"


def seeds(decks: int) -> list[bytes]:
    """A question and a plausible message for every address, patterns, and bundles of some."""
    found = []
    for address in AddressTable(decks):
        found.append(encode(address.text, ()))
        found.append(encode(address.text, _plausible(address.parameter)))
    found += [
        encode("/bridge/deck/*/gain", (-6.0,)),
        encode("/bridge/{tempo,gain}", (100.0,)),
        encode("//key", ()),
        *(encode(f"{each}{ending}", ()) for each in LISTENED for ending in (LISTEN, UNLISTEN)),
    ]
    found += [_bundle(found[n : n + 3], now=n % 2 == 0) for n in range(0, len(found) - 3, 5)]
    return found


def mutant(corpus: list[bytes], rng: random.Random) -> bytes:
    """One datagram: random bytes, or a seed changed once to four times."""
    if rng.random() < 0.05:
        return rng.randbytes(rng.randrange(0, 200))
    data = bytearray(rng.choice(corpus))
    for _ in range(rng.randint(1, 4)):
        _MUTATIONS[rng.randrange(len(_MUTATIONS))](data, corpus, rng)
    return bytes(data[:65000])


def _plausible(parameter: Parameter) -> tuple[float | int | str, ...]:
    """Arguments such as the table asks for; not always allowed ones."""
    if parameter.path in KNOWN:
        return KNOWN[parameter.path]
    count = max(1, parameter.repeat[0]) if parameter.repeat else 1
    values = [0.5 if arg.type == "f" else 1 if arg.type in "ib" else "1M" for arg in parameter.args]
    return tuple(values * count)


def _bundle(parts: list[bytes], now: bool) -> bytes:
    stamp = struct.pack(">Q", 1) if now else struct.pack(">II", 0xF0000000, 0)
    return b"#bundle\0" + stamp + b"".join(struct.pack(">i", len(part)) + part for part in parts)


def _flip(data: bytearray, _: list[bytes], rng: random.Random) -> None:
    if data:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _cut(data: bytearray, _: list[bytes], rng: random.Random) -> None:
    del data[rng.randrange(len(data) + 1) :]


def _drop(data: bytearray, _: list[bytes], rng: random.Random) -> None:
    at = rng.randrange(len(data) + 1)
    del data[at : at + rng.choice((1, 2, 4, 8))]


def _insert(data: bytearray, _: list[bytes], rng: random.Random) -> None:
    at = rng.randrange(len(data) + 1)
    data[at:at] = rng.choice(AWKWARD) * rng.choice((1, 1, 1, 4, 300))


def _number(data: bytearray, _: list[bytes], rng: random.Random) -> None:
    """Four bytes become an extreme integer or float."""
    if len(data) >= 4:
        at = 4 * rng.randrange(len(data) // 4)
        word = rng.choice((0, -1, 2**31 - 1, -(2**31), 1 << 20))
        real = rng.choice((float("nan"), float("inf"), -1e38, 1e-45))
        data[at : at + 4] = struct.pack(">i", word) if rng.random() < 0.5 else struct.pack(">f", real)


def _retag(data: bytearray, _: list[bytes], rng: random.Random) -> None:
    at = data.find(b",")
    if 0 <= at < len(data) - 1:
        data[at + 1] = rng.choice(TAGS)


def _splice(data: bytearray, corpus: list[bytes], rng: random.Random) -> None:
    other = rng.choice(corpus)
    data[rng.randrange(len(data) + 1) :] = other[rng.randrange(len(other)) :]


def _wrap(data: bytearray, _: list[bytes], rng: random.Random) -> None:
    """A bundle of it, sometimes many deep."""
    for _level in range(rng.choice((1, 1, 2, 40))):
        data[:] = _bundle([bytes(data)], now=True)


_MUTATIONS = (_flip, _flip, _cut, _drop, _insert, _number, _retag, _splice, _wrap)
