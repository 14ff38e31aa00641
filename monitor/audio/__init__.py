"""Sound: G.711, resampling, voice activity, level. Pure functions of samples."""
