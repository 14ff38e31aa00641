"""From voiced stretches to words: endpointing, agreement, guards, the engine protocol."""
