from monitor.frames import AudioFrame, Side


def test_a_frame_knows_its_place_in_media_time():
    frame = AudioFrame(side=Side.AGENT, start=8_000, pcm=bytes(2 * 160), rate_hz=8_000)
    assert (frame.from_ms, frame.to_ms) == (1000, 1020)
