// The WebSocket of one member, which reconnects with exponential backoff.

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 8000;

function address(member) {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  return `${scheme}://${location.host}/sandbox/events?member=${encodeURIComponent(member)}`;
}

/**
* Calls `onEvent(t, d)` for each event and `onLost` on each disconnect.
* Returns {close, drop, retry}: `drop` disconnects and reconnects, `retry` skips the current backoff.
 */
export function connect(member, { onEvent, onLost }) {
  let socket = null;
  let pause = FIRST_PAUSE;
  let timer = null;
  let wanted = true;

  function open() {
    clearTimeout(timer);
    socket = new WebSocket(address(member));
    socket.addEventListener("open", () => { pause = FIRST_PAUSE; });
    socket.addEventListener("message", ({ data }) => deliver(JSON.parse(data)));
    socket.addEventListener("close", lose);
  }

  function deliver({ t, d }) {
    if (wanted) onEvent(t, d);
  }

  function lose() {
    if (!wanted) return;
    onLost();
    timer = setTimeout(open, pause);
    pause = Math.min(pause * 2, LONGEST_PAUSE);
  }

  open();
  return {
    close: () => { wanted = false; clearTimeout(timer); socket.close(); },
    drop: () => socket.close(),
    retry: () => { if (socket.readyState === WebSocket.CLOSED) open(); },
  };
}
