"""Events as lines that people read: what ``monitor demo`` and ``monitor listen`` print."""

from collections.abc import Mapping
from typing import Any, Final

from monitor.timeline import clock

SIDES: Final = {"agent": "坐席", "customer": "客户", "unknown": "说话人"}
SEVERITIES: Final = {"critical": "严重", "major": "重要", "minor": "一般", "hint": "提示"}
REASONS: Final = {
    "hangup": "挂断",
    "stalled": "线路无声，已结束",
    "lost": "线路断开，已结束",
    "fault": "内部错误，已结束",
}


class Narrator:
    """Turns a call's events into lines; partial captions and repeated news are left out."""

    def __init__(self) -> None:
        self._said: dict[tuple[str, str], str] = {}
        self._missed: set[str] = set()

    def lines(self, event: Mapping[str, Any]) -> list[str]:
        """What to print for one event of the contract (its JSON form); often nothing."""
        at = clock(event.get("at_ms", 0))
        match event["kind"]:
            case "call.started":
                who = f"坐席 {event['agent_id']}" if event.get("agent_id") else "通话"
                return [f"{at} ☎ {who} 开始（{'呼入' if event['direction'] == 'inbound' else '呼出'}）"]
            case "transcript" if event["status"] == "final" and event["text"]:
                return [f"{clock(event['from_ms'])} {SIDES[event['side']]}：{event['text']}"]
            case "warning":
                return self._warning(event)
            case "prompt":
                return self._prompt(at, event)
            case "requirement" if event["status"] == "missed":
                self._missed.add(event["rule_id"])
                return [f"{at} ✗ 应说未说：{event['title']}"]
            case "requirement" if event["status"] == "met":
                return [f"{at} ✓ {event['title']}"]
            case "reply":
                return [f"{at} 💬 可以这样说：{event['say']}"]
            case "note":
                return [f"{at} ✉ {event['from']}：{event['text']}"]
            case "audio.gap":
                seconds = (event["to_ms"] - event["from_ms"]) / 1000
                return [f"{at} … {SIDES[event['side']]}侧缺 {seconds:.1f} 秒声音（{event['reason']}）"]
            case "call.ended":
                return [self._ended(at, event)]
        return []

    def _warning(self, event: Mapping[str, Any]) -> list[str]:
        if not self._news(("warning", event["warning_id"]), event["status"]):
            return []
        at, quote = clock(event["from_ms"]), f"「{event['quote']}」" if event["quote"] else ""
        trial = "（试行）" if event.get("trial") else ""
        if event["status"] == "retracted":
            return [f"{at} ↩ 撤回：{event['title']}"]
        lag = f"，{event['lag_ms'] / 1000:.2f} 秒后" if event.get("lag_ms") is not None else ""
        state = "疑似" if event["status"] == "provisional" else "确认"
        if event["match"] == "absence" and event["rule_id"] in self._missed:  # has just been told as missed
            return self._rewrite("该说", event)
        line = f"{at} ⚠ {SEVERITIES[event['severity']]}{trial} {event['title']} {quote} {state}{lag}"
        return [line, *self._rewrite("改说", event)]

    def _rewrite(self, what: str, event: Mapping[str, Any]) -> list[str]:
        if event["rewrite"] and self._news(("rewrite", event["warning_id"]), event["rewrite"]):
            return [f"          {what}：{event['rewrite']}"]
        return []

    def _prompt(self, at: str, event: Mapping[str, Any]) -> list[str]:
        match event["status"]:
            case "shown" if self._news(("prompt", event["prompt_id"]), event["say"]):
                return [f"{at} ➤ 现在说：{event['say']}" if event["say"] else f"{at} ➤ {event['title']}"]
            case "missed":
                return [f"{at} ✗ 没有说：{event['say'] or event['title']}"]
        return []

    def _ended(self, at: str, event: Mapping[str, Any]) -> str:
        summary = event.get("summary", {})
        counts = summary.get("warnings", {})
        found = "，".join(f"{SEVERITIES[name]} {counts[name]}" for name in SEVERITIES if counts.get(name))
        score = f"，得分 {summary['score']:g}" if summary.get("score") is not None else ""
        return f"{at} ☎ 结束（{REASONS.get(event['reason'], event['reason'])}）：{found or '没有警告'}{score}"

    def _news(self, key: tuple[str, str], value: str) -> bool:
        if self._said.get(key) == value:
            return False
        self._said[key] = value
        return True
