"""The parts of OpenAPI documents that are written and shown here, as types (spec.openapis.org/oas)."""

from typing import NotRequired, TypedDict

Schema = TypedDict(
    "Schema",
    {
        "$defs": "dict[str, Schema]",
        "$ref": str,
        "additionalProperties": "bool | Schema",
        "anyOf": "list[Schema]",
        "default": object,
        "description": str,
        "enum": list[str],
        "examples": list[object],
        "items": "Schema",
        "maximum": float,
        "minimum": float,
        "multipleOf": float,
        "nullable": bool,
        "properties": "dict[str, Schema]",
        "required": list[str],
        "title": str,
        "type": str,
        "x-fal-order-properties": list[str],
    },
    total=False,
)
"""JSON Schema, with an extension of fal's."""

Parameter = TypedDict(
    "Parameter",
    {"name": str, "in": str, "required": NotRequired[bool], "description": NotRequired[str], "schema": Schema},
)


class MediaType(TypedDict, total=False):
    schema: Schema


class RequestBody(TypedDict):
    required: NotRequired[bool]
    content: dict[str, MediaType]


class Response(TypedDict):
    description: str
    content: NotRequired[dict[str, MediaType]]


class Operation(TypedDict, total=False):
    tags: list[str]
    summary: str
    description: str
    parameters: list[Parameter]
    requestBody: RequestBody
    responses: dict[str, Response]


class Components(TypedDict):
    """`securitySchemes`: the members of each by name."""

    securitySchemes: NotRequired[dict[str, dict[str, str]]]
    schemas: dict[str, Schema]


Info = TypedDict(
    "Info",
    {
        "title": str,
        "version": str,
        "description": NotRequired[str],
        "x-fal-metadata": NotRequired[dict[str, str]],
    },
)


class Document(TypedDict):
    """`paths`: operations by path and method."""

    openapi: str
    info: Info
    components: Components
    paths: dict[str, dict[str, Operation]]
    servers: NotRequired[list[dict[str, str]]]
    security: NotRequired[list[dict[str, list[str]]]]
