"""Commands in the language of a member's Discord, as clients show them."""

from sandbox.state.records import Json


def localized(command: Json, locale: str) -> Json:
    """Return a command, an option or a choice with what it says in the locale; those without that stay as they are.

    `name_localized` is what is shown of its name; `name` is what is sent.
    """
    said = dict(command)
    name, description = ((command.get(f"{key}_localizations") or {}).get(locale) for key in ("name", "description"))
    said |= {"name_localized": name} if name else {}
    said |= {"description": description} if description else {}
    for key in ("options", "choices"):
        said |= {key: [localized(one, locale) for one in command[key]]} if command.get(key) else {}
    return said
