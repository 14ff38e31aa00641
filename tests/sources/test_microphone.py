"""PortAudio is faked here: a module object that answers as sounddevice does. No sound device is touched."""

import asyncio
import sys
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from monitor.errors import DeviceError
from monitor.frames import AudioFrame, Side
from monitor.sources import microphone
from monitor.sources.microphone import Device, Microphone, devices, open_microphone

A, C = Side.AGENT, Side.CUSTOMER
OK, OVERFLOW = SimpleNamespace(input_overflow=False), SimpleNamespace(input_overflow=True)


class PortAudioError(Exception):
    pass


class FakeStream:
    """What ``sounddevice.RawInputStream`` is to us."""

    def __init__(self, host: "FakeSound", **settings: Any) -> None:
        self.host, self.settings, self.state = host, settings, "made"

    def start(self) -> None:
        if self.settings["device"] in self.host.busy:
            raise PortAudioError("Device unavailable")
        self.state = "running"

    def close(self) -> None:
        self.state = "closed"

    def bring(self, samples: np.ndarray, status: Any = OK) -> None:
        """Call back from another thread, as PortAudio does."""
        data = memoryview(samples.astype(np.int16).tobytes())
        args = (data, len(samples), None, status)
        thread = threading.Thread(target=self.settings["callback"], args=args)
        thread.start()
        thread.join()


class FakeSound:
    """The sounddevice module of a computer with these devices."""

    PortAudioError = PortAudioError

    def __init__(self, *inputs: tuple[str, int, int], default: int = 1) -> None:
        """Inputs: name, channels, rate. Device 0 is a loudspeaker."""
        self.default = SimpleNamespace(device=(default, 0))
        self.entries = [
            {"index": index, "name": name, "hostapi": 0, "max_input_channels": channels, "default_samplerate": rate}
            for index, (name, channels, rate) in enumerate([("Speakers", 0, 48_000), *inputs])
        ]
        self.busy: set[int] = set()
        self.only: Callable[[int, int], bool] = lambda channels, rate: True
        self.streams: list[FakeStream] = []

    def query_devices(self) -> list[dict[str, Any]]:
        return self.entries

    def query_hostapis(self) -> list[dict[str, Any]]:
        return [{"name": "ALSA"}]

    def check_input_settings(self, *, device: int, channels: int, dtype: str, samplerate: int) -> None:
        if channels > self.entries[device]["max_input_channels"] or not self.only(channels, samplerate):
            raise PortAudioError(f"{channels} channels at {samplerate} Hz not supported by {dtype} device {device}")

    def RawInputStream(self, **settings: Any) -> FakeStream:  # noqa: N802 - sounddevice's name
        self.streams.append(FakeStream(self, **settings))
        return self.streams[-1]


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


HEADSET = ("USB Headset: Audio", 1, 48_000)
MONITOR = ("Monitor of USB Headset", 2, 48_000)


async def gather(mic: Microphone, count: int) -> list[AudioFrame]:
    frames: list[AudioFrame] = []
    async for frame in mic:
        frames.append(frame)
        if len(frames) == count:
            break
    return frames


class TestDevices:
    def test_what_can_be_listened_to_is_listed(self):
        """Loudspeakers are not; the system's choice is marked."""
        assert devices(FakeSound(HEADSET, MONITOR)) == [
            Device(1, "USB Headset: Audio", "ALSA", 1, 48_000, default=True),
            Device(2, "Monitor of USB Headset", "ALSA", 2, 48_000, default=False),
        ]

    @pytest.mark.parametrize(("asked", "index"), [(None, 1), (2, 2), ("2", 2), ("monitor", 2), (HEADSET[0], 1)])
    def test_a_device_is_chosen_by_default_index_or_name(self, asked, index):
        """A part of the name in any case; the whole name wins."""
        sound = FakeSound(HEADSET, MONITOR, ("USB Headset: Audio 2", 1, 48_000))
        assert open_microphone(asked, sound=sound)._inputs[A].device.index == index

    def test_without_a_default_the_first_is_taken(self):
        """Some systems name none."""
        sound = FakeSound(HEADSET, default=-1)
        assert open_microphone(sound=sound)._inputs[A].device.index == 1

    @pytest.mark.parametrize(
        ("inputs", "asked", "code"),
        [((), None, "DEV-002"), ((), "usb", "DEV-002"), ((HEADSET,), "blue", "DEV-002"), ((HEADSET,), 9, "DEV-002")],
    )
    def test_a_device_that_is_not_there(self, inputs, asked, code):
        """Said in Chinese, with those that are."""
        with pytest.raises(DeviceError, match=r"[一-鿿]") as caught:
            open_microphone(asked, sound=FakeSound(*inputs))
        assert caught.value.code == code
        assert all(name in str(caught.value) for name, *_ in inputs)

    def test_a_name_that_fits_several(self):
        """They are listed with their numbers."""
        with pytest.raises(DeviceError, match=r"1 USB Headset.*2 Monitor of USB") as caught:
            open_microphone("usb", sound=FakeSound(HEADSET, MONITOR))
        assert caught.value.code == "DEV-003"


class TestPortAudioMissing:
    """The real import is made, of modules that fail as the real ones do."""

    def test_the_library(self, monkeypatch, tmp_path):
        """sounddevice is there, libportaudio is not: what to install is said."""
        (tmp_path / "sounddevice.py").write_text('raise OSError("PortAudio library not found")')
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
        with pytest.raises(DeviceError, match="libportaudio2") as caught:
            open_microphone()
        assert caught.value.code == "DEV-001"

    def test_the_module(self, monkeypatch):
        """Neither is there."""
        monkeypatch.setitem(sys.modules, "sounddevice", None)
        with pytest.raises(DeviceError, match="pip install sounddevice") as caught:
            devices()
        assert caught.value.code == "DEV-001"

    def test_nothing_is_imported_until_a_device_is_wanted(self):
        """A server has no PortAudio."""
        assert not hasattr(microphone, "sounddevice")


class TestListening:
    def test_both_sides_on_one_time_line(self):
        """Agent from the microphone, customer from the loopback, stereo mixed down, at our rate."""
        sound, clock = FakeSound(HEADSET, MONITOR), Clock()

        async def call() -> list[AudioFrame]:
            async with open_microphone(None, "monitor", 16_000, sound=sound, clock=clock) as mic:
                assert mic.sides == (A, C)
                clock.now += 0.02
                sound.streams[0].bring(np.full(320, 1000))
                sound.streams[1].bring(np.stack([np.full(320, 3000), np.full(320, 1000)], axis=1).ravel())
                return await gather(mic, 2)

        sound.only = lambda channels, rate: (channels, rate) in {(1, 16_000)} or channels == 2
        sound.entries[2]["max_input_channels"] = 2
        sound.check_input_settings = self._mono_only_for(sound, 1)
        agent, customer = asyncio.run(call())
        assert (agent.side, agent.from_ms, agent.to_ms, agent.rate_hz) == (A, 0, 20, 16_000)
        assert set(np.frombuffer(agent.pcm, "<i2")) == {1000}
        assert (customer.side, customer.from_ms, customer.to_ms) == (C, 0, 20)
        assert set(np.frombuffer(customer.pcm, "<i2")) == {2000}
        assert [stream.state for stream in sound.streams] == ["closed", "closed"]
        assert [(it.settings["channels"], it.settings["blocksize"]) for it in sound.streams] == [(1, 320), (2, 320)]

    @staticmethod
    def _mono_only_for(sound: FakeSound, index: int) -> Callable[..., None]:
        def check(*, device: int, channels: int, dtype: str, samplerate: int) -> None:
            if (device == index) != (channels == 1):
                raise PortAudioError(dtype)

        return check

    def test_a_device_that_only_knows_its_own_rate(self):
        """48 kHz stereo comes out as 16 kHz mono."""
        sound, clock = FakeSound(MONITOR), Clock()
        sound.only = lambda channels, rate: (channels, rate) == (2, 48_000)

        async def call() -> list[AudioFrame]:
            async with open_microphone(rate_hz=16_000, sound=sound, clock=clock) as mic:
                for _ in range(5):
                    clock.now += 0.02
                    sound.streams[0].bring(np.full(2 * 960, 1500))
                return await gather(mic, 5)

        frames = asyncio.run(call())
        assert sound.streams[0].settings["samplerate"] == 48_000
        assert {frame.rate_hz for frame in frames} == {16_000}
        assert frames[-1].to_ms == pytest.approx(100, abs=3)
        assert np.frombuffer(frames[2].pcm, "<i2") == pytest.approx(1500, abs=2)

    def test_a_loopback_that_sends_nothing_is_quiet(self):
        """The customer's side goes on while nothing plays."""
        sound, clock = FakeSound(HEADSET, MONITOR), Clock()

        async def call() -> list[AudioFrame]:
            async with open_microphone(None, 2, 16_000, sound=sound, clock=clock) as mic:
                clock.now += 1.0
                sound.streams[0].bring(np.zeros(16_000))
                return await gather(mic, 50 + 45)

        frames = asyncio.run(call())
        customer = [frame for frame in frames if frame.side is C]
        assert (customer[0].from_ms, customer[-1].to_ms) == (0, 900)

    def test_overflow_leaves_a_hole(self):
        """PortAudio says that sound was lost; what follows is where it belongs."""
        sound, clock = FakeSound(HEADSET), Clock()

        async def call() -> list[AudioFrame]:
            async with open_microphone(rate_hz=16_000, sound=sound, clock=clock) as mic:
                clock.now += 0.02
                sound.streams[0].bring(np.zeros(320))
                clock.now += 0.4
                sound.streams[0].bring(np.zeros(320), OVERFLOW)
                return await gather(mic, 2)

        assert [(frame.from_ms, frame.to_ms) for frame in asyncio.run(call())] == [(0, 20), (400, 420)]

    def test_a_reader_that_falls_behind_loses_the_oldest(self):
        """Ten seconds may wait."""
        sound, clock = FakeSound(HEADSET), Clock()

        async def call() -> list[AudioFrame]:
            async with open_microphone(rate_hz=16_000, sound=sound, clock=clock) as mic:
                for _ in range(15):
                    clock.now += 1.0
                    sound.streams[0].bring(np.zeros(16_000))
                return await gather(mic, 11 * 50)

        frames = asyncio.run(call())
        assert (frames[0].from_ms, frames[-1].to_ms) == (4000, 15_000)

    def test_a_microphone_that_goes_away_is_an_error(self):
        """Not a call that stays silent for ever."""
        sound, clock = FakeSound(HEADSET), Clock()

        async def call() -> None:
            async with open_microphone(sound=sound, clock=clock) as mic:
                clock.now += 3.1
                await gather(mic, 1)

        with pytest.raises(DeviceError, match="USB Headset") as caught:
            asyncio.run(call())
        assert caught.value.code == "DEV-005"
        assert sound.streams[0].state == "closed"

    def test_waiting_takes_no_frame_out_of_nothing(self):
        """The first frame comes with the first sound, however often nothing came before."""
        sound, clock = FakeSound(HEADSET), Clock()

        async def call() -> list[AudioFrame]:
            async with open_microphone(rate_hz=16_000, sound=sound, clock=clock) as mic:
                wanted = asyncio.create_task(gather(mic, 1))
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(asyncio.shield(wanted), 0.15)
                clock.now += 0.02
                sound.streams[0].bring(np.zeros(320))
                return await wanted

        assert [frame.to_ms for frame in asyncio.run(call())] == [20]

    def test_a_reader_waits_between_blocks(self):
        """After a block it gives the loop back; the next one wakes it."""
        sound, clock = FakeSound(HEADSET), Clock()

        async def call() -> list[AudioFrame]:
            async with open_microphone(rate_hz=16_000, sound=sound, clock=clock) as mic:
                wanted = asyncio.create_task(gather(mic, 2))
                for _ in range(2):
                    clock.now += 0.02
                    sound.streams[0].bring(np.zeros(320))
                    for _ in range(5):
                        await asyncio.sleep(0)
                return await wanted

        assert [frame.to_ms for frame in asyncio.run(call())] == [20, 40]

    def test_a_busy_device_closes_what_is_open_already(self):
        """The loopback is taken: the microphone is given back."""
        sound = FakeSound(HEADSET, MONITOR)
        sound.busy = {2}
        with pytest.raises(DeviceError, match=r"Monitor of USB Headset.*Device unavailable") as caught:
            asyncio.run(self._enter(open_microphone(None, 2, sound=sound)))
        assert caught.value.code == "DEV-004"
        assert [stream.state for stream in sound.streams] == ["closed", "closed"]

    def test_a_device_that_agrees_to_nothing(self):
        """Said with PortAudio's own words."""
        sound = FakeSound(HEADSET)
        sound.only = lambda channels, rate: False
        with pytest.raises(DeviceError, match="not supported") as caught:
            asyncio.run(self._enter(open_microphone(sound=sound)))
        assert caught.value.code == "DEV-004"

    def test_any_other_error_closes_the_streams_too(self):
        """A bug in a driver's wrapper is not swallowed."""
        sound = FakeSound(HEADSET, MONITOR)
        original = sound.RawInputStream

        def broken(**settings: Any) -> FakeStream:
            if settings["device"] == 2:
                raise ZeroDivisionError
            return original(**settings)

        sound.RawInputStream = broken
        with pytest.raises(ZeroDivisionError):
            asyncio.run(self._enter(open_microphone(None, 2, sound=sound)))
        assert [stream.state for stream in sound.streams] == ["closed"]

    def test_sound_that_comes_after_the_end_is_ignored(self):
        """PortAudio's thread may be a little late."""
        sound = FakeSound(HEADSET)
        asyncio.run(self._enter(open_microphone(sound=sound)))
        sound.streams[0].bring(np.zeros(320))

    @staticmethod
    async def _enter(mic: Microphone) -> None:
        async with mic:
            pass
