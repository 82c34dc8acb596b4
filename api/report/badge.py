"""A badge for a README: one line of words on two colours, as SVG that holds no script and no reference to anything."""

from html import escape

HEIGHT = 20
PAD = 6
CHARACTER = 6.6  # of the widest usual sans-serif at 11 px, on average; textLength makes it so
WORDS = "#ffffff"
NAME = "#3c3c3a"
GREEN, RED, GREY, AMBER = "#1a7f37", "#b3261e", "#5f5f5a", "#8a6100"


def badge(name: str, words: str, colour: str) -> str:
    """`name` stands left on dark grey, `words` right on the colour."""
    left, right = (round(len(text) * CHARACTER) + 2 * PAD for text in (name, words))
    said = escape(f"{name}: {words}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="{HEIGHT}" role="img" aria-label="{said}"><title>{said}</title>'
        f'<rect width="{left + right}" height="{HEIGHT}" rx="3" fill="{escape(colour)}"/>'
        f'<path d="M3 0H{left}V{HEIGHT}H3a3 3 0 0 1-3-3V3a3 3 0 0 1 3-3z" fill="{NAME}"/>'
        f'<g fill="{WORDS}" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">{_text(name, 0, left)}{_text(words, left, right)}</g></svg>'
    )


def _text(text: str, start: int, width: int) -> str:
    return f'<text x="{start + PAD}" y="14" textLength="{width - 2 * PAD}" lengthAdjust="spacingAndGlyphs">{escape(text)}</text>'
