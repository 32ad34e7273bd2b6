"""Draws a chart as SVG: lines through points, or bars. Knows what a chart holds, not what it means.

No library: those that draw SVG without a compiler put a style sheet, its licence and a script into each picture.
"""

import math
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from suite.section import Chart, figure

_WIDTH, _HEIGHT = 720, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 40, 40, 84
_BAR, _BAR_PITCH, _BAR_LEFT, _BAR_RIGHT = 18, 30, 200, 90
_MOST_LABELS = 10
# Told apart by most people who see few colours (Okabe and Ito, 2008).
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")


def draw(chart: Chart) -> str:
    """Return a picture of a chart."""
    height = _HEIGHT if chart.series else _TOP + _BAR_PITCH * len(chart.bars) + 30
    elements = "\n".join(_lines(chart) if chart.series else _bars(chart))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif"'
        f' font-size="12">\n<rect width="{_WIDTH}" height="{height}" fill="#fff"/>\n'
        f"{_text(_WIDTH / 2, 22, chart.title, anchor='middle', size=15)}\n{elements}\n</svg>\n"
    )


class _Scale:
    """Where a value stands between the bottom, 0, and the top, 1, and which values are marked."""

    def __init__(self, values: Sequence[float], *, is_logarithmic: bool) -> None:
        self._is_logarithmic = is_logarithmic
        if is_logarithmic:
            positive = [value for value in values if value > 0] or [1.0]
            self._low = math.floor(math.log10(min(positive)))
            self._high = max(math.ceil(math.log10(max(positive))), self._low + 1)
            self.marks = [10.0**power for power in range(self._low, self._high + 1)]
        else:
            step = _round_step(max(values, default=1.0) or 1.0)
            count = math.ceil((max(values, default=1.0) or 1.0) / step)
            self._low, self._high = 0.0, step * count
            self.marks = [step * number for number in range(count + 1)]

    def place(self, value: float) -> float:
        if self._is_logarithmic:
            value = math.log10(value) if value > 0 else self._low
        return (value - self._low) / (self._high - self._low)


def _round_step(largest: float) -> float:
    """Return a round step of which four to ten make up the largest value."""
    magnitude = 10.0 ** math.floor(math.log10(largest))
    return next(step * magnitude for step in (0.1, 0.2, 0.5, 1.0, 2.0) if largest / (step * magnitude) <= 8)


def _lines(chart: Chart) -> Iterator[str]:
    along = sorted({x for points in chart.series.values() for x, _ in points})
    scale = _Scale([y for points in chart.series.values() for _, y in points], is_logarithmic=chart.is_logarithmic)
    width, height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def at(x: float, y: float) -> tuple[float, float]:
        right = along.index(x) / max(1, len(along) - 1)
        return round(_LEFT + width * right, 1), round(_TOP + height * (1 - scale.place(y)), 1)

    for mark in scale.marks:
        _, down = at(along[0], mark)
        yield f'<path d="M{_LEFT} {down}h{width}" stroke="#ddd"/>'
        yield _text(_LEFT - 6, down + 4, _mark(mark), anchor="end")
    for x in along[:: math.ceil(len(along) / _MOST_LABELS)]:
        yield _text(at(x, scale.marks[0])[0], _TOP + height + 16, _mark(round(x, 1)), anchor="middle")
    yield _text(_LEFT + width / 2, _TOP + height + 34, chart.x, anchor="middle")
    middle = _TOP + height / 2
    yield f'<g transform="rotate(-90 14 {middle})">{_text(14, middle + 4, chart.y, anchor="middle")}</g>'
    for number, (name, points) in enumerate(chart.series.items()):
        yield from _line([at(x, y) for x, y in points], name, number, dots=len(along) <= 4 * _MOST_LABELS)


def _line(points: Sequence[tuple[float, float]], name: str, number: int, *, dots: bool) -> Iterator[str]:
    colour = _COLOURS[number % len(_COLOURS)]
    path = " ".join(f"{right},{down}" for right, down in points)
    yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
    if dots:
        yield from (f'<circle cx="{right}" cy="{down}" r="3" fill="{colour}"/>' for right, down in points)
    column, row = number % 3, number // 3
    left, down = _LEFT + column * 215, _HEIGHT - 28 + row * 16
    yield f'<rect x="{left}" y="{down - 9}" width="10" height="10" fill="{colour}"/>'
    yield _text(left + 16, down, name)


def _bars(chart: Chart) -> Iterator[str]:
    scale = _Scale(list(chart.bars.values()), is_logarithmic=chart.is_logarithmic)
    width = _WIDTH - _BAR_LEFT - _BAR_RIGHT
    for number, (name, value) in enumerate(chart.bars.items()):
        down = _TOP + number * _BAR_PITCH
        # On a logarithmic scale the shortest would vanish.
        long = round(max(2.0, width * scale.place(value)), 1)
        yield _text(_BAR_LEFT - 8, down + 14, name, anchor="end")
        yield f'<rect x="{_BAR_LEFT}" y="{down}" width="{long}" height="{_BAR}" fill="{_COLOURS[0]}"/>'
        yield _text(_BAR_LEFT + long + 6, down + 14, figure(value))
    unit = f"{chart.y}, logarithmic" if chart.is_logarithmic else chart.y
    yield _text(_BAR_LEFT + width / 2, _TOP + len(chart.bars) * _BAR_PITCH + 14, unit, anchor="middle")


def _mark(value: float) -> str:
    return f"{value:,.10g}"


def _text(x: float, y: float, text: str, *, anchor: str = "start", size: int = 12) -> str:
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" font-size="{size}" fill="#222">{escape(text)}</text>'
