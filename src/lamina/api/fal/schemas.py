"""Renders fal's OpenAPI document of an endpoint from the table by which its inputs are validated."""

from typing import cast

from lamina.api.fal.endpoints import Endpoint, Output
from lamina.api.shared.openapi import Document, MediaType, Parameter, Response, Schema
from lamina.core.tasks import TaskKind

_REF = "#/components/schemas/{model}"  # pydantic's placeholder
_STATUS: Schema = {
    "type": "object",
    "properties": {
        "status": {"type": "string", "enum": ["IN_QUEUE", "IN_PROGRESS", "COMPLETED"]},
        "request_id": {"type": "string", "description": "Id of the request."},
        "response_url": {"type": "string", "description": "URL of the result."},
        "status_url": {"type": "string", "description": "URL of the status."},
        "cancel_url": {"type": "string", "description": "URL for cancelling the request."},
        "logs": {"type": "object", "description": "Log lines of the request.", "additionalProperties": True},
        "metrics": {"type": "object", "description": "Metrics of the request.", "additionalProperties": True},
        "queue_position": {"type": "integer", "description": "Number of requests ahead in the queue."},
    },
    "required": ["status", "request_id"],
}
_ID: Parameter = {
    "name": "request_id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "description": "Request ID"},
}
_LOGS: Parameter = {
    "name": "logs",
    "in": "query",
    "required": False,
    "schema": {"type": "number", "description": "1 to include the logs, 0 to omit them."},
}


def render_openapi(endpoint: Endpoint, queue_url: str, site_url: str) -> Document:
    """`queue_url`: the base URL of the queue; `site_url`: that of these pages."""
    name, path = endpoint.schema_name, f"/{endpoint.id}"
    input_schema = input_schema_of(endpoint, _REF)
    for field in input_schema.get("properties", {}).values():
        if "default" in field and field["default"] is None:  # fal omits defaults of null
            del field["default"]
    schemas: dict[str, Schema] = {
        "QueueStatus": _STATUS,
        **input_schema.pop("$defs", {}),
        f"{name}Input": input_schema,
        **_output_schemas(endpoint),
    }
    cancelled: Schema = {
        "type": "object",
        "properties": {"success": {"type": "boolean", "description": "Whether the request was cancelled."}},
    }
    return {
        "openapi": "3.0.4",
        "info": {
            "title": f"Queue OpenAPI for {endpoint.id}",
            "version": "1.0.0",
            "description": f"The OpenAPI schema for the {endpoint.id} queue.",
            "x-fal-metadata": {
                "endpointId": endpoint.id,
                "category": category_of(endpoint),
                "documentationUrl": f"{site_url}/models/{endpoint.id}/llms.txt",
            },
        },
        "components": {
            "securitySchemes": {
                "apiKeyAuth": {"type": "apiKey", "in": "header", "name": "Authorization", "description": "Key SECRET"}
            },
            "schemas": schemas,
        },
        "paths": {
            f"{path}/requests/{{request_id}}/status": {
                "get": {"parameters": [_ID, _LOGS], "responses": _responses(_ref("QueueStatus"))}
            },
            f"{path}/requests/{{request_id}}/cancel": {
                "put": {"parameters": [_ID], "responses": _responses(cancelled)}
            },
            path: {
                "post": {
                    "requestBody": {"required": True, "content": _json(_ref(f"{name}Input"))},
                    "responses": _responses(_ref("QueueStatus")),
                }
            },
            f"{path}/requests/{{request_id}}": {
                "get": {"parameters": [_ID], "responses": _responses(_ref(f"{name}Output"))},
            },
        },
        "servers": [{"url": queue_url}],
        "security": [{"apiKeyAuth": []}],
    }


def input_schema_of(endpoint: Endpoint, ref_template: str = "#/$defs/{model}") -> Schema:
    """The schema of the input as pydantic renders it. `ref_template`: the form of references to other schemas."""
    return cast("Schema", endpoint.input.model_json_schema(ref_template=ref_template))


def category_of(endpoint: Endpoint) -> str:
    if endpoint.kind is TaskKind.TRAIN:
        return "training"
    has_pictures = not {"image_url", "image_urls"}.isdisjoint(endpoint.field_names)
    return "image-to-image" if has_pictures or endpoint.kind is TaskKind.DECOMPOSE else "text-to-image"


def output_fields(endpoint: Endpoint) -> dict[str, tuple[Schema, str]]:
    """(schema, description) by field name, in fal's order."""
    if endpoint.output is Output.ADAPTER:
        return {
            "diffusers_lora_file": (_ref("File"), "The LoRA as safetensors in the diffusers format."),
            "config_file": (_ref("File"), "The training configuration."),
        }
    images: Schema = {"type": "array", "items": _ref("File" if endpoint.output is Output.FILES else "ImageFile")}
    common: dict[str, tuple[Schema, str]] = {
        "images": (images, "The generated images; layers are in order from the bottom."),
        "seed": ({"type": "integer"}, "The seed of the request, or the random seed that was used."),
    }
    if endpoint.output is Output.FILES:
        return common
    timings: Schema = {"type": "object", "additionalProperties": {"type": "number"}}
    flags: Schema = {"type": "array", "items": {"type": "boolean"}}
    return {
        "images": common["images"],
        "timings": (timings, "Timings in seconds; `inference` is the whole run."),
        "seed": common["seed"],
        "has_nsfw_concepts": (flags, "For each picture, whether the safety checker blacked it out."),
        "prompt": ({"type": "string", "nullable": True}, "The prompt of the request."),
    }


def _output_schemas(endpoint: Endpoint) -> dict[str, Schema]:
    fields = output_fields(endpoint)
    file: dict[str, Schema] = {
        "url": {"type": "string", "description": "URL of the file."},
        "content_type": {"type": "string", "nullable": True},
        "file_name": {"type": "string", "nullable": True},
        "file_size": {"type": "integer", "nullable": True, "description": "Size in bytes."},
    }
    size: dict[str, Schema] = {
        name: {"type": "integer", "nullable": True, "description": f"{name.capitalize()} in pixels."}
        for name in ("width", "height")
    }
    is_bare = endpoint.output in (Output.FILES, Output.ADAPTER)
    name = "File" if is_bare else "ImageFile"
    properties = file if is_bare else {**file, **size}
    file_schema: Schema = {"type": "object", "title": name, "required": ["url"], "properties": properties}
    output: Schema = {
        "type": "object",
        "title": f"{endpoint.schema_name}Output",
        "x-fal-order-properties": list(fields),
        "properties": {name: {**schema, "description": description} for name, (schema, description) in fields.items()},
        "required": [name for name in fields if name != "prompt" or endpoint.output is not Output.LAYERS],
    }
    return {name: file_schema, f"{endpoint.schema_name}Output": output}


def _responses(schema: Schema) -> dict[str, Response]:
    return {"200": {"description": "The status of the request, or its result.", "content": _json(schema)}}


def _json(schema: Schema) -> dict[str, MediaType]:
    return {"application/json": {"schema": schema}}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}
