"""What a browser says of an email: how wide it is, how well its text can be read, and what its markup lacks."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

CONTRAST = """() => {
  const channels = (colour) => {
    const [r, g, b, a = 1] = colour.match(/[\\d.]+/g).map(Number);
    return { rgb: [r, g, b], alpha: a };
  };
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((each) => {
      const part = each / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const { rgb, alpha } = channels(getComputedStyle(each).backgroundColor);
      if (alpha === 1) return rgb;
      if (alpha !== 0) throw new Error("half-transparent ground: " + each.outerHTML.slice(0, 80));
    }
    return [255, 255, 255];
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement, text = walker.currentNode.data.trim();
    if (!text || !element.checkVisibility()) continue;
    const style = getComputedStyle(element), size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const [bright, dark] = [channels(style.color).rgb, ground(element)].map(luminance).sort((a, b) => b - a);
    found.push({ text, ratio: (bright + 0.05) / (dark + 0.05), needed: large ? 3 : 4.5 });
  }
  return found;
}"""
"""WCAG 2.2, success criterion 1.4.3"""


def unreadable(page: Page) -> list[str]:
    """The visible texts whose contrast is below AA, with their ratio. Raises `LookupError` if there is no text."""
    texts: list[dict[str, Any]] = page.evaluate(CONTRAST)
    if not texts:
        raise LookupError("The email shows no text.")
    return [f"{each['text']}: {each['ratio']:.2f}" for each in texts if each["ratio"] < each["needed"]]


def overflow(page: Page, width: int) -> int:
    """By how many pixels the page is wider than a screen of that width."""
    page.set_viewport_size({"width": width, "height": 640})
    widest = page.evaluate("Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)")
    return int(widest) - width


def faults(page: Page) -> list[str]:
    """What the markup lacks for people who listen to it, and links that lead nowhere from a mailbox."""
    found: list[str] = page.evaluate(
        """() => [
          document.documentElement.lang ? "" : "no lang",
          ["ltr", "rtl"].includes(document.documentElement.dir) ? "" : "no dir",
          document.title.trim() ? "" : "no title",
          document.querySelectorAll("h1").length === 1 ? "" : "not one h1",
          ...[...document.images].map((each) => each.hasAttribute("alt") ? "" : "no alt: " + each.src),
          ...[...document.links].map((each) =>
            /^(https?:[/][/]|mailto:|tel:)/.test(each.getAttribute("href")) ? "" : "relative link: " + each.outerHTML),
          ...[...document.links].map((each) => each.textContent.trim() ? "" : "empty link: " + each.outerHTML),
        ]"""
    )
    return [each for each in found if each]
