"""What the CPU can do. Wide vectors: ``test_runtime.py``."""

from pathlib import Path

import pytest

from monitor.engines import cpu


@pytest.mark.parametrize(
    ("flags", "exact"), [("avx2 avx512_vnni", True), ("avx2 avx_vnni", True), ("avx2 avx512f", False), (None, False)]
)
def test_signed_bytes_only_where_the_cpu_sums_them_exactly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: str | None, exact: bool
) -> None:
    monkeypatch.setattr(cpu, "_machine", lambda: "x86_64")
    if flags is not None:
        (tmp_path / "cpuinfo").write_text(f"processor : 0\nflags\t\t: fpu {flags}\nbugs : none\n")
    assert cpu.exact_bytes(tmp_path / "cpuinfo") is exact
    monkeypatch.setattr(cpu, "_machine", lambda: "aarch64")
    assert cpu.exact_bytes(tmp_path / "nothing here") is True
