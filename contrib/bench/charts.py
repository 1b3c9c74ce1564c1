# SPDX-License-Identifier: Apache-2.0
"""Draw pictures as SVG: distributions, stacked bars, curves.

Colours are classes, so that one style sheet does light and dark; see STYLE.
"""
import html
import math
import statistics

WIDTH = 860
LEFT = 150
RIGHT = 90
ROW = 46

STYLE = """
svg, .page {
  --paper: #ffffff; --ink: #1f2430; --faint: #6b7280; --line: #e3e6ea;
  --c0: #2563eb; --c1: #0d9488; --c2: #d97706; --c3: #dc2626; --c4: #7c3aed;
  --c5: #65a30d; --c6: #be185d; --c7: #64748b;
}
@media (prefers-color-scheme: dark) {
  svg, .page {
    --paper: #14171c; --ink: #e6e8eb; --faint: #9aa3ad; --line: #2c323a;
    --c0: #6ea8fe; --c1: #2dd4bf; --c2: #fbbf24; --c3: #f87171;
    --c4: #b79cfb; --c5: #a3e635; --c6: #f472b6; --c7: #94a3b8;
  }
}
svg text { font: 12px system-ui, "DejaVu Sans", sans-serif; fill: var(--ink);
  paint-order: stroke; stroke: var(--paper); stroke-width: 3px; }
svg text.faint { fill: var(--faint); }
svg text.strong { font-weight: 600; }
svg text.on { fill: var(--paper); stroke: none; }
svg .paper { fill: var(--paper); }
svg .grid { stroke: var(--line); stroke-width: 1; }
svg .mark { stroke: var(--ink); stroke-width: 1.5; }
svg .dash { stroke: var(--faint); stroke-width: 1; stroke-dasharray: 3 3; }
""" + "\n".join(
    f"svg .f{i} {{ fill: var(--c{i}); }} svg .s{i} {{ stroke: var(--c{i}); }}"
    for i in range(8))

COLOURS = 7
# The last one, which is grey: what is no runtime.
GREY = 7


def time_text(us):
    """Three digits are what can be relied on."""
    if us < 999.5:
        return f"{us:.0f} µs"
    return f"{us / 1000:.2f} ms" if us < 9995 else f"{us / 1000:.1f} ms"


class Picture:
    """Elements of one SVG, whose height grows as they come."""

    def __init__(self, title):
        self.title = title
        self.parts = []
        self.height = 0

    def text(self, x, y, words, kind="", anchor="start"):
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" '
                          f'text-anchor="{anchor}">{html.escape(words)}'
                          "</text>")

    def line(self, x1, y1, x2, y2, kind):
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" '
                          f'y2="{y2:.1f}" class="{kind}"/>')

    def bar(self, x, y, width, height, kind, tip="", opacity=1.0):
        tip = f"<title>{html.escape(tip)}</title>" if tip else ""
        self.parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 1):.1f}" '
            f'height="{height:.1f}" rx="2" class="{kind}" '
            f'opacity="{opacity}">{tip}</rect>')

    def shape(self, points, kind, opacity):
        dots = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(f'<polygon points="{dots}" class="{kind}" '
                          f'opacity="{opacity}"/>')

    def curve(self, points, kind):
        dots = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(f'<polyline points="{dots}" class="{kind}" '
                          'fill="none" stroke-width="2.5"/>')

    def dot(self, x, y, kind, tip):
        self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" '
                          f'class="{kind}"><title>{html.escape(tip)}</title>'
                          "</circle>")

    def svg(self, alone=False):
        """ALONE: a file of its own, with its own colours and background."""
        style = f"<style>{STYLE}</style>" if alone else ""
        paper = '<rect width="100%" height="100%" class="paper"/>' \
            if alone else ""
        return (f'<svg xmlns="http://www.w3.org/2000/svg" role="img" '
                f'viewBox="0 0 {WIDTH} {self.height:.0f}">'
                f"<title>{html.escape(self.title)}</title>"
                f"{style}{paper}{''.join(self.parts)}</svg>\n")


class Axis:
    """From values to places; by the logarithm where they differ widely."""

    def __init__(self, least, most, log=False, left=LEFT):
        self.log = log
        self.left = left
        self.least = least if log else 0
        self.most = most
        self.room = WIDTH - left - RIGHT

    def x(self, value):
        if self.log:
            share = math.log(max(value, self.least) / self.least) / \
                math.log(self.most / self.least)
        else:
            share = value / self.most
        return self.left + self.room * min(max(share, 0), 1)

    def ticks(self):
        if self.log:
            found = [digit * 10 ** power for power in range(0, 9)
                     for digit in (1, 2, 5)]
            return [tick for tick in found
                    if self.least <= tick <= self.most]
        step = nice(self.most / 5)
        return [step * i for i in range(int(self.most / step) + 1)]

    def draw(self, picture, top, bottom, words=time_text):
        for tick in self.ticks():
            picture.line(self.x(tick), top, self.x(tick), bottom, "grid")
            picture.text(self.x(tick), bottom + 15,
                         words(tick) if tick else "0", "faint", "middle")


def nice(step):
    """The round number at or above STEP."""
    power = 10 ** math.floor(math.log10(step))
    return next(power * digit for digit in (1, 2, 5, 10)
                if power * digit >= step * 0.999)


def colour_of(name, names):
    return list(names).index(name) % COLOURS


def density(values, axis, bins=90):
    """How often values are near each of BINS places, from 0 to 1."""
    width = axis.room / bins
    counts = [0.0] * (bins + 1)
    for value in values:
        counts[int((axis.x(value) - axis.left) / width)] += 1
    kernel = (1, 2, 3, 2, 1)
    smooth = [sum(weight * counts[i + shift]
                  for shift, weight in zip(range(-2, 3), kernel)
                  if 0 <= i + shift <= bins) for i in range(bins + 1)]
    return [(axis.left + i * width, value / max(smooth))
            for i, value in enumerate(smooth)]


def axis_of(values):
    """Without the slowest few, which would press the rest together."""
    ordered = sorted(values)
    least, most = ordered[0], ordered[-1]
    return Axis(least / 1.15, most * 1.05, log=most > 6 * least)


def usual(samples):
    """The times of a series' runtime, but for its slowest two in 100."""
    walls = sorted(sample["wall_us"] for sample in samples)
    return walls[:max(1, len(walls) * 98 // 100)]


def distribution(title, series, names, axis=None):
    """A row for each runtime: where its times lie, and their median."""
    picture = Picture(title)
    axis = axis or axis_of([wall for samples in series.values()
                            for wall in usual(samples)])
    bottom = 14 + ROW * len(series)
    axis.draw(picture, 6, bottom)
    for row, (name, samples) in enumerate(series.items()):
        colour = colour_of(name, names)
        base = 8 + ROW * (row + 1)
        walls = usual(samples)
        middle = statistics.median(sample["wall_us"] for sample in samples)
        hill = [(x, base - share * (ROW - 14))
                for x, share in density(walls, axis)]
        picture.shape([(axis.left, base), *hill,
                       (axis.left + axis.room, base)], f"f{colour}", 0.45)
        picture.line(axis.left, base, axis.left + axis.room, base, "grid")
        picture.line(axis.x(middle), base - ROW + 12, axis.x(middle), base,
                     "mark")
        picture.text(axis.left - 12, base - 10, name, "strong", "end")
        picture.text(WIDTH - RIGHT + 10, base - 10, time_text(middle))
    picture.text(WIDTH - RIGHT + 10, bottom + 15, "median", "faint")
    if axis.log:
        picture.text(12, bottom + 15, "logarithmic", "faint")
    picture.height = bottom + 24
    return picture


def stacked(title, parts, names):
    """PARTS: {part: {runtime: us}}, laid behind one another."""
    picture = Picture(title)
    totals = {name: sum(row[name] for row in parts.values())
              for name in next(iter(parts.values()))}
    axis = Axis(0, max(totals.values()) * 1.02)
    bottom = 30 + 34 * len(totals)
    axis.draw(picture, 26, bottom)
    strengths = (1, 0.65, 0.35)
    x = LEFT
    for strength, part in zip(strengths, parts):
        picture.bar(x, 6, 12, 12, f"f{GREY}", opacity=strength)
        picture.text(x + 18, 16, part)
        x += 40 + 8 * len(part)
    for row, name in enumerate(totals):
        y = 32 + 34 * row
        at = 0
        for strength, (part, values) in zip(strengths, parts.items()):
            picture.bar(axis.x(at), y, axis.x(at + values[name]) - axis.x(at),
                        22, f"f{colour_of(name, names)}",
                        f"{part}: {time_text(values[name])}", strength)
            at += values[name]
        picture.text(LEFT - 12, y + 15, name, "strong", "end")
        picture.text(axis.x(at) + 8, y + 15, time_text(at))
    picture.height = bottom + 24
    return picture


def bars(title, values, names, words):
    """One bar for each runtime."""
    picture = Picture(title)
    axis = Axis(0, max(values.values()) * 1.02)
    bottom = 8 + 34 * len(values)
    axis.draw(picture, 2, bottom, words)
    for row, (name, value) in enumerate(values.items()):
        y = 8 + 34 * row
        picture.bar(LEFT, y, axis.x(value) - LEFT, 22,
                    f"f{colour_of(name, names)}", words(value))
        picture.text(LEFT - 12, y + 15, name, "strong", "end")
        picture.text(axis.x(value) + 8, y + 15, words(value))
    picture.height = bottom + 24
    return picture


def apart(places, room):
    """The same places, moved so that no two are closer than ROOM."""
    order = sorted(range(len(places)), key=lambda i: places[i])
    moved = list(places)
    for before, this in zip(order, order[1:]):
        moved[this] = max(moved[this], moved[before] + room)
    return moved


def curves(title, widths, lines, names):
    """LINES: {runtime: [starts per second at each of WIDTHS]}."""
    picture = Picture(title)
    height, top, left, right = 250, 26, 70, 130
    most = max(value for values in lines.values() for value in values) * 1.08
    step = nice(most / 5)
    room = WIDTH - left - right

    def place(i, value):
        return (left + 20 + (room - 40) * i / max(len(widths) - 1, 1),
                top + height * (1 - value / most))

    for i in range(int(most / step) + 1):
        y = place(0, step * i)[1]
        picture.line(left, y, left + room, y, "grid")
        picture.text(left - 8, y + 4, f"{step * i:.0f}", "faint", "end")
    picture.text(left - 8, 14, "starts per second", "faint")
    for i, width in enumerate(widths):
        picture.text(place(i, 0)[0], top + height + 18, f"{width}", "faint",
                     "middle")
    picture.text(left + room + 8, top + height + 18, "at once", "faint")
    ends = apart([place(len(widths) - 1, values[-1])[1]
                  for values in lines.values()], 16)
    for (name, values), end in zip(lines.items(), ends):
        colour = colour_of(name, names)
        points = [place(i, value) for i, value in enumerate(values)]
        picture.curve(points, f"s{colour}")
        for point, width, value in zip(points, widths, values):
            picture.dot(*point, f"f{colour}",
                        f"{name}, {width} at once: {value:.0f} per second")
        picture.text(left + room + 8, end + 4, f"{name}  {values[-1]:.0f}",
                     "strong")
    picture.height = top + height + 30
    return picture
