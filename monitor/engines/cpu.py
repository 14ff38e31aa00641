"""What the CPU can do, as Linux tells it."""

import platform
from pathlib import Path
from typing import Final

CPUINFO: Final = Path("/proc/cpuinfo")
_X86: Final = {"x86_64", "AMD64", "i686"}
_VNNI: Final = {"avx512_vnni", "avx_vnni"}
_WIDE: Final = {"avx512f", "avx512cd", "avx512vl", "avx512bw", "avx512dq", "avx512_vnni"}

_machine = platform.machine


def exact_bytes(cpuinfo: Path = CPUINFO) -> bool:
    """Whether products of unsigned and signed bytes are summed without saturating: VNNI, and every ARM."""
    return _machine() not in _X86 or bool(_VNNI & _flags(cpuinfo))


def wide_vectors(cpuinfo: Path = CPUINFO) -> bool:
    """Whether it has AVX-512 of the kind that does not slow its clock (with VNNI: 2019 and later)."""
    return _flags(cpuinfo) >= _WIDE


def _flags(cpuinfo: Path) -> frozenset[str]:
    try:
        return frozenset(cpuinfo.read_text().partition("flags")[2].partition("\n")[0].split())
    except OSError:
        return frozenset()
