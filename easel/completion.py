"""Shell completion of the `easel` command for the shell that is named."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import typer
from typer.completion import install_callback, show_callback
from typer.core import TyperGroup

SHELLS = ("bash", "zsh", "fish", "powershell", "pwsh")
_ACTIONS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {"--show-completion": show_callback, "--install-completion": install_callback}
)


class CommandGroup(TyperGroup):
    """The commands, where a shell may follow `--show-completion` and `--install-completion`.

    Typer's own options take no shell where they can detect the one that runs the command, and then ignore what follows.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Return the arguments that are left; a named shell ends the command, which typer.BadParameter refuses."""
        option, _, shell = " ".join(args).replace("=", " ", 1).partition(" ")
        if option in _ACTIONS and shell:
            if shell not in SHELLS:
                raise typer.BadParameter(f"{shell!r} is none of {', '.join(SHELLS)}.", ctx=ctx, param_hint=option)
            _ACTIONS[option](ctx, None, shell)
        return super().parse_args(ctx, args)
