"""Presets: YAML files of options and parameter values, checked against the tables before anything starts."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from daw_bridge.control.midi.mapping import MidiSetup
from daw_bridge.control.midi.section import read_section
from daw_bridge.errors import ParameterError, PresetError, shorten_text
from daw_bridge.options import OPTIONS, Option, Setup
from daw_bridge.parameters import MAX_DECKS, Address, AddressTable, Arg, Atom, Values

COMMAND_LINE = "command line"
SECTION = "midi"


def bundled() -> dict[str, Path]:
    """The presets that come with the program: name to file, sorted."""
    folder = Path(__file__).resolve().parent.parent / "presets"
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def find(name: str) -> Path:
    """The file of a preset: a path, or the name of a bundled one.

    Raises:
        PresetError: neither exists.
    """
    path = Path(name).expanduser()
    if path.is_file():
        return path
    known = bundled()
    if name in known:
        return known[name]
    raise PresetError(f"preset {shorten_text(name)}: no such file; the bundled ones are {', '.join(known)}")


def load(preset: str | Path | None = None, words: Sequence[str] = ()) -> Setup:
    """Read a preset and ``key=value`` words; later ones overrule earlier ones.

    A key is an option's name, or a parameter's address without ``/bridge/``, with slashes or dots:
    ``deck.1.prompt=warm piano``. In YAML keys may be nested; the section ``midi`` is for controllers, and
    ``midi=FILE`` takes that of another file.

    Raises:
        PresetError: the file is missing or is not YAML, a key is unknown, or a value is out of range; names
            file, key, value and range.
    """
    found: dict[str, tuple[str, object]] = {}
    midi = MidiSetup()
    if preset is not None:
        path = find(str(preset))
        content = dict(_read(path))
        if SECTION in content:
            midi = _section(path, content.pop(SECTION))
        for key, value in _flatten(content):
            found[key] = (str(path), value)
    for word in words:
        if word.startswith(f"{SECTION}="):
            path = find(word.partition("=")[2])
            midi = _section(path, _read(path).get(SECTION))
            continue
        key, value = _read_word(word)
        found.pop(key, None)
        found[key] = (COMMAND_LINE, value)
    return replace(_check(found), midi=midi)


def _section(path: Path, content: object) -> MidiSetup:
    return read_section(str(path), content, check_values)


def check_values(source: str, tree: Mapping[Any, Any]) -> tuple[tuple[Address, Values], ...]:
    """Values of parameters, with keys as in a preset, checked.

    Args:
        source: names the place in refusals.

    Raises:
        PresetError: a key is no value parameter's, or a value is out of range.
    """
    values = []
    for key, value in _flatten(tree):
        target = _target(source, key)
        if isinstance(target, Option):
            raise PresetError(f"{source}: {_shown(key)} is fixed while the daemon runs")
        values.append((target, _coerced(source, key, target, value)))
    return tuple(values)


def _read(path: Path) -> Mapping[Any, Any]:
    from omegaconf import OmegaConf

    try:
        content = OmegaConf.to_container(OmegaConf.load(path), resolve=True)
    except _reading_errors() as error:
        raise PresetError(f"{path}: cannot be read: {' '.join(str(error).split())}") from error
    if not isinstance(content, Mapping):
        raise PresetError(f"{path}: a preset is a list of 'key: value' lines")
    return content


def _reading_errors() -> tuple[type[Exception], ...]:
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError  # type: ignore[import-untyped]

    return OSError, UnicodeDecodeError, OmegaConfBaseException, YAMLError


def _read_word(word: str) -> tuple[str, object]:
    key, equals, text = word.partition("=")
    if not equals:
        raise PresetError(f"{COMMAND_LINE}: {shorten_text(word)} is not of the form key=value")
    key = _normal(key)
    target = _target(COMMAND_LINE, key)
    args = (target.arg,) if isinstance(target, Option) else target.parameter.args
    if len(args) == 1 and args[0].type in "sq":
        return key, text
    return key, _yaml_value(text)


def _yaml_value(text: str) -> object:
    from omegaconf import OmegaConf

    try:
        content = OmegaConf.to_container(OmegaConf.from_dotlist([f"value={text}"]), resolve=True)
    except _reading_errors():
        return text
    assert isinstance(content, dict)
    return content["value"]


def _flatten(tree: Mapping[Any, Any], above: str = "") -> Iterator[tuple[str, object]]:
    for key, value in tree.items():
        name = _normal(f"{above}/{key}")
        if isinstance(value, Mapping):
            yield from _flatten(value, name)
        else:
            yield name, value


def _normal(key: str) -> str:
    parts = [part for part in key.strip().replace(".", "/").split("/") if part]
    return "/".join(parts[1:] if parts[:1] == ["bridge"] else parts)


_ADDRESSES = {
    address.text.removeprefix("/bridge/"): address
    for address in AddressTable(MAX_DECKS)
    if address.parameter.kind == "value"
}


def _target(source: str, key: str) -> Option | Address:
    target = OPTIONS.get(key) or _ADDRESSES.get(key)
    if target is None:
        near = difflib.get_close_matches(key, [*OPTIONS, *_ADDRESSES], 1)
        hint = f": did you mean {_shown(near[0])}?" if near else ""
        raise PresetError(f"{source}: unknown key {shorten_text(_shown(key))}{hint}")
    return target


def _check(found: Mapping[str, tuple[str, object]]) -> Setup:
    options: dict[str, Atom] = {name: option.default for name, option in OPTIONS.items()}
    values: list[tuple[Address, Values]] = []
    for key, (source, value) in found.items():
        target = _target(source, key)
        coerced = _coerced(source, key, target, value)
        if isinstance(target, Option):
            options[key] = coerced[0]
        else:
            values.append((target, coerced))
    _count_decks(options, values, found)
    return Setup(options, tuple(values), given=frozenset(found) & frozenset(OPTIONS))


def _coerced(source: str, key: str, target: Option | Address, value: object) -> Values:
    """A value checked by its table."""
    if isinstance(target, Option):
        try:
            return (target.arg.coerce(_text(target.arg, value)),)
        except (ValueError, OverflowError):
            raise _refusal(source, key, value, target.arg.range_text()) from None
    args = target.parameter.args
    given = value if isinstance(value, list | tuple) else [value]
    try:
        return target.parameter.coerce([_text(args[n % len(args)], item) for n, item in enumerate(given)])
    except ParameterError as error:
        raise _refusal(source, key, value, error.allowed) from None


def _text(arg: Arg, value: object) -> object:
    """For a string, what YAML read as a number, or as a list, is put back into words."""
    if arg.type != "s" or isinstance(value, str | bool) or value is None:
        return value
    if isinstance(value, Iterable):
        return ", ".join(map(str, value))
    return str(value)


def _count_decks(
    options: dict[str, Atom], values: list[tuple[Address, Values]], found: Mapping[str, tuple[str, object]]
) -> None:
    used = max((address.deck or 1 for address, _ in values), default=1)
    if "decks" not in found:
        options["decks"] = max(used, int(options["decks"]))
    elif used > int(options["decks"]):
        raise _refusal(
            found["decks"][0], "decks", options["decks"], f"{used} or more: deck {used} has values"
        )


def _refusal(source: str, key: str, value: object, allowed: str) -> PresetError:
    return PresetError(f"{source}: {ParameterError(_shown(key), value, allowed)}")


def _shown(key: str) -> str:
    return key.replace("/", ".")
