"""What axe-core, the accessibility checker, finds in a part of a page."""

from pathlib import Path

from playwright.sync_api import Locator, Page

SCRIPT = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"

STREAMLITS = {
    "presentation-role-conflict": "st.file_uploader's drop zone has a name and no role",
}
"""Rules of axe-core that elements of Streamlit's own break; docs/viewer.md lists them, too."""


def whole(page: Page) -> list[str]:
    """The same for everything on a page, but for the rules that Streamlit breaks."""
    return [line for line in findings(page.locator("body")) if line.partition(":")[0] not in STREAMLITS]


def findings(part: Locator) -> list[str]:
    """A line for each thing that is wrong with ``part``, such as one of our components: rule, element, what to mend."""
    part.page.evaluate(SCRIPT.read_text("utf-8"))
    # Inside of a component's own shadow tree, axe wants to be told the way.
    violations = part.evaluate(
        """async (part) => {
            const root = part.getRootNode();
            part.setAttribute("data-axe", "");
            root.host?.setAttribute("data-axe-host", "");
            const include = root.host ? { fromShadowDom: ["[data-axe-host]", "[data-axe]"] } : "[data-axe]";
            const { violations } = await axe.run({ include: [include] });
            part.removeAttribute("data-axe");
            root.host?.removeAttribute("data-axe-host");
            return violations.flatMap(({ id, nodes }) => nodes.map((node) => [id, node.html, node.failureSummary]));
        }"""
    )
    return [f"{rule}: {html[:200]} {' '.join(summary.split())}" for rule, html, summary in violations]
