"""Checks the objects of KEDA in a file against KEDA's own models; a field that these do not have is an error."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import jsonschema
import yaml
from cloudcoil.models.keda import v1alpha1


def strict(schema: Any) -> Any:
    """Return the schema with `additionalProperties` false wherever it lists properties and says nothing of others."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {"additionalProperties": False} if "properties" in schema and "additionalProperties" not in schema else {}
    return {name: strict(value) for name, value in schema.items()} | closed


def main(path: Path) -> None:
    """Check every object; exit with the first error."""
    found = [document for document in yaml.safe_load_all(path.read_text()) if "keda.sh" in document["apiVersion"]]
    assert found, f"{path} has no object of KEDA"
    for document in found:
        schema = getattr(v1alpha1, document["kind"]).model_json_schema(by_alias=True)
        jsonschema.validate(document, strict(schema))
        print(f"{path.name}: {document['kind']} {document['metadata']['name']} is valid")


main(Path(sys.argv[1]))
