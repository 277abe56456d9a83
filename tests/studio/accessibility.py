"""What axe-core finds wrong with a page."""

from playwright.sync_api import Page

from sdks import node_with

_AXE = "axe-core@4.14.1"
_RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")


def violations(page: Page, within: str = "body") -> list[str]:
    """Each with its rule and the elements. `within`: a selector. Skips the test where npm cannot install axe-core."""
    source = (node_with(_AXE) / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
    page.evaluate(f"() => {{ {source} }}")  # the page's policy would not let it in as a script
    found = page.evaluate(
        "([within, tags]) => axe.run(within, { runOnly: tags }).then(result => result.violations)",
        [within, list(_RULES)],
    )
    return [f"{rule['id']}: {', '.join(node['html'][:200] for node in rule['nodes'])}" for rule in found]
