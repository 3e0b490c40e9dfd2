"""Charts as SVG, written by plain code: readable in a browser, on paper and as text."""

import math
from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT = 860, 380
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 56, 56
INK, FAINT = "#1f2933", "#d5dbe1"
COLOURS = ("#0b6e4f", "#8a6d1a", "#7a8794", "#2b5ea7", "#a23b3b", "#6b4a9b")  # apart in light and dark, and in grey
_FONT = 'font-family="system-ui, sans-serif"'


def _frame(title: str, told: str, body: Sequence[str]) -> str:
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="t d">',
            f'<title id="t">{escape(title)}</title><desc id="d">{escape(told)}</desc>',
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
            f'<text x="{LEFT}" y="22" {_FONT} font-size="15" font-weight="600" fill="{INK}">{escape(title)}</text>',
            *body,
            "</svg>\n",
        )
    )


def _text(x: float, y: float, text: str, *, anchor: str = "start", size: int = 12) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {_FONT} font-size="{size}" text-anchor="{anchor}" fill="{INK}">{escape(text)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, colour: str = FAINT) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>'


def _key(names: Sequence[str]) -> list[str]:
    parts, x = [], float(LEFT)
    for name, colour in zip(names, COLOURS, strict=False):
        parts += [
            f'<rect x="{x:.0f}" y="33" width="11" height="11" fill="{colour}"/>',
            _text(x + 16, 43, name),
        ]
        x += 30 + 6.6 * len(name)
    return parts


def bars(title: str, groups: Mapping[str, Mapping[str, float]], *, most: float = 1.05) -> str:
    """Shares per group and series (1 = the bound). A bar beyond `most` is cut off there, with its figure on top."""
    names = list(dict.fromkeys(name for group in groups.values() for name in group))
    inner, height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def y_of(share: float) -> float:
        return TOP + height * (1 - min(share, most) / most)

    body = _key(names)
    for tick in range(0, 101, 20):
        body += [
            _line(LEFT, y_of(tick / 100), WIDTH - RIGHT, y_of(tick / 100), INK if tick in (0, 100) else FAINT),
            _text(LEFT - 8, y_of(tick / 100) + 4, f"{tick} %", anchor="end"),
        ]
    wide = inner / max(1, len(groups))
    bar = wide * 0.84 / max(1, len(names))
    for place, (group, shares) in enumerate(groups.items()):
        x = LEFT + place * wide + wide * 0.08
        body.append(_text(x + wide * 0.42, HEIGHT - BOTTOM + 20, group, anchor="middle", size=13))
        for number, name in enumerate(names):
            if name in shares:
                y = y_of(shares[name])
                at = x + number * bar
                body += [
                    f'<rect x="{at + 1:.1f}" y="{y:.1f}" width="{bar - 2:.1f}" height="{TOP + height - y:.1f}" fill="{COLOURS[number]}"/>',
                    _text(at + bar / 2, y - 3, f"{100 * shares[name]:.1f}", anchor="middle", size=9),
                ]
    told = "; ".join(
        f"{group}: " + ", ".join(f"{name} {100 * share:.1f} %" for name, share in shares.items())
        for group, shares in groups.items()
    )
    return _frame(title, told, body)


def steps(title: str, series: Mapping[str, Sequence[tuple[float, float]]], *, least: float = 1e-5) -> str:
    """Gaps over seconds as falling steps, the gap on a logarithmic axis; what is below `least` (proven) lies at its foot."""
    inner, height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    points = [point for line in series.values() for point in line]
    last = max((second for second, _ in points), default=1.0)
    top = max((share for _, share in points), default=1.0)
    decades = range(math.floor(math.log10(least)), math.ceil(math.log10(max(top, 10 * least))) + 1)

    def x_of(second: float) -> float:
        return LEFT + inner * second / last

    def y_of(share: float) -> float:
        place = (math.log10(max(share, least)) - decades[0]) / (decades[-1] - decades[0])
        return TOP + height * (1 - place)

    body = _key(list(series))
    for decade in decades:
        named = "proven" if decade == decades[0] else f"{100 * 10**decade:g} %"
        body += [
            _line(LEFT, y_of(10**decade), WIDTH - RIGHT, y_of(10**decade)),
            _text(LEFT - 8, y_of(10**decade) + 4, named, anchor="end"),
        ]
    for tick in range(7):
        second = last * tick / 6
        body.append(_text(x_of(second), HEIGHT - BOTTOM + 18, f"{second:.0f} s", anchor="middle"))
    for (_name, line), colour in zip(series.items(), COLOURS, strict=False):
        path = ""
        for second, share in line:
            path += f"M{x_of(second):.1f} {y_of(share):.1f}" if not path else f"H{x_of(second):.1f}V{y_of(share):.1f}"
        body.append(f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        body += [
            f'<circle cx="{x_of(second):.1f}" cy="{y_of(share):.1f}" r="2.5" fill="{colour}"/>'
            for second, share in line
        ]
    told = "; ".join(
        f"{name}: {100 * line[0][1]:.2f} % at {line[0][0]:.0f} s, {100 * line[-1][1]:.2f} % at {line[-1][0]:.0f} s"
        for name, line in series.items()
        if line
    )
    return _frame(title, told, body)
