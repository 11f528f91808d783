"""The structures of `native_src/step.cpp`, field by field."""

from __future__ import annotations

from ctypes import POINTER, Structure, c_float, c_int32, c_void_p
from typing import ClassVar


class NativeNorm(Structure):
    """A layer norm."""

    _fields_: ClassVar = [("weight", c_void_p), ("bias", c_void_p), ("eps", c_float)]


class NativeLinear(Structure):
    """A matrix of 8-bit weights."""

    _fields_: ClassVar = [
        ("weight", c_void_p),
        ("scale", c_void_p),
        ("sums", c_void_p),
        ("inputs", c_int32),
        ("outputs", c_int32),
    ]


class NativeLayer(Structure):
    """One layer."""

    _fields_: ClassVar = [
        *((name, NativeNorm) for name in ("norm1", "norm_cross", "norm2")),
        *((name, NativeLinear) for name in ("qkv", "out", "up", "down")),
    ]


class NativeModel(Structure):
    """The model."""

    _fields_: ClassVar = [
        *((name, c_int32) for name in ("dim", "num_heads", "num_layers", "n_q", "card")),
        ("table", c_void_p),
        ("layers", POINTER(NativeLayer)),
        ("out_norm", NativeNorm),
        ("heads", NativeLinear),
    ]


class NativeCross(Structure):
    """Cross attention of one layer with one context."""

    _fields_: ClassVar = [("scores", c_void_p), ("outputs", c_void_p)]


class NativeCall(Structure):
    """The next positions of one stream."""

    _fields_: ClassVar = [
        *((name, c_int32) for name in ("rows", "n", "past", "capacity")),
        *((name, c_void_p) for name in ("tokens", "input", "added")),
        *((name, c_int32) for name in ("added_rows", "cross_rows", "cross_keys")),
        ("positions", c_void_p),
        ("cache", c_void_p),
        ("cross", c_void_p),
        ("cross_bias", c_void_p),
        ("predicts", c_int32),
    ]
