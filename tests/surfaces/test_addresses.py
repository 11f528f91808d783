"""Every surface speaks the table of parameters: whatever it sends is taken, whatever it shows is sent."""

from __future__ import annotations

import re

import pytest

from daw_bridge.control.pattern import Pattern, is_pattern
from daw_bridge.control.replies import OTHER_MESSAGES, STATUS_MESSAGES
from daw_bridge.errors import BridgeError
from daw_bridge.parameters import MAX_DECKS, AddressTable, Arg, Parameter
from tests.surfaces.uses import Read, Sent, Use, all_uses

TABLE = AddressTable(MAX_DECKS)
USES = all_uses()


def rows(address: str) -> list[Parameter]:
    """The rows that an address or a pattern means.

    Raises:
        BridgeError: it means nothing.
    """
    if not is_pattern(address):
        return [TABLE.lookup(address).parameter]
    pattern = Pattern.parse(address)
    return [found.parameter for found in TABLE if pattern.matches(found.text)]


def takes(arg: Arg, kind: str) -> bool:
    """Whether an argument is of an OSC type: numbers and switches are taken for one another."""
    return kind in {"f": "fi", "i": "fi", "b": "fi", "s": "s", "q": "si"}[arg.type]


def fault(sent: Sent) -> str:
    """What is wrong with a message that is sent; empty when all of it is taken."""
    try:
        meant = rows(sent.address)
    except BridgeError as error:
        return str(error)
    if not meant:
        return "the pattern matches nothing"
    if not sent.types:
        meant = [row for row in meant if row.kind != "command"] or meant
    return "; ".join(filter(None, (_row_fault(row, sent) for row in meant)))


def _row_fault(row: Parameter, sent: Sent) -> str:
    if row.kind != "command" and not sent.types:
        return ""
    if row.kind == "readonly":
        return f"{row.path} can only be asked for"
    low, high = row.repeat
    group = len(row.args)
    fewest = sum(not arg.optional for arg in row.args) if high == 1 else low * group
    if not fewest <= len(sent.types) <= group * high or (high > 1 and len(sent.types) % group):
        return f"{row.path} takes {row.range_text()}"
    if not all(takes(row.args[index % group], kind) for index, kind in enumerate(sent.types)):
        return f"{row.path} takes {row.signature}"
    if sent.when and row.takes == "now":
        return f"{row.path} does not say when it is heard"
    if sent.values is not None:
        try:
            row.coerce(sent.values)
        except BridgeError as error:
            return str(error)
    return ""


def sent_by_daemon(address: str) -> str | None:
    """Types of a message that the daemon sends; None for one that it never does."""
    listed = dict(STATUS_MESSAGES) | {text: types for text, types, _ in OTHER_MESSAGES}
    found = TABLE.by_text.get(address)
    if found and found.parameter.kind != "command":
        types = "".join(arg.type for arg in found.parameter.args)
        return (types * found.parameter.repeat[1]).replace("b", "i")
    if address not in listed:
        return None
    plain = re.sub(r"\([^)]*\)", "", listed[address]).split(";")[0]
    return "".join(re.findall(r"\b([ifs]) *(?=,|$)", plain))


def shows(read: Read) -> bool:
    """Whether the daemon sends what is shown."""
    types = sent_by_daemon(read.address)
    if types is None or len(read.types) > len(types):
        return False
    return all(
        wanted in ("?", kind) or {wanted, kind} == {"f", "i"}
        for wanted, kind in zip(read.types, types, strict=False)
    )


@pytest.mark.parametrize(
    "use", [u for u in USES if isinstance(u, Sent)], ids=lambda u: f"{u.surface}{u.address}"
)
def test_what_a_surface_sends_is_taken(use: Sent) -> None:
    assert not fault(use)


@pytest.mark.parametrize(
    "use", [u for u in USES if isinstance(u, Read)], ids=lambda u: f"{u.surface}{u.address}"
)
def test_what_a_surface_shows_is_sent(use: Read) -> None:
    assert shows(use)


@pytest.mark.parametrize(
    ("surface", "least"),
    [("pure-data", 20), ("supercollider", 30), ("reaper", 7), ("touchosc", 60), ("open-stage-control", 60)],
)
def test_the_readers_find_what_the_surfaces_use(surface: str, least: int) -> None:
    found: list[Use] = [use for use in USES if use.surface == surface]
    assert len(found) >= least
    assert any(isinstance(use, Sent) and use.types for use in found)


@pytest.mark.parametrize(
    "wrong",
    [
        Sent("", "/bridge/temop", "f"),
        Sent("", "/bridge/tempo", "s"),
        Sent("", "/bridge/tempo", "f", (20.0,)),
        Sent("", "/bridge/position", "i"),
        Sent("", "/bridge/deck/9/start", ""),
        Sent("", "/bridge/deck/*/strat", ""),
        Sent("", "/bridge/deck/1/prompts", "sfs"),
        Sent("", "/bridge/clip/render", "si"),
    ],
    ids=lambda wrong: f"{wrong.address} {wrong.types}",
)
def test_a_wrong_message_is_found(wrong: Sent) -> None:
    assert fault(wrong)


@pytest.mark.parametrize(
    "wrong",
    [Read("", "/bridge/deck/1/start", "?"), Read("", "/bridge/error", "???"), Read("", "/bridge/ack", "f")],
    ids=lambda wrong: wrong.address,
)
def test_a_reading_of_what_is_never_sent_is_found(wrong: Read) -> None:
    assert not shows(wrong)
