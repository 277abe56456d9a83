"""Renders the llms.txt page of an endpoint from the table by which its inputs are validated."""

import json

from lamina.api.fal.endpoints import Endpoint
from lamina.api.fal.schemas import category_of, input_schema_of, output_fields
from lamina.api.shared.openapi import Schema


def render_llms(endpoint: Endpoint, run_url: str, site_url: str) -> str:
    """The page in Markdown. `run_url`: the base URL of the endpoints; `site_url`: that of these pages."""
    schema = input_schema_of(endpoint)
    minimal_input = {name: _example(name) for name in schema.get("required", [])}
    lines = [
        f"# {endpoint.name}",
        "",
        f"> {endpoint.about}",
        "",
        f"- **Endpoint**: `{run_url}/{endpoint.id}`",
        f"- **Model ID**: `{endpoint.id}`",
        f"- **Category**: {category_of(endpoint)}",
        "",
        "## Input",
        "",
        *(_input_line(name, schema) for name in endpoint.field_names),
        "",
        "Minimal input:",
        "",
        "```json",
        json.dumps(minimal_input, indent=2),
        "```",
        "",
        "## Output",
        "",
        *(
            f"- **`{name}`** (`{_type(schema)}`): {description}"
            for name, (schema, description) in output_fields(endpoint).items()
        ),
        "",
        "## Use",
        "",
        "```bash",
        f"curl {run_url}/{endpoint.id} \\",
        '  --header "Authorization: Key $FAL_KEY" \\',
        '  --header "Content-Type: application/json" \\',
        f"  --data '{json.dumps(minimal_input)}'",
        "```",
        "",
        f"The OpenAPI document: {site_url}/api/openapi/queue/openapi.json?endpoint_id={endpoint.id}",
        "",
    ]
    return "\n".join(lines)


def _input_line(name: str, schema: Schema) -> str:
    field = schema.get("properties", {})[name]
    is_required = name in schema.get("required", [])
    constraints = [] if "default" not in field else [f"default `{json.dumps(field['default'])}`"]
    if "minimum" in field:
        constraints.append(f"from `{field['minimum']}` to `{field.get('maximum')}`")
    if "multipleOf" in field:
        constraints.append(f"a multiple of `{field['multipleOf']}`")
    if "enum" in field:
        constraints.append("one of " + ", ".join(f"`{choice}`" for choice in field["enum"]))
    suffix = f" ({'; '.join(constraints)})" if constraints else ""
    needed = "required" if is_required else "optional"
    return f"- **`{name}`** (`{_type(field)}`, _{needed}_): {field.get('description', '')}{suffix}"


def _type(field: Schema) -> str:
    if "anyOf" in field:
        return " or ".join(_type(alternative) for alternative in field["anyOf"])
    if "$ref" in field:
        return field["$ref"].rpartition("/")[2]
    if field.get("type") == "array":
        return f"list<{_type(field.get('items', {}))}>"
    return field.get("type", "any")


def _example(name: str) -> object:
    image_url = "https://example.org/poster.png"
    archive = "https://example.org/pictures.zip"
    return {"image_url": image_url, "image_urls": [image_url], "image_data_url": archive}.get(
        name, "a red circle on a white background"
    )
