"""Writes docs/control.md from the parameter table and docs/models.md from genmodels; ``--check`` only says
whether they are up to date."""

from __future__ import annotations

import sys
from pathlib import Path

import models_page
from models_page import table

from daw_bridge.clock.quantum import QUANTUM_NAMES
from daw_bridge.control.backlog import COALESCE_S
from daw_bridge.control.intake import MAX_AHEAD_S
from daw_bridge.control.listeners import MAX_CLIENTS, MAX_LISTENERS, SOON_S, SWEEP_S
from daw_bridge.control.osc import FAR_LEASE_S, LEASE_S
from daw_bridge.control.oscquery.tree import ATTRIBUTES
from daw_bridge.control.pages import MAX_BYTES, PAGE
from daw_bridge.control.replies import OTHER_MESSAGES, STATUS_MESSAGES
from daw_bridge.control.tcp import MAX_CONNECTIONS
from daw_bridge.decks.agenda import MAX_ENTRIES
from daw_bridge.decks.score import MAX_PLANNED
from daw_bridge.options import OPTIONS
from daw_bridge.parameters import MAX_STRING, PARAMETERS, Atom, Parameter, Values

DOCS = Path(__file__).resolve().parent.parent / "docs"

INTRODUCTION = f"""# Control reference

Generated from the parameter table by `make docs`; do not edit.

The daemon listens on port 7400 of this machine, over UDP and TCP (`port=`, `host=`, `allow=`: see Options),
and answers to where a message came from, over UDP to `reply_port` if that is set. Programs that browse find
all of this by OSCQuery.

- An address without arguments **asks**: the answer comes on the same address with the value.
- An address with arguments **sets**, and a command is **carried out**: the answer is `/bridge/ack` with the
  moment at which it will be heard, or `/bridge/error` with the reason. A refused message changes nothing.
- Numbers, 0/1 and true/false are taken for one another; NaN and infinity are refused; strings have at most
  {MAX_STRING} characters. Only the types i, f and s are sent.
- Address patterns work: `?`, `*`, `[1-3]`, `[!1]`, `{{a,b}}` and `//`. A pattern without arguments asks; it
  carries out commands only when it matches nothing else.
- **When**: a value may be followed by one more argument that says when it is to be heard: a quantum, or the
  number of a bar, as in `/bridge/deck/1/prompt "strings" 4M` or `/bridge/tempo 90 17`. Without it, the table
  of values says when. A later message for the same address and time replaces an earlier one; `cancel` drops
  what waits. While nothing plays there is no grid, and a quantum is at once; a bar waits for the music. At
  most {MAX_PLANNED:,} changes of what a deck's model is told wait for each deck, and {MAX_ENTRIES:,} of all
  other values; more are refused.
- Bundles are taken in order. Of one with a time tag in the future, at most {MAX_AHEAD_S:g} s ahead, values,
  starts and stops are heard at that time, and acknowledged when the bundle comes; everything else in it
  waits for the time.
- In a flood, values for one address are set at most every {COALESCE_S * 1000:g} ms: the last one wins, and
  only it is acknowledged. Nothing is reordered around commands.
- **Listen**: `/bridge/deck/1/gain/listen`, or any other value or read-only address followed by `/listen`,
  sends it at once, and from then on whenever it changes, wherever the change came from: OSC, MIDI, a scene,
  a preset, the music itself. Patterns work (`/bridge/deck/*/gain/listen`), arguments do not count, and
  {MAX_CLIENTS} clients may listen, to {MAX_LISTENERS} addresses in all. A value is sent at most every
  {SOON_S * 1000:g} ms and a read-only one at most every {SWEEP_S * 1000:g} ms, always the newest. Who sets a
  value is not told it again. `/unlisten` ends it. A deck that is taken away is silent; when it comes back,
  its listeners hear of it again.
- **Who has gone** is sent nothing more: a TCP client when it hangs up; a UDP client on Linux as soon as its
  system says that the port is closed, and one on another machine, whose firewall may keep that to itself,
  when it has sent nothing for {FAR_LEASE_S / 60:g} minutes; elsewhere any when it has sent nothing for
  {LEASE_S:g} s. Anything counts, such as `/bridge/ping` or listening again: who only watches should send
  that now and then.
- **Long messages**: no datagram is longer than {MAX_BYTES} bytes. A message that is comes in pages,
  `{PAGE} address index total first ...`: its address, the page's number from 0, how many there are, the
  number (from 0) of the argument that comes first in the page, and as many arguments as fit. A string that
  does not fit goes on in the next page, whose first argument then has the same number. Over TCP nothing is
  paged.
- **TCP**: packets by SLIP (OSC 1.1) or after their lengths as 32-bit numbers (OSC 1.0, liblo's default); the
  first byte tells, and answers come alike. {MAX_CONNECTIONS} connections are taken. Who does not read its
  answers is hung up on.
- **Quantum**: {", ".join(f"`{name}`" for name in QUANTUM_NAMES)} (M is bars; also
  triplets such as `1/8T` and any number of bars up to `99M`). `/bridge/quantum` is the grid for start and
  stop, `/bridge/deck/N/quantum` the grid for a deck's other values. In the table of values, *now* changes at
  once, *deck* by the deck's quantum.
"""


OSCQUERY = f"""## OSCQuery

Programs that browse OSC (Chataigne, ossia score, VDMX ...) find everything below at
`http://127.0.0.1:7401` (`oscquery=`), as the OSCQuery proposal has it, made from the same table:

- `GET /` is the whole tree as JSON, `GET /bridge/deck/1` a part of it, and `GET /bridge/tempo?VALUE` one
  attribute: {", ".join(f"`{name}`" for name in ATTRIBUTES)}. A switch has the type `T`; a command that needs
  no arguments has `N`, and what it may be given is in `OVERLOADS`. `GET /?HOST_INFO` says where OSC is
  spoken.
- A WebSocket at the same port takes OSC in binary frames and answers in them; switches come as T and F.
  `{{"COMMAND": "LISTEN", "DATA": "/bridge/tempo"}}` and `IGNORE` are what `/listen` and `/unlisten` are. When
  decks come or go it tells `PATH_ADDED`, `PATH_REMOVED` and `PATH_CHANGED`.
- The allow-list holds for it, too. Requests of web pages are refused unless they come from this machine or
  this port: their `Host` has to be a number, `localhost` or the machine's own name, their `Origin` a page of
  `localhost` or of the port itself.

With `host=` others can reach the instrument, and it is announced by mDNS as `_osc._udp`, `_osc._tcp` and
`_oscjson._tcp` (`announce=0`: not).
"""


def shown(values: Values) -> str:
    """Default values as one would type them."""
    if len(values) > 4:
        return f"{values[0]:g} ..." if isinstance(values[0], float) else f"{values[0]} ..."
    return f"`{' '.join(map(word, values))}`"


def word(value: Atom) -> str:
    """One value as one would type it."""
    if isinstance(value, str):
        return value or '""'
    return f"{value:g}"


def value_row(row: Parameter) -> tuple[str, ...]:
    """Cells of a value."""
    unit = f" {row.unit}" if row.unit else ""
    path = row.path.replace("{deck}", "N")
    return f"`{path}`", row.signature, f"{row.range_text()}{unit}", shown(row.default), row.takes, row.doc


def command_row(row: Parameter) -> tuple[str, ...]:
    """Cells of a command."""
    unit = f" {row.unit}" if row.unit else ""
    return (
        f"`{row.path.replace('{deck}', 'N')}`",
        row.signature or "none",
        f"{row.range_text()}{unit}",
        row.doc,
    )


def page() -> str:
    """The whole page."""
    of_kind = {kind: [p for p in PARAMETERS if p.kind == kind] for kind in ("value", "command", "readonly")}
    lines = [INTRODUCTION, OSCQUERY, "## Values", ""]
    lines += table(
        ("address", "arguments", "allowed", "default", "takes effect", ""), map(value_row, of_kind["value"])
    )
    lines += ["", "## Commands", ""]
    lines += table(("address", "arguments", "allowed", ""), map(command_row, of_kind["command"]))
    lines += ["", "## Read only", ""]
    lines += table(
        ("address", "answer", ""),
        ((f"`{p.path.replace('{deck}', 'N')}`", p.signature, p.doc) for p in of_kind["readonly"]),
    )
    lines += ["", "## Status messages", "", "The answer to `/bridge/status`, and what a subscriber gets:", ""]
    lines += table(("address", "arguments"), ((f"`{address}`", args) for address, args in STATUS_MESSAGES))
    lines += ["", "A subscriber also gets every value that somebody else sets, on its own address.", ""]
    lines += ["## Other messages from the daemon", ""]
    lines += table(
        ("address", "arguments", ""), ((f"`{address}`", args, doc) for address, args, doc in OTHER_MESSAGES)
    )
    lines += [
        "",
        "## Options",
        "",
        "Fixed while the daemon runs: `daw-bridge serve KEY=VALUE ...`, or keys of a preset.",
        "",
    ]
    lines += table(
        ("key", "allowed", "default", ""),
        (
            (f"`{name}`", option.arg.range_text(), shown((option.default,)), option.doc)
            for name, option in OPTIONS.items()
        ),
    )
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write or check the pages; 1 when a check finds one out of date."""
    stale = 0
    for path, text in ((DOCS / "control.md", page()), (DOCS / "models.md", models_page.page())):
        if path.is_file() and path.read_text() == text:
            continue
        if "--check" in sys.argv[1:]:
            print(f"{path} is out of date: run make docs", file=sys.stderr)
            stale = 1
        else:
            path.write_text(text)
    return stale


if __name__ == "__main__":
    sys.exit(main())
