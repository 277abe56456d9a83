"""A page on one endpoint for language models and people in a hurry, from the table that its inputs are checked with."""

import json
from typing import Any

from lamina.api.fal.endpoints import Endpoint
from lamina.api.fal.schemas import category_of, output_fields


def render_llms(endpoint: Endpoint, run_url: str, site_url: str) -> str:
    """Markdown. `run_url`, `site_url`: where endpoints run, and where these pages are."""
    schema = endpoint.input.model_json_schema()
    needed = {name: _example(name) for name in schema.get("required", [])}
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
        "Least that is needed:",
        "",
        "```json",
        json.dumps(needed, indent=2),
        "```",
        "",
        "## Output",
        "",
        *(f"- **`{name}`** (`{_kind(part)}`): {words}" for name, (part, words) in output_fields(endpoint).items()),
        "",
        "## Use",
        "",
        "```bash",
        f"curl {run_url}/{endpoint.id} \\",
        '  --header "Authorization: Key $FAL_KEY" \\',
        '  --header "Content-Type: application/json" \\',
        f"  --data '{json.dumps(needed)}'",
        "```",
        "",
        f"The OpenAPI document: {site_url}/api/openapi/queue/openapi.json?endpoint_id={endpoint.id}",
        "",
    ]
    return "\n".join(lines)


def _input_line(name: str, schema: dict[str, Any]) -> str:
    field = schema["properties"][name]
    is_needed = name in schema.get("required", [])
    facts = [] if "default" not in field else [f"default `{json.dumps(field['default'])}`"]
    if "minimum" in field:
        facts.append(f"from `{field['minimum']}` to `{field['maximum']}`")
    if "multipleOf" in field:
        facts.append(f"a multiple of `{field['multipleOf']}`")
    if "enum" in field:
        facts.append("one of " + ", ".join(f"`{choice}`" for choice in field["enum"]))
    told = f" ({'; '.join(facts)})" if facts else ""
    needed = "required" if is_needed else "optional"
    return f"- **`{name}`** (`{_kind(field)}`, _{needed}_): {field['description']}{told}"


def _kind(field: dict[str, Any]) -> str:
    if "anyOf" in field:
        return " or ".join(_kind(one) for one in field["anyOf"])
    if "$ref" in field:
        return str(field["$ref"]).rpartition("/")[2]
    if field.get("type") == "array":
        return f"list<{_kind(field['items'])}>"
    return str(field.get("type", "any"))


def _example(name: str) -> object:
    address = "https://example.org/poster.png"
    archive = "https://example.org/pictures.zip"
    return {"image_url": address, "image_urls": [address], "image_data_url": archive}.get(
        name, "a red circle on a white background"
    )
