"""Learn: the next control that is moved is bound to an address, and kept in a file."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from daw_bridge.control.midi.binding_reader import read_binding
from daw_bridge.control.midi.events import FINE_OFFSET, Control, Event
from daw_bridge.control.midi.mapping import Binding, Source, Turn
from daw_bridge.control.midi.parameters import FINE
from daw_bridge.errors import PresetError

LEARN_S = 30.0
LEARNABLE = ("note", "cc", "cc14", "nrpn", "rpn", "program", "bend", "pressure")

Entry = dict[str, Any]


@dataclass
class Learner:
    """Learned bindings, and the address that waits for a control.

    Args:
        path: YAML file, a preset that has a ``midi`` section alone; made with its folder when needed.
        map: what is bound besides; its ranges are kept.
    """

    path: Path
    map: Sequence[Binding] = ()
    entries: list[Entry] = field(default_factory=list)
    _waiting: tuple[str, str, float] | None = None
    _readable: bool = False

    def load(self) -> None:
        """Read the file; nothing happens where there is none.

        Raises:
            PresetError: the file cannot be used; names it.
        """
        import yaml  # type: ignore[import-untyped]

        try:
            content = yaml.safe_load(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            self._readable = True
            return
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise PresetError(f"{self.path}: cannot be read: {' '.join(str(error).split())}") from error
        section = content.get("midi") if isinstance(content, Mapping) else None
        entries = section.get("map") if isinstance(section, Mapping) else None
        if not isinstance(entries, list):
            raise PresetError(f"{self.path}: not a file of learned bindings: remove it")
        self.entries = [dict(entry) if isinstance(entry, Mapping) else entry for entry in entries]
        try:
            self.bindings()
        except PresetError:
            self.entries = []
            raise
        self._readable = True

    def bindings(self) -> list[Binding]:
        """What has been learned.

        Raises:
            PresetError: an entry of the file cannot be used.
        """
        return [
            read_binding(f"{self.path}: midi.map[{number}]", entry)
            for number, entry in enumerate(self.entries)
        ]

    def arm(self, address: str, mode: str, now: float) -> None:
        """Bind the next control to an address; an empty address binds nothing any more.

        Args:
            mode: how the control speaks: '' as it does, ``'cc14'``, or an encoding of endless encoders.

        Raises:
            PresetError: the address cannot be bound to any control.
        """
        self._waiting = None
        if address:
            press = not mode and _takes_press(address)
            tried = Control("note", 1) if press else Control("cc", 1)
            read_binding("learn", _entry("", Event(tried, 1, 127), address, mode))
            self._waiting = address, mode, now + LEARN_S

    def waits(self, now: float) -> bool:
        """Whether a control is waited for; it is for `LEARN_S`."""
        return self._waiting is not None and now <= self._waiting[2]

    def take(self, port: str, event: Event, now: float) -> Binding | None:
        """The binding that a control makes, which replaces what that control did; None where it makes none:
        nothing waits, a release, or a control that cannot do what is wanted. Range, curve and takeover are
        those that the map has for the address, best for this very control; else the table's.

        Raises:
            OSError: the file cannot be written; the binding holds all the same.
        """
        if self._waiting is None or not self.waits(now) or event.control.kind not in LEARNABLE:
            return None
        if event.control.kind == "note" and event.value == 0:
            return None
        address, mode, _ = self._waiting
        if mode == FINE and event.control.kind == "cc" and event.control.number >= 2 * FINE_OFFSET:
            return None
        entry = _entry(port, event, address, mode)
        try:
            entry |= self._way(read_binding("learn", entry))
            binding = read_binding("learn", entry)
        except PresetError:
            return None
        self._waiting = None
        taken = _controls(binding.source)
        self.entries = [other for other in self.entries if read_binding("learn", other).source not in taken]
        self.entries.append(entry)
        self._save()
        return binding

    def forget(self, address: str) -> bool:
        """Remove what was learned for an address ('' for all); whether there was anything.

        Raises:
            OSError: the file cannot be written.
        """
        name = _short(address)
        kept = [entry for entry in self.entries if address and entry.get("to") != name]
        changed = len(kept) != len(self.entries)
        self.entries = kept
        if changed:
            self._save()
        return changed

    def _way(self, binding: Binding) -> Entry:
        """How the map has the value of a learned binding run."""
        action, source = binding.action, binding.source
        if not isinstance(action, Turn):
            return {}
        known = [
            (each.source.control != source.control, number, each.action)
            for number, each in enumerate(self.map)
            if isinstance(each.action, Turn)
            and (each.action.address, each.action.argument) == (action.address, action.argument)
            and not each.action.choices
        ]
        if not known:
            return {}
        model = min(known)[-1]
        way = model.range
        return {"low": way.low, "high": way.high, "curve": way.curve, "takeover": model.takeover}

    def _save(self) -> None:
        import yaml

        self.path.parent.mkdir(parents=True, exist_ok=True)
        if not self._readable and self.path.exists():
            os.replace(self.path, self.path.with_name(f"{self.path.name}.unreadable"))
        self._readable = True
        partial = self.path.with_name(f".{self.path.name}.partial")
        text = yaml.safe_dump({"midi": {"map": self.entries}}, sort_keys=False)
        with partial.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, self.path)


def _entry(port: str, event: Event, address: str, mode: str) -> Entry:
    kind, number = event.control.kind, event.control.number
    entry: Entry = {kind: True if kind in ("bend", "pressure") else number}
    if kind == "cc" and mode == FINE:
        entry = {FINE: number % FINE_OFFSET}
    elif kind == "cc" and mode:
        entry["relative"] = mode
    if port:
        entry["port"] = port
    if event.channel:
        entry["channel"] = event.channel
    return entry | {"to": _short(address)}


def _controls(source: Source) -> list[Source]:
    """A control, and those that it is put together from."""
    kind, number = source.control
    numbers = (number, number + FINE_OFFSET) if kind == FINE else ()
    return [source, *(replace(source, control=Control("cc", each)) for each in numbers)]


def _takes_press(address: str) -> bool:
    """Whether a press can do what an address wants."""
    try:
        read_binding("learn", {"note": 0, "to": _short(address)})
    except PresetError:
        return False
    return True


def _short(address: str) -> str:
    return address.removeprefix("/bridge/").strip("/")
