"""The report as one HTML file that opens anywhere: no script, no outside file."""

from html import escape
from typing import Any

from monitor.timeline import clock

_SEVERITY = {"critical": "严重", "major": "重要", "minor": "一般", "hint": "提示"}
_STYLE = """
:root{color-scheme:light dark}
body{font:15px/1.6 "Noto Sans CJK SC","PingFang SC","Microsoft YaHei",system-ui,sans-serif;
max-width:72rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.35rem .6rem;vertical-align:top;
border-bottom:1px solid #8884}
.figures{display:flex;gap:2rem;flex-wrap:wrap}.figures b{display:block;font-size:1.6rem}
.critical,.error{color:#c62828}.major{color:#b25b00}.hint{opacity:.7}
.bar{background:#4a7fd444;height:.8rem}
"""


def page(report: dict[str, Any]) -> str:
    """``report.json`` for reading: the figures, the rules that fired, the worst calls first."""
    totals = report["totals"]
    calls = sorted(report["calls"], key=lambda call: (call["score"] is None, call["score"] or 0))
    return (
        '<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>质检报告</title>'
        f"<style>{_STYLE}</style><h1>质检报告</h1>"
        f"{_figures(totals)}{_by_rule(totals['by_rule'])}{''.join(_call(call) for call in calls)}</html>\n"
    )


def _figures(totals: dict[str, Any]) -> str:
    cells = {
        "通话": totals["calls"],
        "总时长": clock(totals["duration_ms"]),
        "平均得分": totals["score_mean"] if totals["score_mean"] is not None else "—",
        "预警": totals["warnings"],
        "无法读取": totals["unreadable"],
    }
    return (
        '<div class="figures">'
        + "".join(f"<div><b>{value}</b>{name}</div>" for name, value in cells.items())
        + "</div>"
    )


def _by_rule(by_rule: dict[str, int]) -> str:
    if not by_rule:
        return "<p>没有发现问题。</p>"
    most = max(by_rule.values())
    rows = "".join(
        f'<tr><td>{escape(rule)}<td>{count}<td width="50%"><div class="bar" style="width:{100 * count // most}%"></div>'
        for rule, count in by_rule.items()
    )
    return f"<h2>按规则</h2><table><tr><th>规则<th>次数<th>{rows}</table>"


def _call(call: dict[str, Any]) -> str:
    if "error" in call:
        return f'<h2>{escape(call["file"])}</h2><p class="error">{escape(call["error"]["message"])}</p>'
    missed = [it for it in call["requirements"] if it["status"] == "missed"]
    rows = "".join(
        f'<tr class="{it["severity"]}"><td>{clock(it["from_ms"])}<td>{_SEVERITY[it["severity"]]}'
        f"<td>{escape(it['title'])}"
        f"<td>「{escape(it['quote'])}」<td>{escape(it['rewrite'])}<td>{escape(it['basis'])}"
        for it in call["warnings"]
    )
    table = (
        f"<table><tr><th>时间<th>级别<th>问题<th>原话<th>建议说法<th>依据{rows}</table>"
        if rows
        else "<p>没有预警。</p>"
    )
    lacking = f"<p>没有做到：{escape('、'.join(it['title'] for it in missed))}</p>" if missed else ""
    return f"<h2>{escape(call['file'])} · {clock(call['duration_ms'])} · 得分 {call['score']}</h2>{table}{lacking}"
