"""A small writer of SVG plots: lines or bars, with a legend, readable on light and dark pages."""
import math
from xml.sax.saxutils import escape

COLOURS = ("#2563eb", "#d97706", "#059669", "#dc2626", "#7c3aed")
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 340, 72, 20, 44, 52


def _nice(top, most=6):
    """A round number at or above `top`, and the step to it: 1, 2 or 5 times a power of ten, at most `most` of them."""
    if top <= 0:
        return 1, 0.2
    power = 10.0 ** math.floor(math.log10(top / most))
    step = next(times * power for times in (1, 2, 5, 10) if times * power * most >= top * (1 - 1e-9))
    return step * math.ceil(top / step * (1 - 1e-9)), step


def _number(value):
    if value >= 1e6:
        return f"{value / 1e6:g}M"
    if value >= 1e4:
        return f"{value / 1e3:g}k"
    return f"{value:g}"


class Chart:
    def __init__(self, title, x_title, y_title):
        self.parts, self.title, self.x_title, self.y_title = [], title, x_title, y_title

    def _text(self, x, y, text, anchor="middle", size=12, extra=""):
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" '
                          f'{extra}>{escape(text)}</text>')

    def _frame(self, top):
        ceiling, step = _nice(top)
        self.scale = (HEIGHT - TOP - BOTTOM) / ceiling
        line = 0.0
        while line <= ceiling * 1.0001:
            y = HEIGHT - BOTTOM - line * self.scale
            self.parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#d1d5db"/>')
            self._text(LEFT - 6, y + 4, _number(round(line, 6)), "end")
            line += step
        self._text(WIDTH / 2, 20, self.title, size=15, extra='font-weight="bold"')
        self._text(WIDTH / 2, HEIGHT - 10, self.x_title)
        self._text(16, HEIGHT / 2, self.y_title, extra=f'transform="rotate(-90 16 {HEIGHT / 2})"')

    def _legend(self, names):
        x = LEFT
        for name, colour in zip(names, COLOURS):
            self.parts.append(f'<rect x="{x}" y="28" width="10" height="10" fill="{colour}"/>')
            self._text(x + 14, 37, name, "start", 11)
            x += 26 + 6.2 * len(name)

    def _svg(self):
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
                f'fill="#111827">\n'
                f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>\n' + "\n".join(self.parts) + "\n</svg>\n")

    def bars(self, labels, series):
        """`series`: name -> (values, spreads); a spread is (least, most) or None."""
        self._frame(max(max(spread[1] if spread else value for value, spread in zip(*one)) for one in series.values()))
        slot = (WIDTH - LEFT - RIGHT) / len(labels)
        width = slot * 0.8 / len(series)
        for place, (values, spreads) in enumerate(series.values()):
            for number, (value, spread) in enumerate(zip(values, spreads)):
                x, y = LEFT + slot * (number + 0.1) + width * place, HEIGHT - BOTTOM - value * self.scale
                self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width * 0.92:.1f}" '
                                  f'height="{value * self.scale:.1f}" fill="{COLOURS[place]}"/>')
                if spread and spread[1] > spread[0]:
                    middle = x + width * 0.46
                    ends = [HEIGHT - BOTTOM - end * self.scale for end in spread]
                    self.parts.append(f'<line x1="{middle:.1f}" x2="{middle:.1f}" y1="{ends[0]:.1f}" '
                                      f'y2="{ends[1]:.1f}" stroke="#111827"/>')
        for number, label in enumerate(labels):
            self._text(LEFT + slot * (number + 0.5), HEIGHT - BOTTOM + 18, label)
        self._legend(series)
        return self._svg()

    def lines(self, series):
        """`series`: name -> [(x, y), ...]."""
        points = [point for one in series.values() for point in one]
        self._frame(max(y for _, y in points))
        last = max(x for x, _ in points) or 1
        for (one, colour) in zip(series.values(), COLOURS):
            path = " ".join(f"{LEFT + x / last * (WIDTH - LEFT - RIGHT):.1f},{HEIGHT - BOTTOM - y * self.scale:.1f}"
                            for x, y in one)
            self.parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        step, at = _nice(last)[1], 0.0
        while at <= last * 1.0001:
            self._text(LEFT + at / last * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM + 18, _number(round(at, 6)))
            at += step
        self._legend(series)
        return self._svg()
