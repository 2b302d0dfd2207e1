// Snowflakes: 64-bit ids as text, ordered by time, never converted to JavaScript numbers.

const EPOCH = 1420070400000n;

/** Negative, zero or positive as `a` is older than, the same as or newer than `b`. */
export function compareIds(a, b) {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : Number(a > b);
}

/** True if `a` was created after `b`, or there is no `b`. */
export function isLater(a, b) {
  return !b || compareIds(a, b) > 0;
}

/** A new nonce: up to 25 digits, like those of Discord's clients. */
export function freshNonce() {
  const random = crypto.getRandomValues(new Uint32Array(1))[0] & 0x3fffff;
  return String(((BigInt(Date.now()) - EPOCH) << 22n) | BigInt(random));
}
