"""Renders the OpenAPI document as a self-contained HTML page, without scripts and external resources."""

import json
from html import escape

from lamina.api.shared.openapi import Document, Operation, Schema

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}
h2{margin-top:2.5rem;border-bottom:1px solid #ddd}summary{cursor:pointer;padding:.3rem 0}
code,pre{font:14px/1.45 ui-monospace,monospace;background:#f5f3ef}
code{padding:.1em .3em}pre{padding:.7rem;overflow:auto}
table{border-collapse:collapse;margin:.5rem 0}td,th{padding:.2rem .8rem .2rem 0;text-align:left;vertical-align:top}
.m{display:inline-block;min-width:4.5rem;font-weight:600}.s{color:#666}
@media(prefers-color-scheme:dark){body{color:#ddd;background:#1b1b1d}code,pre{background:#2a2a2d}.s{color:#aaa}}
"""


def render_docs(document: Document) -> str:
    """The HTML page for an OpenAPI document."""
    info = document["info"]
    tags: dict[str, list[str]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            tag = (operation.get("tags") or ["other"])[0]
            tags.setdefault(tag, []).append(_operation(document, method, path, operation))
    sections = "".join(f"<h2>{escape(tag.capitalize())}</h2>{''.join(shown)}" for tag, shown in tags.items())
    head = f"<title>{escape(info['title'])}</title><style>{_STYLE}</style>"
    about = f"<h1>{escape(info['title'])} {escape(info['version'])}</h1><p>{_html(info.get('description', ''))}</p>"
    raw = '<p class=s>For programs: <a href="/openapi.json">openapi.json</a></p>'
    meta = '<meta charset=utf-8><meta name=viewport content="width=device-width">'
    return f"<!doctype html><html lang=en>{meta}{head}<body>{about}{raw}{sections}</body></html>"


def _operation(document: Document, method: str, path: str, operation: Operation) -> str:
    heading = f"<span class=m>{method.upper()}</span> <code>{escape(path)}</code> {_html(operation.get('summary', ''))}"
    parts = [f"<p>{_html(operation.get('description', ''))}</p>", _parameters(operation)]
    body = operation["requestBody"]["content"] if "requestBody" in operation else {}
    for media_type, content in body.items():
        parts.append(f"<h4>Body, {escape(media_type)}</h4>{_schema(document, content.get('schema', {}))}")
    parts.append(_answers(document, operation))
    return f"<details><summary>{heading}</summary>{''.join(parts)}</details>"


def _parameters(operation: Operation) -> str:
    rows = [
        (parameter["name"], parameter["in"], _type(parameter["schema"]), parameter.get("description", ""))
        for parameter in operation.get("parameters", ())
    ]
    return _table(("parameter", "in", "type", ""), rows) if rows else ""


def _answers(document: Document, operation: Operation) -> str:
    rows: list[tuple[str, ...]] = []
    shown = ""
    for status, answer in operation.get("responses", {}).items():
        rows.append((status, answer.get("description", "")))
        schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
        if schema and not shown:
            shown = f"<h4>Answer</h4>{_schema(document, schema)}"
    return _table(("status", ""), rows) + shown


def _schema(document: Document, schema: Schema) -> str:
    whole = _resolved(document, schema)
    required = set(whole.get("required", ()))
    rows = [
        (name, _type(field) + ("" if name in required else ", optional"), field.get("description", ""))
        for name, field in whole.get("properties", {}).items()
    ]
    examples = "".join(f"<pre>{escape(json.dumps(example, indent=2))}</pre>" for example in whole.get("examples", ()))
    return (
        f"<p>{_html(whole.get('description', ''))}</p>{examples}{_table(('field', 'type', ''), rows) if rows else ''}"
    )


def _resolved(document: Document, schema: Schema) -> Schema:
    name = _reference(schema)
    return document["components"]["schemas"].get(name, {}) if name else schema


def _type(schema: Schema) -> str:
    if name := _reference(schema):
        return name
    if "anyOf" in schema:
        return " or ".join(_type(alternative) for alternative in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    bounds = [f"≥ {schema['minimum']}"] if "minimum" in schema else []
    bounds += [f"≤ {schema['maximum']}"] if "maximum" in schema else []
    return " ".join([schema.get("type", "any"), *bounds])


def _reference(schema: Schema) -> str:
    return schema.get("$ref", "").rpartition("/")[2]


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    titles = "".join(f"<th>{escape(title)}</th>" for title in head)
    lines = "".join(f"<tr>{''.join(f'<td>{_html(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><tr>{titles}</tr>{lines}</table>"


def _html(text: str) -> str:
    """The text as HTML: escaped, with text in backticks as code."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if index % 2 else part for index, part in enumerate(parts))
