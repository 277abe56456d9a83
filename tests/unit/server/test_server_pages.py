"""What operators and readers see: the API's own page, and the memory of the devices."""

from lamina.server.device_memory import parse_gpus, parse_meminfo
from lamina.server.docs_page import render_docs

DOCUMENT = {
    "info": {"title": "<Lamina>", "version": "1", "description": "Send `Authorization`."},
    "paths": {
        "/v1/things/{id}": {
            "post": {
                "tags": ["things"],
                "summary": "Make & keep",
                "parameters": [{"name": "id", "in": "path", "schema": {"type": "string"}}],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
                "responses": {"200": {"description": "It."}},
            }
        }
    },
    "components": {
        "schemas": {
            "Thing": {
                "properties": {"size": {"type": "integer", "minimum": 1, "maximum": 9, "description": "<px>"}},
                "required": ["size"],
            }
        }
    },
}


def test_the_page_tells_every_route_with_its_fields_and_runs_nothing() -> None:
    page = render_docs(DOCUMENT)
    for words in ("&lt;Lamina&gt;", "/v1/things/{id}", "Make &amp; keep", "integer ≥ 1 ≤ 9", "&lt;px&gt;", "It."):
        assert words in page
    assert "<code>Authorization</code>" in page
    assert "<script" not in page
    assert "src=" not in page


def test_memory_of_the_machine_and_its_gpus() -> None:
    assert parse_meminfo("MemTotal:  2048 kB\nMemFree: 1 kB\nMemAvailable:  512 kB\n") == (1536 * 1024, 2048 * 1024)
    assert parse_meminfo("nothing of that kind") is None
    assert parse_gpus("0, 1024, 81920\n1, 0, 81920\n[N/A], x, y\n") == [
        ("cuda:0", 1 << 30, 80 << 30),
        ("cuda:1", 0, 80 << 30),
    ]
