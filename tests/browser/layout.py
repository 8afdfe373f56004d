"""What a person would call broken about a page: text cut off, run together, or off the screen."""

from __future__ import annotations

from playwright.sync_api import Page

_FAULTS = """
() => {
  const faults = [];
  const clips = new Set(['hidden', 'auto', 'scroll', 'clip']);
  const written = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = node.textContent.trim();
    const element = node.parentElement;
    if (text === '' || element.closest('script, style, .hidden')) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const size = parseFloat(getComputedStyle(element).fontSize);
    for (const box of range.getClientRects()) {
      // A glyph's box, not the line's: CJK fonts claim far more than they draw.
      const middle = (box.top + box.bottom) / 2;
      const glyphs = { left: box.left, right: box.right,
                       top: middle - size * 0.4, bottom: middle + size * 0.4 };
      let allowed = false;
      const seen = { ...glyphs };
      for (let up = element; up && up !== document.body; up = up.parentElement) {
        const style = getComputedStyle(up);
        if (!clips.has(style.overflowX) && !clips.has(style.overflowY)) continue;
        const edge = up.getBoundingClientRect();
        seen.left = Math.max(seen.left, edge.left);
        seen.right = Math.min(seen.right, edge.right);
        seen.top = Math.max(seen.top, edge.top);
        seen.bottom = Math.min(seen.bottom, edge.bottom);
        if (up.matches('.scroll, .clip')) allowed = true;
        else if (!allowed && (glyphs.right > edge.right + 1 || glyphs.left < edge.left - 1)) {
          faults.push(`cut: ${text}`);
        }
      }
      if (seen.right - seen.left < 1 || seen.bottom - seen.top < 1) continue;
      if (seen.left < -1 || seen.top < -1 ||
          seen.right > innerWidth + 1 || seen.bottom > innerHeight + 1) {
        faults.push(`off the screen: ${text}`);
      }
      written.push({ text, element, seen });
    }
  }
  for (let i = 0; i < written.length; i += 1) {
    for (let j = i + 1; j < written.length; j += 1) {
      const [a, b] = [written[i].seen, written[j].seen];
      const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const tall = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (wide <= 2 || tall <= 2) continue;
      faults.push(`run together: ${written[i].text} | ${written[j].text}`);
    }
  }
  const page = document.documentElement;
  if (page.scrollWidth > innerWidth || page.scrollHeight > innerHeight) faults.push('page scrolls');
  return faults;
}
"""


def faults_of(page: Page) -> list[str]:
    """Every fault of the page as it stands now, each in a few words; empty when there is none."""
    return list(page.evaluate(_FAULTS))


def smallest_text(page: Page) -> float:
    """The font size of the smallest text on the page, in CSS pixels."""
    return float(
        page.evaluate(
            """() => Math.min(...[...document.querySelectorAll('body *')]
              .filter((e) => [...e.childNodes].some(
                (n) => n.nodeType === Node.TEXT_NODE && n.textContent.trim() !== ''))
              .map((e) => parseFloat(getComputedStyle(e).fontSize)))"""
        )
    )
