"""Loops over a few hundred numbers, compiled: what numpy would do in fifty small calls is one.

Numba compiles a function when it is first called with arguments of some types, seconds that are spent once: the
machine code is kept beside the source or, where that cannot be written, in the user's cache folder. A compiled
function is the same function: called as ``function.py_func`` it runs as Python.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """``function`` as machine code; other threads go on while it runs. It must be pure arithmetic on numpy arrays."""
    try:
        made = njit(cache=True, nogil=True)(function)
    except RuntimeError:  # nowhere to keep it, as in a container without a home: it is compiled at every start
        made = njit(nogil=True)(function)
    return cast(Function, made)
