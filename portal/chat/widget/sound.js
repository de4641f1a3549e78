// Two soft tones when something is said and nobody is looking; made here, so that no page has to allow media.

let audio;

function chime() {
  if (navigator.userActivation?.hasBeenActive === false) return; // a page nobody has touched yet may make no sound
  try {
    audio ??= new AudioContext();
    if (audio.state === "suspended") return void audio.resume();
    for (const [n, tone] of [660, 880].entries()) {
      const start = audio.currentTime + n * 0.12;
      const voice = audio.createOscillator();
      const volume = audio.createGain();
      voice.frequency.value = tone;
      volume.gain.setValueAtTime(0.0001, start);
      volume.gain.exponentialRampToValueAtTime(0.08, start + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.0001, start + 0.3);
      voice.connect(volume).connect(audio.destination);
      voice.start(start);
      voice.stop(start + 0.32);
    }
  } catch {}
}
