// Rings until it is handled: a call by its severity, a round that is late once a minute. Two tones, made here: no file that could be missing.
const toneSeconds = 0.22;
const pauses: Record<string, number> = { alarm: 700, red: 1800, yellow: 6000, green: 20000, round: 60000 };

let context: AudioContext | null = null;
let timer: ReturnType<typeof setInterval> | undefined;
let current = "";

// Browsers give sound only after a touch: the PIN is one.
export function allowSound(): void {
  context ??= new AudioContext();
  void context.resume();
}

export function chime(severity = "red"): void {
  if (!context || context.state !== "running") return;
  const high = severity === "alarm" ? 1180 : 880;
  const pitches = severity === "round" ? [high * 0.5, high * 0.75] : [high, high * 0.75, high];
  pitches.forEach((pitch, i) => {
    const tone = context!.createOscillator();
    const volume = context!.createGain();
    const from = context!.currentTime + i * toneSeconds;
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0.0001, from);
    volume.gain.exponentialRampToValueAtTime(0.5, from + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, from + toneSeconds);
    tone.connect(volume).connect(context!.destination);
    tone.start(from);
    tone.stop(from + toneSeconds);
  });
  navigator.vibrate?.([200, 100, 200]);
}

export function ringFor(severity: string | null): void {
  if ((severity ?? "") === current) return;
  current = severity ?? "";
  clearInterval(timer);
  document.title = severity ? "● Nattevagt" : "Nattevagt";
  if (!severity) return;
  chime(severity);
  timer = setInterval(() => chime(severity), pauses[severity] ?? 2000);
}
