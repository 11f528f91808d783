"""Large parts that several models share, and that go with the last of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar
from weakref import WeakValueDictionary

from torch import nn

M = TypeVar("M", bound=nn.Module)


def shared_while_used(load: Callable[[str], M]) -> Callable[[str], M]:
    """Make a loader give the module that is in use under a name already, if there is one.

    Modules are held weakly: when the last model that has one is dropped, its memory is free.

    Args:
        load: loads the module of a name.
    """
    in_use: WeakValueDictionary[str, M] = WeakValueDictionary()

    @wraps(load)
    def shared(name: str) -> M:
        module = in_use.get(name)
        if module is None:
            module = in_use[name] = load(name)
        return module

    return shared
