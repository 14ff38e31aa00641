/** A short soft sound, made here (no file), and only where somebody chose to hear it. */

let audio = null;

/** Two quiet notes, falling for a warning, rising for something to say. */
export function chime(rising) {
  audio ??= new AudioContext();
  // Browsers keep sound off until the page was used; then the first chimes are simply not heard.
  audio.resume().catch(() => {});
  const start = audio.currentTime;
  for (const [index, pitch_hz] of (rising ? [440, 587] : [523, 392]).entries()) {
    const tone = audio.createOscillator();
    const loudness = audio.createGain();
    tone.frequency.value = pitch_hz;
    loudness.gain.setValueAtTime(0, start + index * 0.14);
    loudness.gain.linearRampToValueAtTime(0.08, start + index * 0.14 + 0.02);
    loudness.gain.exponentialRampToValueAtTime(0.001, start + index * 0.14 + 0.3);
    tone.connect(loudness).connect(audio.destination);
    tone.start(start + index * 0.14);
    tone.stop(start + index * 0.14 + 0.32);
  }
}
