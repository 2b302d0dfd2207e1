// The choices of selects and options that list users, roles and channels.

import { displayName } from "../model/store.js";

const TEXT_CHANNEL = 0;

const userOptions = (store) => [...store.members, store.bot].filter(Boolean).map((user) => ({
  value: user.id, label: displayName(user), description: `@${user.username}`, user }));

const roleOptions = (store) => store.roles.map((role) => ({
  value: role.id, label: role.name.startsWith("@") ? role.name : `@${role.name}`, description: "role" }));

function channelOptions(store, types) {
  const fits = ({ type }) => !types?.length || types.includes(type);
  return store.channels.filter((channel) => channel.kind !== "dm" && fits({ type: channel.type ?? TEXT_CHANNEL }))
    .map(({ id, name }) => ({ value: id, label: `#${name}` }));
}

/** The choices of a user (5), role (6), mentionable (7) or channel (8) select. */
export function entityOptions(component, store) {
  const lists = {
    5: () => userOptions(store),
    6: () => roleOptions(store),
    7: () => [...userOptions(store), ...roleOptions(store)],
    8: () => channelOptions(store, component.channel_types),
  };
  return lists[component.type]();
}

/** The default values of a select. */
export function defaultValues(component) {
  const marked = (component.options ?? []).filter((option) => option.default).map((option) => option.value);
  return [...marked, ...(component.default_values ?? []).map(({ id }) => id)];
}
