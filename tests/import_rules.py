"""An import contract that lists what a package may import and rejects everything else.

import-linter's own contracts list what is forbidden; a new dependency would pass them unseen.
"""

from __future__ import annotations

import sys
from typing import cast

import grimp
from importlinter import Contract, ContractCheck, fields, output


class AllowList(Contract):
    """Modules in `modules`, but not in `apart_from`, import themselves, the standard library and `may_import` only."""

    type_name = "allow_list"

    modules = fields.ListField(subfield=fields.StringField())
    apart_from = fields.ListField(subfield=fields.StringField(), required=False)
    may_import = fields.ListField(subfield=fields.StringField(), required=False)

    def check(self, graph: grimp.ImportGraph, verbose: bool) -> ContractCheck:
        """Return the verdict, with one line for every import that is not on the list."""
        own, apart = _names(self.modules), _names(self.apart_from)
        allowed = own + _names(self.may_import)
        refused = [
            line
            for module in sorted(graph.modules)
            if _is_within(module, own) and not _is_within(module, apart)
            for imported in sorted(graph.find_modules_directly_imported_by(module))
            if not _is_allowed(imported, allowed, apart) and not _is_within(module, [imported])
            for line in _lines_from_import(graph, module, imported)
        ]
        return ContractCheck(kept=not refused, metadata={"refused": refused})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print the imports that are not on the list."""
        for line in check.metadata["refused"]:
            output.print_error(line, bold=False)


def _names(field: object) -> list[str]:
    # Declared as a field on the class, a list or None on the instance.
    return [str(name) for name in cast("list[str] | None", field) or []]


def _is_within(module: str, packages: list[str]) -> bool:
    return any(module == package or module.startswith(package + ".") for package in packages)


def _is_allowed(imported: str, allowed: list[str], apart: list[str]) -> bool:
    if imported.split(".")[0] in sys.stdlib_module_names:
        return True
    longest = max((name for name in [*allowed, *apart] if _is_within(imported, [name])), key=len, default=None)
    return longest in allowed


def _lines_from_import(graph: grimp.ImportGraph, module: str, imported: str) -> list[str]:
    details = graph.get_import_details(importer=module, imported=imported)
    return [f"{module}:{detail['line_number']} may not import {imported}" for detail in details]
