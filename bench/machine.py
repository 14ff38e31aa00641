"""One line about the machine that a figure was measured on: what matters to it, and no names."""

import datetime
import os
import platform
from pathlib import Path

_TOLD = ("avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8", "asimd", "asimddp", "i8mm")


def machine() -> str:
    """Cores, the vector instructions that the kernels of a recogniser choose by, memory, Python."""
    flags: set[str] = set()
    model = platform.machine()
    try:
        info = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        for line in info.splitlines():
            key, _, value = line.partition(":")
            if key.strip() in ("flags", "Features"):
                flags = set(value.split())
            if key.strip() == "model name":
                model = value.strip()
    except OSError:
        pass
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    known = " ".join(flag for flag in _TOLD if flag in flags)
    return f"{model}, {os.cpu_count()} cores ({known}), {memory_gb:.0f} GiB, Python {platform.python_version()}"


_LOAD_BEFORE = os.getloadavg()[0]
"""Read when the bench is started: what is asked for afterwards is its own load."""


def load() -> str:
    """How busy the machine is with other things: the load average before a bench begins."""
    return f"load before {_LOAD_BEFORE:.1f}"


def today() -> str:
    """The date in UTC."""
    return datetime.datetime.now(datetime.UTC).date().isoformat()
