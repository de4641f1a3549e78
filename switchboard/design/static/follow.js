// Follows a stream of server-sent events, and says when it was away.

/**
 * Calls `changed(change)` for each event, and with `{what: "lagged"}` whenever the stream opens: between the page and the
 * stream, or while it was interrupted, something may have been missed. `state("live" | "away")` tells whether the stream is open. Returns {move(url), close()}.
 */
export function follow(url, { changed, state = () => {} }) {
  let source, timer, pause = 500, broken = false, closed = false;

  function open() {
    clearTimeout(timer);
    source?.close();
    const mine = (source = new EventSource(url));
    mine.addEventListener("open", () => {
      pause = 500;
      state("live");
      changed({ what: "lagged" });
      broken = false;
    });
    mine.addEventListener("change", (event) => changed(JSON.parse(event.data)));
    mine.addEventListener("error", () => {
      if (mine !== source || closed) return;
      broken = true;
      state("away");
      // The browser tries again by itself unless the server answered with an error.
      if (mine.readyState !== EventSource.CLOSED) return;
      timer = setTimeout(open, pause * (0.75 + Math.random() / 2));
      pause = Math.min(pause * 2, 15000);
    });
  }

  const again = () => broken && open();
  addEventListener("online", again);
  open();
  return {
    move(next) {
      if (next === url) return;
      url = next;
      open();
    },
    close() {
      closed = true;
      clearTimeout(timer);
      removeEventListener("online", again);
      source.close();
    },
  };
}
