"""Draws the panels of the dashboard as one SVG, from what Prometheus answered to their queries; not as Grafana does."""
from xml.sax.saxutils import escape

COLOURS = ("#2563eb", "#d97706", "#059669", "#dc2626", "#7c3aed", "#0891b2", "#be185d", "#4d7c0f")
COLUMN, ROW, GAP, TOP = 58, 26, 6, 44
# A panel lists so many series; the rest are counted.
LISTED = 4


def number(value, unit):
    """As Grafana would write it, more or less."""
    if unit == "bytes":
        for name in ("B", "kB", "MB", "GB"):
            if value < 1000 or name == "GB":
                return f"{value:.3g} {name}"
            value /= 1000
    if unit == "percentunit":
        return f"{value * 100:.3g} %"
    if unit == "s":
        return f"{value * 1000:.3g} ms" if 0 < value < 1 else f"{value:.3g} s"
    shown = f"{value:.3g}" if value < 1000 else f"{value:,.0f}"
    return shown + {"ops": " /s", "reqps": " /s", "d": " d"}.get(unit, "")


def nice(top):
    """A round number at or above `top`: 1, 2 or 5 times a power of ten."""
    if top <= 0:
        return 1.0
    power = 1.0
    while power > top:
        power /= 10
    while power * 10 <= top:
        power *= 10
    return next(power * times for times in (1, 2, 5, 10) if power * times >= top * (1 - 1e-9))


class Picture:
    def __init__(self, caption):
        self.parts, self.bottom = [], 0
        self.text(GAP, 18, caption, 13)

    def text(self, x, y, words, size=11, colour="#111827", anchor="start"):
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" '
                          f'text-anchor="{anchor}">{escape(words)}</text>')

    def panel(self, panel, series):
        """`series`: [(legend, [(time, value), ...]), ...]"""
        place = panel["gridPos"]
        x, y = place["x"] * COLUMN + GAP, place["y"] * ROW + TOP
        width, height = place["w"] * COLUMN - GAP, place["h"] * ROW - GAP
        self.bottom = max(self.bottom, y + height + GAP)
        if panel["type"] == "row":
            self.text(x, y + 16, panel["title"], 14)
            return
        unit = panel["fieldConfig"]["defaults"]["unit"]
        self.parts.append(f'<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="#ffffff" stroke="#d1d5db"/>')
        self.text(x + 6, y + 15, panel["title"], 11)
        if not series:
            self.text(x + width / 2, y + height / 2, "nothing to show", 11, "#6b7280", "middle")
        elif panel["type"] == "stat":
            self.text(x + width / 2, y + height - 24, number(series[0][1][-1][1], unit), 24, "#111827", "middle")
        else:
            self.lines(x, y, width, height, unit, series)

    def lines(self, x, y, width, height, unit, series):
        left, right, top = x + 52, x + width - 8, y + 24
        bottom = y + height - 18 - 13 * min(len(series), LISTED + 1)
        ceiling = nice(max(value for _, points in series for _, value in points))
        first = min(points[0][0] for _, points in series)
        last = max(max(points[-1][0] for _, points in series), first + 1)
        for share in (0, 0.5, 1):
            at = bottom - share * (bottom - top)
            self.parts.append(f'<line x1="{left}" x2="{right}" y1="{at:.1f}" y2="{at:.1f}" stroke="#e5e7eb"/>')
            self.text(left - 4, at + 4, number(ceiling * share, unit), 9, "#374151", "end")
        self.text(left, bottom + 12, "0 s", 9, "#374151")
        self.text(right, bottom + 12, f"{last - first:.0f} s", 9, "#374151", "end")
        for place, (legend, points) in enumerate(series):
            colour = COLOURS[place % len(COLOURS)]
            path = " ".join(f"{left + (at - first) / (last - first) * (right - left):.1f},"
                            f"{bottom - value / ceiling * (bottom - top):.1f}" for at, value in points)
            self.parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
            if place < LISTED:
                self.text(left, bottom + 24 + 13 * place, f"{legend}: {number(points[-1][1], unit)}", 10, colour)
        if len(series) > LISTED:
            self.text(left, bottom + 24 + 13 * LISTED, f"and {len(series) - LISTED} more", 10, "#6b7280")

    def svg(self):
        width = 24 * COLUMN + GAP
        drawn = "\n".join(self.parts)
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {self.bottom}" '
                f'font-family="sans-serif">\n<rect width="{width}" height="{self.bottom}" fill="#f9fafb"/>\n'
                f'{drawn}\n</svg>\n')
