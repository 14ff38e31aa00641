"""CPU time and memory of a program and everything it started, from /proc (Linux)."""

import os
from pathlib import Path

TICK_HZ = os.sysconf("SC_CLK_TCK")


def tree(root: int) -> list[int]:
    """The process and its descendants that live."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            except OSError:
                continue
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def cpu_s(root: int) -> float:
    """Seconds of CPU that the tree has used, children that ended included."""
    total = 0
    for pid in tree(root):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        total += sum(int(ticks) for ticks in fields[11:15])
    return total / TICK_HZ


def peak_mb(root: int) -> float:
    """Largest resident memory so far, summed over the tree (memory that processes share counts for each)."""
    return sum(_status_kb(pid, "VmHWM") for pid in tree(root)) / 1000


def resident_mb(root: int) -> float:
    """Resident memory now, summed over the tree."""
    return sum(_status_kb(pid, "VmRSS") for pid in tree(root)) / 1000


def _status_kb(pid: int, name: str) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0
    return int(status.partition(f"{name}:")[2].split()[0]) if f"{name}:" in status else 0
