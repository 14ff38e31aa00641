"""Asterisk AudioSocket: a TCP listener of its own, one connection a side, joined by what was announced.

The protocol knows no token and no call, only a UUID. So a call is announced over REST first, with a token and
the UUID of each of its sides; the UUIDs then are the key: a connection with any other is refused.
"""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from monitor.config import AudioSocketSettings
from monitor.errors import AudioError, ConfigError, InputError, MonitorError
from monitor.frames import AudioFrame, Side
from monitor.live import Line, Live
from monitor.sinks.accounts import Principal
from monitor.sinks.calls import CallRow
from monitor.sources.audiosocket import ERROR, HANGUP, AudioSocketStream, Identity, Message, Over, Sound, message
from monitor.sources.stream import StreamFormat
from monitor.timeline import ms_at, samples_at
from monitor.web.auth import allow
from monitor.web.ingest import call_row
from monitor.web.parts import parts_of

router = APIRouter(prefix="/v1/audiosocket", tags=["telephony"])
log = logging.getLogger(__name__)

ANNOUNCED_MOST: Final = 10_000
JOIN_MS: Final = 2_000
"""The first side is held back for so long, until the other has connected too."""
_IDENTIFY_S: Final = 10.0
_PART_S: Final = 2.0
_READ_BYTES: Final = 65_536


class Announcement(BaseModel):
    """A call that is about to connect."""

    call_id: str
    agent_id: str
    direction: str = "inbound"
    team: str = ""
    legs: Annotated[dict[Literal["agent", "customer", "unknown"], UUID], Field(min_length=1, max_length=2)]
    """The UUID that each side's connection will bring; ``unknown`` alone: both voices in one connection."""


@router.post("", status_code=201)
async def announce(
    request: Request, body: Announcement, principal: Annotated[Principal, Depends(allow("ingest"))]
) -> dict[str, Any]:
    """Say which UUIDs a call's connections will have; each is good once it has been announced, for one call."""
    switchboard = parts_of(request).switchboard
    if switchboard is None:
        raise InputError("AudioSocket is off", hint="audiosocket.enabled", code="TEL-003")
    sides = tuple(Side(side) for side in body.legs)
    if Side.UNKNOWN in sides and len(sides) > 1:
        raise InputError("unknown is a mixed recording's only side", code="TEL-003")
    if len(set(body.legs.values())) < len(body.legs):
        raise InputError("both sides have the same UUID", code="TEL-003")
    said = {"agent_id": body.agent_id, "direction": body.direction, "team": body.team}
    row = call_row(request, principal, body.call_id, StreamFormat("pcm16", 8_000, sides), said)
    switchboard.announce(row, {uuid: Side(side) for side, uuid in body.legs.items()})
    return {"call_id": row.call_id, "port": switchboard.port, "expires_s": switchboard.announced_s}


class Switchboard:
    """The listener, and the calls that were announced to it."""

    def __init__(self, live: Live, settings: AudioSocketSettings, host: str, idle_s: float) -> None:
        """``idle_s``: a connection that brings nothing for so long is given up."""
        self._live, self._settings, self._host, self._idle_s = live, settings, settings.host or host, idle_s
        self._joints: dict[UUID, tuple[_Joint, Side]] = {}
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.announced_s = settings.announced_s

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def start(self) -> None:
        """Listen.

        Raises:
            ConfigError: ``CFG-005``, the address cannot be had.
        """
        try:
            self._server = await asyncio.start_server(self._connected, self._host, self._settings.port)
        except OSError as error:
            where = f"{self._host}:{self._settings.port}"
            raise ConfigError(
                f"cannot listen: {error.strerror or error}", where=where, code="CFG-005", hint="audiosocket.port"
            ) from None

    async def stop(self) -> None:
        """Close every connection; calls stay open, as ever when the server ends."""
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def announce(self, row: CallRow, legs: Mapping[UUID, Side]) -> None:
        """Expect these connections.

        Raises:
            InputError: ``TEL-003``, a UUID is another side's already, or too many calls are expected.
        """
        if any(uuid in self._joints for uuid in legs):
            raise InputError("a UUID is announced already", hint="each side of each call has its own", code="TEL-003")
        if len(self._joints) >= ANNOUNCED_MOST:
            raise InputError(f"{ANNOUNCED_MOST} connections are announced and have not come", code="TEL-003")
        joint = _Joint(self._live, row)
        self._joints |= {uuid: (joint, side) for uuid, side in legs.items()}
        asyncio.get_running_loop().call_later(self.announced_s, self._expire, joint, False)

    def _expire(self, joint: "_Joint", begun: bool) -> None:
        """Forget a call that nobody has connected for in its time, or nobody has come back to."""
        if joint.begun is begun and not joint.connected:
            self._forget(joint)

    def _forget(self, joint: "_Joint") -> None:
        self._joints = {uuid: entry for uuid, entry in self._joints.items() if entry[0] is not joint}

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        answer = message(HANGUP)
        try:
            try:
                await self._leg(reader)
            except MonitorError as error:
                log.warning("AudioSocket: %s", error)
                answer = message(ERROR, error.code.encode())
            except (OSError, TimeoutError) as error:
                log.info("AudioSocket: a connection was lost: %s", error or "it brought nothing")
            except Exception:
                log.exception("AudioSocket")
            await _part(reader, writer, answer)
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _leg(self, reader: asyncio.StreamReader) -> None:
        """One connection, to its end."""
        stream = AudioSocketStream()
        messages: list[Message] = []
        async with asyncio.timeout(_IDENTIFY_S):
            while not messages:
                data = await reader.read(_READ_BYTES)
                if not data:
                    return
                messages = stream.push(data)
        first = messages.pop(0)
        joint, side = self._joints.get(first.uuid, (None, None)) if isinstance(first, Identity) else (None, None)
        if joint is None or side is None:
            raise InputError("no call was announced with this UUID", hint="POST /v1/audiosocket", code="TEL-003")
        joint.enter(side)
        try:
            while True:
                for item in messages:
                    if isinstance(item, Sound) and not await joint.hear(side, item):
                        return
                    if isinstance(item, Over):
                        if item.error:
                            log.warning("AudioSocket: Asterisk reports error %s", item.error)
                        await joint.hang_up()
                        return
                async with asyncio.timeout(self._idle_s):
                    data = await reader.read(_READ_BYTES)
                if not data:  # closing the connection is a hang-up too
                    await joint.hang_up()
                    return
                messages = stream.push(data)
        finally:
            joint.leave(side)
            if joint.over:
                self._forget(joint)
            elif not joint.connected:
                asyncio.get_running_loop().call_later(self._idle_s, self._expire, joint, True)


async def _part(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: bytes) -> None:
    """Say the last word and wait until it has arrived.

    A socket closed with unread sound in it is reset (RFC 2525, 2.17), and the answer is lost on the way: so what still
    comes is read and thrown away until the other end closes too.
    """
    with suppress(OSError, TimeoutError):
        writer.write(answer)
        writer.write_eof()
        async with asyncio.timeout(_PART_S):
            while await reader.read(_READ_BYTES):
                pass


@dataclass(slots=True)
class _Leg:
    """One side's connection."""

    rate_hz: int = 0
    """0: no sound yet."""
    at: int = 0
    """Samples since the joint's line began."""


class _Joint:
    """The connections of one call, joined into one line."""

    def __init__(self, live: Live, row: CallRow) -> None:
        self._live, self._row = live, row
        self._legs: dict[Side, _Leg] = {}
        self._held: list[AudioFrame] = []
        self._line: Line | None = None
        self._lock = asyncio.Lock()
        self.begun = self.over = False

    @property
    def connected(self) -> bool:
        """Any side is there."""
        return bool(self._legs)

    def enter(self, side: Side) -> None:
        """A side connects, or comes back.

        Raises:
            InputError: ``TEL-003``, it is connected.
        """
        if side in self._legs:
            raise InputError(f"the {side.value} of {self._row.call_id} is connected already", code="TEL-003")
        self._legs[side] = _Leg()
        self.begun = True

    def leave(self, side: Side) -> None:
        """A side is gone; with the last one the line is, and the call waits for it to come back."""
        del self._legs[side]
        if not self._legs and self._line is not None:
            self._line.close()
            self._line = None

    async def hear(self, side: Side, sound: Sound) -> bool:
        """Take a side's sound; False: the call is over.

        Raises:
            MonitorError: the call cannot be opened, or has ended; ``TEL-002``, the rate has changed.
        """
        async with self._lock:
            if self.over:
                return False
            leg = self._legs[side]
            if not leg.rate_hz:
                self._place(leg, side, sound.rate_hz)
            elif leg.rate_hz != sound.rate_hz:
                raise AudioError("the rate changes within a connection", code="TEL-002")
            self._held.append(AudioFrame(side=side, start=leg.at, pcm=sound.pcm, rate_hz=leg.rate_hz))
            leg.at += len(sound.pcm) // 2
            everyone = sum(it.rate_hz > 0 for it in self._legs.values()) == len(self._row.sides)
            if self._line is not None or everyone or self._front_ms() >= JOIN_MS:
                await self._pass_on()
            return True

    async def hang_up(self) -> None:
        """A side has hung up: the call is over for both."""
        async with self._lock:
            if self.over:
                return
            self.over = True
            if self._held:
                await self._pass_on()
            if self._line is not None:
                await self._line.hang_up()

    def _front_ms(self) -> int:
        return max((ms_at(leg.at, leg.rate_hz) for leg in self._legs.values() if leg.rate_hz), default=0)

    def _place(self, leg: _Leg, side: Side, rate_hz: int) -> None:
        """A side's first sound lies where the other side is by now; before it there was nobody to hear."""
        leg.at, leg.rate_hz = samples_at(self._front_ms(), rate_hz), rate_hz
        if leg.at and self._line is None:
            self._held.append(AudioFrame(side=side, start=0, pcm=bytes(2 * leg.at), rate_hz=rate_hz))

    async def _pass_on(self) -> None:
        if self._line is None:
            call = await self._live.open(self._row, self._held[0].rate_hz)
            self._line = await call.connect()
        begin_ms = self._line.start_ms
        frames = [
            AudioFrame(side=it.side, start=it.start + samples_at(begin_ms, it.rate_hz), pcm=it.pcm, rate_hz=it.rate_hz)
            for it in self._held
        ]
        self._held.clear()
        await self._line.hear(frames)
