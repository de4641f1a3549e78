// The line to the hub: connects, comes back after every drop, and notices when a line is dead although it looks open.

const FINAL = new Set([4400, 4401, 4403, 4404]);

class Line {
  // `on` is {hello(): frame, frame(frame), state(open), refused(sentence)}.
  constructor(url, on) {
    this.url = url;
    this.on = on;
    this.wanted = false;
    this.open = false;
    this.failures = 0;
    this.refusal = "";
    addEventListener("online", () => this.now());
    addEventListener("offline", () => this.socket && this.drop(this.socket));
    addEventListener("pageshow", (event) => event.persisted && this.now());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.open ? this.check() : this.now();
    });
    setInterval(() => document.visibilityState === "visible" && this.check(), 40000);
  }

  // Be connected from now on.
  start() {
    if (!this.wanted) {
      this.wanted = true;
      this.connect();
    }
  }

  now() {
    if (this.wanted && !this.socket) {
      this.failures = 0;
      this.connect();
    }
  }

  connect() {
    clearTimeout(this.timer);
    if (!this.wanted || this.socket) return;
    let socket;
    try {
      socket = new WebSocket(this.url);
    } catch {
      return this.later();
    }
    this.socket = socket;
    this.timer = setTimeout(() => this.drop(socket), 15000);
    socket.onopen = () => socket.send(JSON.stringify(this.on.hello()));
    socket.onmessage = (event) => this.socket === socket && this.receive(event.data);
    socket.onclose = (event) => this.drop(socket, event.code);
  }

  receive(data) {
    let frame;
    try {
      frame = JSON.parse(data);
    } catch {
      return;
    }
    clearTimeout(this.pulse);
    this.pulse = null;
    if (frame.type === "welcome") {
      clearTimeout(this.timer);
      this.open = true;
      // A line that breaks at once again and again is no better than one that does not open.
      this.settled = setTimeout(() => (this.failures = 0), 10000);
    } else if (frame.type === "error" && !frame.id) {
      this.refusal = frame.sentence;
    }
    this.on.frame(frame);
    if (frame.type === "welcome") this.on.state(true);
  }

  // False when there is no line now. A hint is not worth asking whether it arrived.
  send(frame, hint) {
    if (!this.open) return false;
    this.socket.send(JSON.stringify(frame));
    if (!hint && !this.pulse) this.check(8000);
    return true;
  }

  // Whoever does not answer in time is not there any more.
  check(within = 5000) {
    if (!this.open) return;
    const socket = this.socket;
    socket.send('{"type":"ping"}');
    clearTimeout(this.pulse);
    this.pulse = setTimeout(() => this.drop(socket), within);
  }

  // Hang up and come back at once, whoever one is by then.
  again() {
    if (this.socket) this.drop(this.socket, 1012);
    else this.now();
  }

  drop(socket, code) {
    if (this.socket !== socket) return;
    clearTimeout(this.timer);
    clearTimeout(this.settled);
    clearTimeout(this.pulse);
    this.pulse = null;
    this.socket = null;
    this.open = false;
    socket.onclose = socket.onmessage = null;
    socket.close();
    if (FINAL.has(code)) {
      this.wanted = false;
      this.on.refused(this.refusal, code);
    } else {
      this.later(code === 1012);
      this.on.state(false);
    }
  }

  // Half a second, one, two … thirty, each with jitter, so that a thousand browsers do not come back at once.
  later(blink) {
    const most = blink ? 600 : Math.min(30000, 500 * 2 ** this.failures);
    this.failures += blink ? 0 : 1;
    this.timer = setTimeout(() => this.connect(), most * (0.5 + Math.random() / 2));
  }
}
