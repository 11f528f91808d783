"""Conditions and tokens as JSON, and back, to the last bit."""

from __future__ import annotations

import base64
import hashlib
import types
import typing
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from daw_bridge.errors import TakeError
from daw_bridge.melody.track import PhraseChroma, SteppedChroma
from genmodels.conditioning.attributes import Conditions
from genmodels.conditioning.harmony import ChordProgression, ConstantChroma, RecordedChroma

Json = Any
Array = NDArray[Any]

_CLASS = "is"
_ARRAY = "array"
_TOKENS = np.dtype("<i2")


def encode_value(value: object, keep: Callable[[Array], str]) -> Json:
    """Plain values, tuples and the dataclasses that steer a model as JSON.

    Args:
        keep: takes an array and returns the name under which the journal holds it.

    Raises:
        TypeError: something else is in it.
    """
    if isinstance(value, np.ndarray):
        return {_ARRAY: keep(value)}
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, tuple | list):
        return [encode_value(item, keep) for item in value]
    if isinstance(value, frozenset | set):
        return sorted(value)
    if isinstance(value, Mapping):
        return {str(key): encode_value(item, keep) for key, item in value.items()}
    name = type(value).__name__
    if is_dataclass(value) and _classes().get(name) is type(value):
        parts = {field.name: encode_value(getattr(value, field.name), keep) for field in fields(value)}
        return {_CLASS: name, **parts}
    raise TypeError(f"a journal cannot hold {value!r} ({type(value).__name__})")


def decode_value(text: Json, arrays: Mapping[str, Array]) -> Any:
    """The value that `encode_value` was given; lists come back as tuples.

    Raises:
        TakeError: the journal names a class or an array that is not known.
    """
    if isinstance(text, list):
        return tuple(decode_value(item, arrays) for item in text)
    if not isinstance(text, dict):
        return text
    if _ARRAY in text:
        if text[_ARRAY] not in arrays:
            raise TakeError(f"the journal lacks array {text[_ARRAY]}")
        return arrays[text[_ARRAY]]
    parts = {key: decode_value(item, arrays) for key, item in text.items() if key != _CLASS}
    if _CLASS not in text:
        return parts
    made = _classes().get(text[_CLASS])
    if made is None:
        raise TakeError(f"the journal holds a {text[_CLASS]!r}, which this version does not know")
    try:
        return made(**parts)
    except TypeError as error:
        raise TakeError(f"the journal's {text[_CLASS]} does not fit this version: {error}") from error


def array_name(array: Array) -> str:
    """A name that depends on an array's content alone."""
    digest = hashlib.sha256(f"{array.dtype.str}{array.shape}".encode())
    digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]


def encode_array(array: Array) -> Json:
    """An array of numbers: dtype, shape, and its bytes compressed."""
    flat = np.ascontiguousarray(array)
    content = base64.b64encode(zlib.compress(flat.tobytes(), 1)).decode()
    return {"dtype": flat.dtype.str, "shape": list(flat.shape), "data": content}


def decode_array(text: Mapping[str, Json]) -> Array:
    """The array, read-only."""
    content = zlib.decompress(base64.b64decode(text["data"]))
    array: Array = np.frombuffer(content, np.dtype(text["dtype"])).reshape(text["shape"])
    return array


def encode_tokens(tokens: NDArray[np.int16]) -> Json:
    """Tokens [K, n]."""
    content = base64.b64encode(np.ascontiguousarray(tokens, _TOKENS).tobytes()).decode()
    return {"codebooks": tokens.shape[0], "data": content}


def decode_tokens(text: Mapping[str, Json]) -> NDArray[np.int16]:
    """Tokens [K, n]."""
    flat = np.frombuffer(base64.b64decode(text["data"]), _TOKENS).astype(np.int16)
    return flat.reshape(int(text["codebooks"]), -1)


@lru_cache(maxsize=1)
def _classes() -> dict[str, type[Any]]:
    """The dataclasses of which `Conditions` are made, by name."""
    tracks = (ChordProgression, ConstantChroma, RecordedChroma, PhraseChroma, SteppedChroma)
    found: dict[str, type[Any]] = {made.__name__: made for made in tracks}
    waiting: list[type[Any]] = [Conditions, *found.values()]
    while waiting:
        made = waiting.pop()
        found[made.__name__] = made
        for hint in typing.get_type_hints(made).values():
            waiting.extend(part for part in _parts(hint) if part.__name__ not in found)
    return found


def _parts(hint: Any) -> Iterator[type[Any]]:
    """The dataclasses in a type hint."""
    if isinstance(hint, type) and not isinstance(hint, types.GenericAlias) and is_dataclass(hint):
        yield hint
    for argument in typing.get_args(hint):
        yield from _parts(argument)
