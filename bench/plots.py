"""Curves as SVG. Matplotlib comes with the extra ``bench``; without it the tables are all there is."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path


def curves(
    path: Path,
    lines: Mapping[str, Sequence[tuple[float, float]]],
    *,
    x: str,
    y: str,
    title: str = "",
    limit: float | None = None,
    log_x: bool = False,
    log_y: bool = False,
) -> bool:
    """One picture with a line a name; ``limit`` is drawn across. False where matplotlib is missing."""
    try:
        import matplotlib
    except ImportError:
        print("no plot: pip install 'call-monitor[bench]' brings matplotlib", file=sys.stderr)
        return False
    matplotlib.use("svg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7.0, 4.2), layout="constrained")
    for name, points in lines.items():
        if points:
            axes.plot(*zip(*points, strict=True), marker="o", markersize=4, label=name)
    if limit is not None:
        axes.axhline(limit, color="grey", linestyle="--", linewidth=1)
    if log_x:
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter("{x:g}")
    if log_y:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter("{x:g}")
    else:
        axes.set_ylim(bottom=0)
    axes.set(xlabel=x, ylabel=y, title=title)
    axes.grid(visible=True, alpha=0.3)
    if len(lines) > 1:
        axes.legend(fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
    return True
