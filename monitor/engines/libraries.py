"""What the two libraries that compute want: CTranslate2 its arrays, ONNX Runtime its sessions."""

import logging
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

log = logging.getLogger(__name__)
Half = TypeVar("Half")


def taken_out(name: str, make: Callable[[], Half]) -> Half | None:
    """What ``make`` makes of a model; None, and a word in the log, where the model is not what is known here."""
    try:
        return make()
    except Exception as error:  # a graph that ONNX Runtime refuses is one of many ways
        log.warning("the %s of this model cannot be taken out of it, CTranslate2's is used: %r", name, error)
        return None


def view(array: NDArray[Any]) -> Any:
    """What CTranslate2 takes for it: ``ctranslate2.StorageView`` of float32."""
    import ctranslate2

    return ctranslate2.StorageView.from_array(np.ascontiguousarray(array, dtype=np.float32))


def session(graph: bytes) -> Any:
    """An ``onnxruntime.InferenceSession`` on one thread: lanes are the threads."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
