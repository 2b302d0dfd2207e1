// Subscribes to a member's events without a gap: each connection starts with READY, then the state is requested,
// and events that arrive meanwhile are queued.

import { connect } from "./socket.js";

/**
* Returns {close, retry}. Hooks: `state()` resolves to a snapshot, or nothing on failure; `onState(snapshot)`
 * after each (re)connection; `onEvent(t, d)`; `onLost()` after each loss.
 */
export function subscribe(memberId, { state, onState, onEvent, onLost }) {
  let early = [];
  let isWanted = true;

  async function begin() {
    const snapshot = await state();
    if (!isWanted) return;
    if (!snapshot) { socket.drop(); return; }
    onState(snapshot);
    for (const [type, event] of early ?? []) onEvent(type, event);
    early = null;
  }

  const socket = connect(memberId, {
    onEvent: (type, event) => {
      if (type === "READY") begin();
      else if (early) early.push([type, event]);
      else onEvent(type, event);
    },
    onLost: () => { early = []; onLost(); },
  });
  return { close: () => { isWanted = false; socket.close(); }, retry: socket.retry };
}
