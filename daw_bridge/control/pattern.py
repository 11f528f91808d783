"""OSC address patterns: ``?``, ``*``, ``[a-z]``, ``[!a]``, ``{one,two}`` and ``//`` (any depth)."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_PATTERN = 255
_TOKEN = re.compile(r"(?P<deep>//)|(?P<any>\?)|(?P<star>\*+)|\[(?P<set>[^\]/]+)\]|\{(?P<words>[^{}/]*)\}")


def is_pattern(address: str) -> bool:
    """Whether an address has any pattern character and so cannot be looked up directly."""
    return any(char in address for char in "*?[{") or "//" in address


@dataclass(frozen=True)
class _Literal:
    text: str

    def after(self, subject: str, positions: set[int]) -> set[int]:
        return {p + len(self.text) for p in positions if subject.startswith(self.text, p)}


@dataclass(frozen=True)
class _Words:
    words: tuple[str, ...]

    def after(self, subject: str, positions: set[int]) -> set[int]:
        return {p + len(word) for p in positions for word in self.words if subject.startswith(word, p)}


@dataclass(frozen=True)
class _OneOf:
    """One character but a slash: in the ranges, outside them when ``negated``, any when there are none."""

    ranges: tuple[tuple[str, str], ...] = ()
    negated: bool = False

    def after(self, subject: str, positions: set[int]) -> set[int]:
        return {p + 1 for p in positions if p < len(subject) and self._takes(subject[p])}

    def _takes(self, char: str) -> bool:
        if char == "/":
            return False
        inside = any(low <= char <= high for low, high in self.ranges)
        return not self.ranges or inside != self.negated


@dataclass(frozen=True)
class _Star:
    def after(self, subject: str, positions: set[int]) -> set[int]:
        reached = set(positions)
        for p in positions:
            while p < len(subject) and subject[p] != "/":
                p += 1
                reached.add(p)
        return reached


@dataclass(frozen=True)
class _Deep:
    """``//``: a slash, or any number of whole parts between two slashes."""

    def after(self, subject: str, positions: set[int]) -> set[int]:
        starts = [p for p in positions if subject.startswith("/", p)]
        first = min(starts, default=len(subject))
        return {i + 1 for i, char in enumerate(subject) if char == "/" and i >= first}


@dataclass(frozen=True)
class Pattern:
    """A parsed pattern. Matching takes time proportional to pattern times address: no pattern is slow."""

    tokens: tuple[_Literal | _Words | _OneOf | _Star | _Deep, ...]

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """Read a pattern.

        Raises:
            ValueError: longer than `MAX_PATTERN` characters, or a bracket or brace is not closed.
        """
        if len(text) > MAX_PATTERN:
            raise ValueError(f"an address pattern of {len(text)} characters: at most {MAX_PATTERN} are taken")
        tokens: list[_Literal | _Words | _OneOf | _Star | _Deep] = []
        index = 0
        for match in _TOKEN.finditer(text):
            tokens.extend(_literal(text[index : match.start()]))
            tokens.append(_token(match))
            index = match.end()
        tokens.extend(_literal(text[index:]))
        return cls(tuple(tokens))

    def matches(self, address: str) -> bool:
        """Whether the whole address fits."""
        positions = {0}
        for token in self.tokens:
            positions = token.after(address, positions)
            if not positions:
                return False
        return len(address) in positions


def _literal(text: str) -> list[_Literal]:
    if any(char in text for char in "[]{}"):
        raise ValueError("an address pattern with a bracket or brace that is empty or not closed")
    return [_Literal(text)] if text else []


def _token(match: re.Match[str]) -> _Words | _OneOf | _Star | _Deep:
    if match["deep"]:
        return _Deep()
    if match["any"]:
        return _OneOf()
    if match["star"]:
        return _Star()
    if match["set"] is None:
        return _Words(tuple(match["words"].split(",")))
    negated = match["set"].startswith("!")
    body = match["set"][negated:]
    ranges = re.findall(r"(.)-(.)|(.)", body, re.DOTALL)
    return _OneOf(tuple((low or one, high or one) for low, high, one in ranges) or (("!", "!"),), negated)
