"""fal's OpenAPI document of one endpoint, from the same table that its inputs are checked with."""

from typing import Any

from lamina.api.fal.endpoints import Endpoint, Output
from lamina.core.tasks import TaskKind

_REF = "#/components/schemas/{model}"
_STATUS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "status": {"type": "string", "enum": ["IN_QUEUE", "IN_PROGRESS", "COMPLETED"]},
        "request_id": {"type": "string", "description": "Of the request."},
        "response_url": {"type": "string", "description": "Where its result is."},
        "status_url": {"type": "string", "description": "Where its status is."},
        "cancel_url": {"type": "string", "description": "Where it can be cancelled."},
        "logs": {"type": "object", "description": "Its log.", "additionalProperties": True},
        "metrics": {"type": "object", "description": "Its figures.", "additionalProperties": True},
        "queue_position": {"type": "integer", "description": "How many go before it."},
    },
    "required": ["status", "request_id"],
}
_ID = {
    "name": "request_id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "description": "Request ID"},
}
_LOGS = {
    "name": "logs",
    "in": "query",
    "required": False,
    "schema": {"type": "number", "description": "1: with the log; 0: without."},
}


def render_openapi(endpoint: Endpoint, queue_url: str, site_url: str) -> dict[str, Any]:
    """`queue_url`, `site_url`: where the queue and these pages are."""
    name, path = endpoint.schema_name, f"/{endpoint.id}"
    given = endpoint.input.model_json_schema(ref_template=_REF)
    for field in given["properties"].values():
        if field.get("default", "") is None:  # fal says nothing of these
            del field["default"]
    schemas = {"QueueStatus": _STATUS, **given.pop("$defs", {}), f"{name}Input": given, **_output_schemas(endpoint)}
    cancelled = {"type": "object", "properties": {"success": {"type": "boolean", "description": "Whether it worked."}}}
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
                "get": {"parameters": [_ID, _LOGS], "responses": _answers("QueueStatus")}
            },
            f"{path}/requests/{{request_id}}/cancel": {"put": {"parameters": [_ID], "responses": _answer(cancelled)}},
            path: {
                "post": {
                    "requestBody": {"required": True, "content": _json(_ref(f"{name}Input"))},
                    "responses": _answers("QueueStatus"),
                }
            },
            f"{path}/requests/{{request_id}}": {
                "get": {"parameters": [_ID], "responses": _answers(f"{name}Output")},
            },
        },
        "servers": [{"url": queue_url}],
        "security": [{"apiKeyAuth": []}],
    }


def category_of(endpoint: Endpoint) -> str:
    if endpoint.kind is TaskKind.TRAIN:
        return "training"
    has_pictures = not {"image_url", "image_urls"}.isdisjoint(endpoint.field_names)
    return "image-to-image" if has_pictures or endpoint.kind is TaskKind.DECOMPOSE else "text-to-image"


def output_fields(endpoint: Endpoint) -> dict[str, tuple[dict[str, Any], str]]:
    """Name to (schema, meaning), in fal's order."""
    if endpoint.output is Output.ADAPTER:
        return {
            "diffusers_lora_file": (_ref("File"), "The adapter: safetensors in the layout of diffusers."),
            "config_file": (_ref("File"), "How it was trained."),
        }
    images = {"type": "array", "items": _ref("File" if endpoint.output is Output.FILES else "ImageFile")}
    seed = {"type": "integer"}
    found: dict[str, tuple[dict[str, Any], str]] = {
        "images": (images, "What was made; layers are bottom first."),
        "seed": (seed, "The one that was given, or the one that was drawn."),
    }
    if endpoint.output is Output.FILES:
        return found
    timings = {"type": "object", "additionalProperties": {"type": "number"}}
    flags = {"type": "array", "items": {"type": "boolean"}}
    return {
        "images": found["images"],
        "timings": (timings, "Seconds; inference is all of the run."),
        "seed": found["seed"],
        "has_nsfw_concepts": (flags, "For each picture, whether the safety checker blacked it out."),
        "prompt": ({"type": "string", "nullable": True}, "As it was given."),
    }


def _output_schemas(endpoint: Endpoint) -> dict[str, Any]:
    fields = output_fields(endpoint)
    file = {
        "url": {"type": "string", "description": "Where it can be fetched."},
        "content_type": {"type": "string", "nullable": True},
        "file_name": {"type": "string", "nullable": True},
        "file_size": {"type": "integer", "nullable": True, "description": "Bytes."},
    }
    size = {name: {"type": "integer", "nullable": True, "description": "Pixels."} for name in ("width", "height")}
    is_bare = endpoint.output in (Output.FILES, Output.ADAPTER)
    name = "File" if is_bare else "ImageFile"
    properties = file if is_bare else {**file, **size}
    shown = {"type": "object", "title": name, "required": ["url"], "properties": properties}
    output = {
        "type": "object",
        "title": f"{endpoint.schema_name}Output",
        "x-fal-order-properties": list(fields),
        "properties": {name: {**schema, "description": words} for name, (schema, words) in fields.items()},
        "required": [name for name in fields if name != "prompt" or endpoint.output is not Output.LAYERS],
    }
    return {name: shown, f"{endpoint.schema_name}Output": output}


def _answers(name: str) -> dict[str, Any]:
    return _answer(_ref(name))


def _answer(schema: dict[str, Any]) -> dict[str, Any]:
    return {"200": {"description": "The request's state, or its result.", "content": _json(schema)}}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}
