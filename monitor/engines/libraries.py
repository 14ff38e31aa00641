"""What the two libraries that compute want: CTranslate2 its arrays, ONNX Runtime its sessions."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


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
