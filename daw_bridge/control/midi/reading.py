"""Entry: one mapping of a preset's ``midi`` section, read key by key."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from daw_bridge.errors import ParameterError, PresetError
from daw_bridge.parameters import Atom


@dataclass
class Entry:
    """A mapping of the section, of which every key has to be used."""

    where: str
    content: Mapping[Any, Any]
    used: set[Any] = field(default_factory=set)

    def take(self, key: str, default: Any = None) -> Any:
        """A value as it stands."""
        self.used.add(key)
        return self.content.get(key, default)

    def text(self, key: str, allowed: tuple[str, ...] = (), default: str = "") -> str:
        """A text, one of ``allowed`` where there are any."""
        value = self.take(key, default)
        if not isinstance(value, str | int) or isinstance(value, bool) or (allowed and value not in allowed):
            raise self.refused(key, value, ", ".join(allowed) if allowed else "a text")
        return str(value)

    def number(self, key: str, low: float, high: float, default: float | None = None) -> float:
        """A number in a range."""
        value = self.take(key, default)
        good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if not good or not low <= value <= high:
            raise self.refused(key, value, f"a number {low:g}..{high:g}")
        return float(value)

    def whole(self, key: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number in a range."""
        value = self.number(key, low, high, default)
        if value != int(value):
            raise self.refused(key, value, f"a whole number {low}..{high}")
        return int(value)

    def one_of(self, keys: tuple[str, ...]) -> str:
        """The one of several keys that is there."""
        found = [key for key in keys if key in self.content]
        if len(found) != 1:
            raise PresetError(
                f"{self.where}: one of {', '.join(keys)} is needed, not {' and '.join(found) or 'none'}"
            )
        return found[0]

    def refused(self, key: str, value: object, allowed: str) -> PresetError:
        """What to raise about a value."""
        return PresetError(f"{self.where}: {ParameterError(key, value, allowed)}")

    def finish(self) -> None:
        """Refuse keys that nobody has taken."""
        unknown = [str(key) for key in self.content if key not in self.used]
        if unknown:
            raise PresetError(
                f"{self.where}: unknown key {unknown[0]}; known are {', '.join(sorted(map(str, self.used)))}"
            )


def mapping_entry(where: str, content: object) -> Entry:
    """An entry at a place.

    Raises:
        PresetError: the content is no mapping.
    """
    if not isinstance(content, Mapping):
        raise PresetError(f"{where}: 'key: value' lines are needed, not {content!r:.80}")
    return Entry(where, content)


def list_of(entry: Entry, key: str) -> list[Atom]:
    """A list of an entry; empty where it is left out."""
    value = entry.take(key, [])
    if not isinstance(value, list | tuple):
        raise entry.refused(key, value, "a list")
    return list(value)
