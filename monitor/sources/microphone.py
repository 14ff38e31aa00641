"""Sound devices of the computer as a call: the microphone is the agent, a loopback device the customer.

sounddevice and the PortAudio library behind it are looked for only when a device is wanted: a server
has neither.
"""

import asyncio
import importlib
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Any, Final, Self

import numpy as np

from monitor.audio.resample import Resampler
from monitor.errors import DeviceError
from monitor.frames import AudioFrame, Side
from monitor.sources.alignment import Alignment
from monitor.timeline import BLOCK_MS, RATE_HZ, samples_at

_TICK_S: Final = 0.1
_DEAD_S: Final = 3.0
"""A microphone that has sent nothing for so long was unplugged or taken away."""
_WAITING_S: Final = 10.0
"""What may wait for a slow reader; then the oldest sound is dropped, which leaves a hole."""
_INSTALL: Final = (
    "Debian、Ubuntu：sudo apt install libportaudio2；Fedora：sudo dnf install portaudio；macOS：brew install portaudio"
)
_BUSY: Final = "是否被别的程序独占？系统是否允许录音？"


@dataclass(frozen=True, slots=True)
class Device:
    """A sound device one can listen to."""

    index: int
    name: str
    host: str
    """The sound system it belongs to, e.g. ``ALSA``."""
    channels: int
    rate_hz: int
    """Its own rate; others may work as well."""
    default: bool


def devices(sound: Any = None) -> list[Device]:
    """Every device that can be listened to.

    Args:
        sound: the sounddevice module; imported where it is not given.

    Raises:
        DeviceError: ``DEV-001`` without PortAudio.
    """
    sound = sound or _sounddevice()
    hosts = sound.query_hostapis()
    default = sound.default.device[0]
    return [
        Device(
            index=entry["index"],
            name=entry["name"],
            host=hosts[entry["hostapi"]]["name"],
            channels=entry["max_input_channels"],
            rate_hz=round(entry["default_samplerate"]),
            default=entry["index"] == default,
        )
        for entry in sound.query_devices()
        if entry["max_input_channels"] > 0
    ]


def open_microphone(
    device: str | int | None = None,
    loopback_device: str | int | None = None,
    rate_hz: int = RATE_HZ,
    *,
    sound: Any = None,
    clock: Callable[[], float] = time.monotonic,
) -> "Microphone":
    """Choose devices; listening begins with ``async with``.

    Args:
        device: the agent's microphone, by index or a part of its name; None is the system's choice.
        loopback_device: what the agent hears, likewise; None: the customer is not heard.
        rate_hz: of the frames that come out, whatever the devices deliver.
        sound: the sounddevice module; imported where it is not given.
        clock: seconds that only grow.

    Raises:
        DeviceError: ``DEV-001`` no PortAudio, ``DEV-002`` no such device, ``DEV-003`` several of that name.
    """
    sound = sound or _sounddevice()
    there = devices(sound)
    chosen = {Side.AGENT: _choose(there, device)}
    if loopback_device is not None:
        chosen[Side.CUSTOMER] = _choose(there, loopback_device)
    return Microphone(sound, chosen, rate_hz, clock)


class Microphone:
    """Open devices: an async context manager that is iterated over for frames of 20 ms.

    A hole in a frame's ``start`` is sound that was lost.

    Raises:
        DeviceError: ``DEV-004`` on entering: a device cannot be opened; ``DEV-005`` while iterating: the
            microphone sends nothing any more.
    """

    def __init__(self, sound: Any, chosen: dict[Side, Device], rate_hz: int, clock: Callable[[], float]) -> None:
        self._sound, self._clock = sound, clock
        self.rate_hz = rate_hz
        self.sides = tuple(chosen)
        self._inputs = {side: _Input(side, device, rate_hz) for side, device in chosen.items()}
        self._streams: list[Any] = []
        self._waiting: deque[_Delivery] = deque()
        self._arrived = asyncio.Event()
        self._began_s = 0.0

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._began_s = self._clock()
        try:
            for put in self._inputs.values():
                put.heard_s = self._began_s
                stream = put.open(self._sound, partial(self._deliver, loop, put))
                self._streams.append(stream)
                stream.start()
        except self._sound.PortAudioError as error:
            self._stop()
            raise DeviceError(f"打不开「{put.device.name}」：{error}", hint=_BUSY, code="DEV-004") from None
        except BaseException:
            self._stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    async def __aiter__(self) -> AsyncIterator[AudioFrame]:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_TICK_S):
                    await self._arrived.wait()
            self._arrived.clear()  # before looking: what comes while frames are given out wakes us again
            while self._waiting:
                delivery = self._waiting.popleft()
                for frame in delivery.put.frames(delivery, self._began_s):
                    yield frame
            now_s = self._clock()
            for put in self._inputs.values():
                for frame in put.idle(now_s, self._began_s):
                    yield frame

    def _deliver(
        self, loop: asyncio.AbstractEventLoop, put: "_Input", data: Any, _count: int, _time: Any, status: Any
    ) -> None:
        """PortAudio's thread brings sound; nothing is done with it here but hand it over."""
        delivery = _Delivery(put, bytes(data), self._clock(), bool(status.input_overflow))
        with suppress(RuntimeError):  # the loop has just been closed
            loop.call_soon_threadsafe(self._keep, delivery)

    def _keep(self, delivery: "_Delivery") -> None:
        self._waiting.append(delivery)
        delivery.put.heard_s = delivery.at_s
        while delivery.at_s - self._waiting[0].at_s > _WAITING_S:
            self._waiting.popleft()
        self._arrived.set()

    def _stop(self) -> None:
        while self._streams:
            self._streams.pop().close()


class _Input:
    """One device that is listened to."""

    def __init__(self, side: Side, device: Device, rate_hz: int) -> None:
        self.side, self.device = side, device
        self.heard_s = 0.0
        """When it last sent something."""
        self._rate_hz, self._channels = rate_hz, 1
        self._line = Alignment(side, rate_hz, made_up=side is not Side.AGENT)
        self._resampler = Resampler(rate_hz, rate_hz)

    def open(self, sound: Any, callback: Callable[..., None]) -> Any:
        """A stream of this device, of the first kind it agrees to."""
        self._channels, rate_hz = self._agreed(sound)
        self._resampler = Resampler(rate_hz, self._rate_hz)
        return sound.RawInputStream(
            device=self.device.index,
            channels=self._channels,
            dtype="int16",
            samplerate=rate_hz,
            blocksize=samples_at(BLOCK_MS, rate_hz),
            callback=callback,
        )

    def _agreed(self, sound: Any) -> tuple[int, int]:
        """Channels and rate: mono at our rate, else stereo, else the same at the device's own rate."""
        refusal = None
        for rate_hz in (self._rate_hz, self.device.rate_hz):
            for channels in (1, min(2, self.device.channels)):
                try:
                    sound.check_input_settings(
                        device=self.device.index, channels=channels, dtype="int16", samplerate=rate_hz
                    )
                except sound.PortAudioError as error:
                    refusal = error
                else:
                    return channels, rate_hz
        assert refusal is not None
        raise refusal

    def frames(self, delivery: "_Delivery", began_s: float) -> list[AudioFrame]:
        """What a delivery holds, as one voice at our rate, in its place."""
        samples = np.frombuffer(delivery.data, np.int16).reshape(-1, self._channels)
        mono = samples.astype(np.int32).sum(axis=1) // self._channels
        pcm = self._resampler.push(mono.astype("<i2").tobytes())
        return self._line.take(pcm, delivery.at_s - began_s, lost=delivery.lost)

    def idle(self, now_s: float, began_s: float) -> list[AudioFrame]:
        """The quiet of a device that has sent nothing of late.

        Raises:
            DeviceError: ``DEV-005``, a microphone that is silent has gone.
        """
        if self.side is Side.AGENT and now_s - self.heard_s > _DEAD_S:
            raise DeviceError(f"「{self.device.name}」没有声音数据了", hint="是否被拔掉或被系统禁用？", code="DEV-005")
        return self._line.idle(now_s - began_s)


@dataclass(frozen=True, slots=True)
class _Delivery:
    """What PortAudio brought at a time."""

    put: _Input
    data: bytes
    at_s: float
    lost: bool


def _choose(there: list[Device], wanted: str | int | None) -> Device:
    if wanted is None:
        fitting = [device for device in there if device.default] or there[:1]
    elif isinstance(wanted, int) or wanted.isdecimal():
        fitting = [device for device in there if device.index == int(wanted)]
    else:
        fitting = [device for device in there if wanted == device.name]
        fitting = fitting or [device for device in there if wanted.casefold() in device.name.casefold()]
    if not there:
        raise DeviceError("这台电脑上没有可以收音的设备", hint="接上麦克风，或检查系统的录音权限", code="DEV-002")
    if not fitting:
        raise DeviceError(f"没有录音设备「{wanted}」", hint=_listed(there), code="DEV-002")
    if len(fitting) > 1:
        raise DeviceError(f"有 {len(fitting)} 个录音设备符合「{wanted}」", hint=_listed(fitting), code="DEV-003")
    return fitting[0]


def _listed(there: list[Device]) -> str:
    return "；".join(f"{device.index} {device.name}（{device.host}）" for device in there)


def _sounddevice() -> Any:
    try:
        return importlib.import_module("sounddevice")
    except ImportError:
        raise DeviceError("没有安装 sounddevice", hint="pip install sounddevice", code="DEV-001") from None
    except OSError as error:  # the module is there, the library is not
        raise DeviceError(f"找不到声音库 PortAudio：{error}", hint=_INSTALL, code="DEV-001") from None
