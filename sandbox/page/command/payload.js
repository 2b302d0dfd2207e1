// Builds interaction data from fields: nested subcommands, files by index.

function nested(entry, options) {
  return entry.path.toReversed().reduce((inner, part) => [{ type: part.type, name: part.name, options: inner }], options);
}

function base({ command }) {
  return { id: command.id, name: command.name, type: 1 };
}

/** {data, files} for the fields of `entry` that have a value. */
export function commandData(entry, fields) {
  const files = [];
  const options = fields.filter((field) => field.value() !== null).map((field) => {
    const { name, type } = field.option;
    const value = field.value();
    return { name, type, value: value instanceof File ? files.push(value) - 1 : value };
  });
  return { data: { ...base(entry), options: nested(entry, options) }, files };
}

/** The data of an autocomplete interaction, with the `focused` option marked. */
export function autocompleteData(entry, fields, focused) {
  const known = fields.filter((field) => field === focused || (field.value() !== null && !(field.value() instanceof File)));
  const options = known.map((field) => {
    const { name, type } = field.option;
    return field === focused ? { name, type, value: field.text(), focused: true } : { name, type, value: field.value() };
  });
  return { ...base(entry), options: nested(entry, options) };
}
