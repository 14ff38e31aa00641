"""A language model words a rewrite for the case at hand; the handbook's wording stands until it has.

Off unless an address is set. What is sent: the words as heard, the last lines of the call, the rule's title and
advice and the handbook's wording, all masked (:func:`monitor.privacy.mask`). What comes back is shown only by
a caller that has held it against every rule (:mod:`monitor.live_call`). The protocol is that of OpenAI's
``/chat/completions``, which vLLM, Ollama, llama.cpp and others speak.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, Final

import httpx

from monitor.events import Warning as WarningEvent
from monitor.privacy import mask

log = logging.getLogger(__name__)

MOST_CHARS: Final = 90
"""More than this nobody reads while talking."""
_TASK: Final = (
    "你是客服话术教练。坐席刚说了一句不合规范的话。请给出坐席现在应当改说的一句话：礼貌、具体、用“您”，"
    "不推诿、不承诺做不到的事，不超过四十个字。只输出这一句话本身。"
)


class Wording:
    """Asks one model. Never raises: a model that is late, absent or talks nonsense has nothing to say."""

    def __init__(self, url: str, model: str, *, key: str = "", wait_s: float = 1.5) -> None:
        """``url``: up to and including ``/v1``; ``wait_s``: later answers are not wanted."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._client = httpx.AsyncClient(base_url=url.rstrip("/") + "/", headers=headers, timeout=wait_s)
        self._model, self._wait_s = model, wait_s

    async def offer(self, warning: WarningEvent, lines: Sequence[str]) -> str:
        """One sentence for the agent to say instead; empty where there is none in time."""
        try:
            async with asyncio.timeout(self._wait_s):
                answer = await self._client.post("chat/completions", json=self._question(warning, lines))
            answer.raise_for_status()
            text = answer.json()["choices"][0]["message"]["content"]
        except (TimeoutError, httpx.HTTPError, ValueError, LookupError, TypeError) as error:
            log.info("no wording for %s: %r", warning.warning_id, error)
            return ""
        sentence = text.strip().strip('“”"「」«»').strip() if isinstance(text, str) else ""
        return "" if len(sentence) > MOST_CHARS or "\n" in sentence else sentence

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.aclose()

    def _question(self, warning: WarningEvent, lines: Sequence[str]) -> dict[str, Any]:
        case = [
            *lines,
            f"坐席的问题：{warning.title}。{warning.advice}",
            f"不合规范的原话：{warning.quote}",
            f"手册的改法：{warning.rewrite}",
        ]
        return {
            "model": self._model,
            "messages": [
                {"role": "system", "content": _TASK},
                {"role": "user", "content": mask("\n".join(case))},
            ],
            "temperature": 0.2,
            "max_tokens": 120,
        }
