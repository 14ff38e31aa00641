"""faster-whisper on one recording; prints one JSON line.

    python recordings.py --model DIR --file WAV [--beam 5] [--vad] [--batch N]

Loading the model and decoding the file are not in the times.
"""

import argparse
import json
import os
import resource
import time

from faster_whisper import BatchedInferencePipeline, WhisperModel, decode_audio

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--file", required=True)
    parser.add_argument("--beam", type=int, default=5)
    parser.add_argument("--vad", action="store_true")
    parser.add_argument("--batch", type=int, default=0)
    args = parser.parse_args()
    model = WhisperModel(args.model, device="cpu", compute_type="int8", cpu_threads=os.cpu_count() or 1)
    wave = decode_audio(args.file)
    list(model.transcribe(wave[: 5 * 16_000], language="zh")[0])
    wall, cpu = time.perf_counter(), time.process_time()
    if args.batch:
        pipeline = BatchedInferencePipeline(model)
        segments, _ = pipeline.transcribe(wave, language="zh", beam_size=args.beam, batch_size=args.batch)
    else:
        segments, _ = model.transcribe(wave, language="zh", beam_size=args.beam, vad_filter=args.vad)
    text = "".join(segment.text for segment in segments)
    found = {
        "wall_s": time.perf_counter() - wall,
        "cpu_s": time.process_time() - cpu,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000,
        "text": text,
    }
    print(json.dumps(found, ensure_ascii=False))
