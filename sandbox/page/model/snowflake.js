// Discord ids: 64-bit numbers as text, ordered by time. Never converted to a JavaScript number.

const EPOCH = 1420070400000n;

/** Negative, zero or positive as `a` is older than, the same as or newer than `b`. */
export function compareIds(a, b) {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : Number(a > b);
}

/** True where `a` was made after `b`; anything is later than nothing. */
export function isLater(a, b) {
  return !b || compareIds(a, b) > 0;
}

/** A fresh nonce: digits, at most 25 of them, as Discord's own clients send. */
export function freshNonce() {
  const random = crypto.getRandomValues(new Uint32Array(1))[0] & 0x3fffff;
  return String(((BigInt(Date.now()) - EPOCH) << 22n) | BigInt(random));
}
