"""CPU time and memory of a program and everything it started, from /proc (Linux)."""

import asyncio
import os
import time
from bisect import bisect_left
from dataclasses import dataclass, field
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


@dataclass(slots=True)
class Gauge:
    """CPU time of a tree, read twice a second, so that any stretch of a run can be asked about afterwards."""

    root: int
    at_s: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    async def run(self, every_s: float = 0.5) -> None:
        """Read until cancelled."""
        while True:
            self.at_s.append(time.monotonic())
            self.cpu.append(cpu_s(self.root))
            await asyncio.sleep(every_s)

    def used_s(self, from_s: float, to_s: float) -> float:
        """CPU seconds between two times of ``time.monotonic()``."""
        return self._at(to_s) - self._at(from_s)

    def _at(self, at_s: float) -> float:
        place = bisect_left(self.at_s, at_s)
        if place == 0 or place == len(self.at_s):
            return self.cpu[min(place, len(self.cpu) - 1)]
        left, right = self.at_s[place - 1], self.at_s[place]
        share = (at_s - left) / (right - left)
        return self.cpu[place - 1] + share * (self.cpu[place] - self.cpu[place - 1])
