"""How JSON shapes are written down: short words for what JSON Schema says at length.

Knows JSON Schema; knows nothing of what the shapes are for.
"""

from typing import Any

Schema = dict[str, Any]

ID = "[0-9a-fA-F]{24}"


def text(description: str, **rules: Any) -> Schema:
    """Describe a string."""
    return {"type": "string", "description": description} | rules


def number(description: str, **rules: Any) -> Schema:
    """Describe a whole number."""
    return {"type": "integer", "description": description} | rules


def flag(description: str, **rules: Any) -> Schema:
    """Describe a boolean."""
    return {"type": "boolean", "description": description} | rules


def time(description: str) -> Schema:
    """Describe a time as all answers have it."""
    return text(f"{description}; RFC 3339, UTC, milliseconds", format="date-time")


def listing(items: Schema) -> Schema:
    """Describe an array."""
    return {"type": "array", "items": items}


def dictionary(description: str, values: Schema, **rules: Any) -> Schema:
    """Describe an object with whatever keys."""
    return {"type": "object", "description": description, "additionalProperties": values} | rules


def or_null(schema: Schema) -> Schema:
    """Allow null besides."""
    return schema | {"type": [schema["type"], "null"]}


def optional_id(description: str, code: int) -> Schema:
    """Describe an id of the body that may be left out; `code` is of the error when it is wrong."""
    rules = {"pattern": f"^({ID})?$", "x-error-code": code}
    return or_null(text(f"{description}; empty, null or absent: any", **rules))


def unless_empty(schema: Schema, code: int) -> Schema:
    """Allow null and the empty string besides, in a body; `code` is of the error when it is wrong."""
    # Rules about numbers leave the empty string alone, and the length binds strings only.
    return schema | {"type": [schema["type"], "string", "null"], "maxLength": 0, "x-error-code": code}


def answer(**properties: Schema) -> Schema:
    """Describe an object in answers, which has all its keys always."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def body(required: list[str], **properties: Schema) -> Schema:
    """Describe a request body."""
    return {"type": "object", "properties": properties, "required": required}


def reference(name: str) -> Schema:
    """Refer to a schema by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


PAGINATION = answer(
    total_records=number("How many there are; in a search, how many it finds"),
    limit=number("As asked for"),
    offset=number("As asked for: number of the page"),
)
