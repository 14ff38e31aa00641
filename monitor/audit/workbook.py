"""The report as a spreadsheet: calls on one sheet, warnings on the next."""

from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Font

from monitor.audit.report import CallReport, rows
from monitor.timeline import clock

_CALLS = ("录音", "时长", "得分", "严重", "重要", "一般", "提示", "未做到的要求", "错误")
_WARNINGS = ("录音", "起(毫秒)", "止(毫秒)", "级别", "规则", "名称", "原话", "匹配方式", "可信度", "建议说法", "依据")


def save(calls: list[CallReport], path: Path) -> None:
    """Write ``path`` (xlsx)."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "通话"
    sheet.append(_CALLS)
    for call in calls:
        counts = [
            sum(it["severity"] == name for it in call.warnings) for name in ("critical", "major", "minor", "hint")
        ]
        missed = sum(it["status"] == "missed" for it in call.requirements)
        error = call.error["message"] if call.error else ""
        sheet.append([_text(call.file), clock(call.duration_ms), call.score, *counts, missed, _text(error)])
    warnings = book.create_sheet("预警")
    warnings.append(_WARNINGS)
    for row in rows(calls):
        warnings.append([_text(cell) for cell in row])
    for each in (sheet, warnings):
        each.freeze_panes = "A2"
        for cell in each[1]:
            cell.font = Font(bold=True)
        for column, width in zip("ABCDEFGHIJK", (28, 10, 10, 10, 18, 24, 36, 10, 10, 48, 36), strict=True):
            each.column_dimensions[column].width = width
    book.save(path)


def _text(cell: object) -> object:
    """Text that begins like a formula is kept text."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@") else cell
