"""WhisperLive's own server with one shared model, as its ``run_server.py`` sets it up.

    python whisperlive.py --model DIR --port N [--batch]

``--batch`` switches on its batching of requests across clients.
"""

import argparse

from whisper_live.server import TranscriptionServer

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--batch", action="store_true")
    args = parser.parse_args()
    TranscriptionServer().run(
        "127.0.0.1",
        port=args.port,
        backend="faster_whisper",
        faster_whisper_custom_model_path=args.model,
        single_model=True,
        max_clients=64,
        max_connection_time=3600,
        batch_enabled=args.batch,
        batch_max_admissions_per_s=1000.0,
        batch_max_queue_wait_s=60.0,
    )
