// The slash commands that a member can use in a channel, one entry per subcommand, and searching them.

const CHAT_INPUT = 1;
const SUBCOMMAND = 1;
const GROUP = 2;
const IN_GUILD = 0;
const IN_DM = 1;
const IN_SERVER = 0;
const BY_USER = 1;
const bit = (place) => 1n << BigInt(place);
// Add reactions, view, send, embed links, attach files, history, use commands: every member's permissions.
const EVERYBODY = [6, 10, 11, 14, 15, 16, 31].reduce((sum, place) => sum | bit(place), 0n);

function flatten(command, path, options) {
  const nested = options.filter(({ type }) => type === SUBCOMMAND || type === GROUP);
  if (!nested.length) return [{ command, path, options }];
  return nested.flatMap((option) => flatten(command, [...path, option], option.options ?? []));
}

function entryOf({ command, path, options }) {
  const last = path.at(-1) ?? command;
  const name = [command, ...path].map((part) => part.name).join(" ");
  return { name, description: last.description, command, path, options };
}

/** Every slash command of `commands`, one entry per subcommand: {name, description, command, path, options}. */
export function entriesOf(commands) {
  return commands.filter((command) => (command.type ?? CHAT_INPUT) === CHAT_INPUT)
    .flatMap((command) => flatten(command, [], command.options ?? [])).map(entryOf)
    .sort((a, b) => a.name.localeCompare(b.name));
}

// By the installation in the server, or the member's own.
function isInstalled(command, channel, me) {
  const types = command.integration_types ?? [IN_SERVER];
  return (!channel.foreign_guild && types.includes(IN_SERVER)) || (Boolean(me.has_installed) && types.includes(BY_USER));
}

function fitsPlace(command, channel, me) {
  if (!isInstalled(command, channel, me)) return false;
  if (command.nsfw && !channel.nsfw) return false;
  if (channel.kind !== "dm") return !command.contexts || command.contexts.includes(IN_GUILD);
  if (command.guild_id || command.dm_permission === false) return false;
  return !command.contexts || command.contexts.includes(IN_DM);
}

function fitsMember(command, channel, me) {
  const needed = command.default_member_permissions;
  if (needed == null || me.administrator || channel.kind === "dm") return true;
  const bits = BigInt(needed);
  return bits !== 0n && (bits & ~EVERYBODY) === 0n;
}

/** The entries that `me` may use in `channel`. */
export function usable(entries, channel, me) {
  return entries.filter(({ command }) => fitsPlace(command, channel, me) && fitsMember(command, channel, me));
}

function rank(entry, text) {
  if (entry.name.startsWith(text)) return 0;
  if (entry.name.includes(text)) return 1;
  return entry.description?.toLowerCase().includes(text) ? 2 : 3;
}

/** The entries that match `text`, best first. */
export function matching(entries, text) {
  const wanted = text.trim().toLowerCase();
  return entries.map((entry) => [rank(entry, wanted), entry]).filter(([place]) => place < 3)
    .sort(([a], [b]) => a - b).map(([, entry]) => entry);
}

/** [entry, rest] if `text` starts with a full command name and a blank, else null: "/imagine a fox". */
export function matchTyped(entries, text) {
  const found = entries.filter((entry) => text.slice(1).toLowerCase().startsWith(entry.name) && /\s/.test(text[entry.name.length + 1] ?? ""))
    .sort((a, b) => b.name.length - a.name.length)[0];
  return found ? [found, text.slice(found.name.length + 2)] : null;
}

/** The entry whose name takes the fewest changes from `name`; undefined if none is spelled alike. */
export function nearest(entries, name) {
  const wanted = name.toLowerCase();
  return entries.map((entry) => [changesBetween(wanted, entry.name), entry])
    .filter(([changes]) => changes <= Math.max(1, wanted.length / 3)).sort(([a], [b]) => a - b)[0]?.[1];
}

/** The least number of letters to insert, remove or replace from `a` to `b` (Levenshtein). */
function changesBetween(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (let j = 1; j <= b.length; j += 1) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + Number(letter !== b[j - 1]));
    }
    row = next;
  }
  return row[b.length];
}
