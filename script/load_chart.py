"""The picture of ad requests per second: a panel a case, all on one scale, as SVG that is legible on light and dark."""

import dataclasses
import html
import itertools
import math

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 960, 70, 24, 92, 56
PLOT, GAP = 130, 62  # a panel's height, and the space above it with its title

STYLE = """
:root { --ground: #fff; --text: #17191e; --quiet: #595f6b; --line: #d9dbd6; --ahead: #1d4fd7; --at-break: #b3261e; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #111317; --text: #eceef2; --quiet: #a2a9b6; --line: #333842; --ahead: #8fb0ff;
          --at-break: #ff8a80; }
}
text { font: 13px system-ui, -apple-system, "Segoe UI", "Liberation Sans", Arial, sans-serif; fill: var(--text); }
.head { font-size: 17px; font-weight: 600; } .title { font-size: 14px; font-weight: 600; }
.quiet { fill: var(--quiet); font-size: 12px; } .middle { text-anchor: middle; } .end { text-anchor: end; }
.ground { fill: var(--ground); } .line { stroke: var(--line); } .axis { stroke: var(--quiet); }
path { shape-rendering: crispEdges; } .ahead { fill: var(--ahead); } .at-break { fill: var(--at-break); }
.window { fill: var(--ahead); opacity: .09; } .window.even { opacity: .17; }
.break { fill: var(--at-break); opacity: .14; }
.capacity { stroke: var(--text); stroke-width: 1.5; stroke-dasharray: 6 4; }
.over { fill: var(--at-break); font-weight: 600; }
"""


@dataclasses.dataclass(frozen=True)
class Panel:
    title: str
    windows: list   # (stream id, start, end)
    requests: list  # (second, requests ahead of the break, requests at the break)
    peak: int
    peak_at: int


def clock(second):
    return f"{second // 60}:{second % 60:02}"


def step(largest, steps):
    """The round number by which an axis of at most so many steps reaches the largest value."""
    powers = (10 ** power for power in itertools.count())
    return next(factor * power for power in powers for factor in (1, 2, 5) if factor * power * steps >= largest)


class Picture:
    def __init__(self, panels, capacity, break_at, end):
        self.panels, self.capacity, self.break_at, self.end = panels, capacity, break_at, end
        largest = max(capacity, *(panel.peak for panel in panels))
        self.step = step(largest, 4)
        self.top_value = self.step * math.ceil(largest / self.step)
        self.height = TOP + len(panels) * (GAP + PLOT) + BOTTOM
        self.parts = []

    def x(self, second):
        return round(LEFT + (WIDTH - LEFT - RIGHT) * second / self.end, 2)

    def add(self, element, **attributes):
        text = attributes.pop("text", None)
        written = "".join(f' {name.rstrip("_")}="{html.escape(str(value))}"' for name, value in attributes.items())
        self.parts.append(f"<{element}{written}/>" if text is None else
                          f"<{element}{written}>{html.escape(text)}</{element}>")

    def text(self, x, y, text, classes=""):
        self.add("text", x=x, y=y, class_=classes, text=text)

    def line(self, x1, y1, x2, y2, kind):
        self.add("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=kind)

    def span(self, start, end, top, height, kind):
        self.add("rect", x=self.x(start), y=round(top, 2), width=round(self.x(end) - self.x(start), 2),
                 height=round(height, 2), class_=kind)

    def heading(self, text):
        self.text(20, 30, "Ad requests per second in a live event with one ad break", "head")
        self.text(20, 51, text, "quiet")
        keys = ("ahead", "prefetch, ahead of the break"), ("at-break", "at the break"), ("window", "retrieval window")
        x = 20
        for kind, label in keys:
            self.add("rect", x=x, y=66, width=13, height=13, class_=f"{kind} even")
            self.text(x + 19, 77, label)
            x += 40 + 7 * len(label)
        self.line(x, 73, x + 26, 73, "capacity")
        self.text(x + 33, 77, "the ad server's capacity")

    def panel(self, panel, base):
        def y(value):
            return round(base - PLOT * value / self.top_value, 2)

        self.add("text", x=LEFT, y=base - PLOT - 28, class_="title", text=panel.title[0].upper() + panel.title[1:])
        self.add("text", x=LEFT + 150, y=base - PLOT - 28, class_="over" if panel.peak > self.capacity else "",
                 text=f"{panel.peak:,} requests/s at {clock(panel.peak_at)}, {self.share_of_capacity(panel.peak)}")
        for value in range(0, self.top_value + 1, self.step):
            self.line(LEFT, y(value), WIDTH - RIGHT, y(value), "line" if value else "axis")
            self.text(LEFT - 8, y(value) + 4, f"{value:,}", "quiet end")
        self.span(self.break_at, self.end, base - PLOT, PLOT, "break")
        self.text((self.x(self.break_at) + self.x(self.end)) / 2, base - PLOT - 6, "ad break", "quiet middle")
        self.windows(panel.windows, base)
        self.bars("ahead", [(second, base, y(ahead)) for second, ahead, _ in panel.requests if ahead])
        self.bars("at-break", [(second, y(ahead), y(ahead + at_break))
                               for second, ahead, at_break in panel.requests if at_break])
        self.line(LEFT, y(self.capacity), WIDTH - RIGHT, y(self.capacity), "capacity")

    def share_of_capacity(self, value):
        times = value / self.capacity
        return f"{times:.1f} times the capacity" if times > 1 else f"{times:.0%} of the capacity"

    def bars(self, kind, bars):
        """(second, bottom, top) of each, in one path."""
        steps = [f"M{self.x(second)} {bottom}V{top}H{self.x(second + 1)}V{bottom}z" for second, bottom, top in bars]
        self.add("path", d="".join(steps), class_=kind)

    def windows(self, windows, base):
        """Each, with its stream id; those of several ids together if they are the same."""
        ids = {}
        for stream_id, start, end in windows:
            ids.setdefault((start, end), []).append(stream_id)
        for n, ((start, end), together) in enumerate(ids.items()):
            self.span(start, end, base - PLOT, PLOT, "window even" if n % 2 else "window")
            label = f"id {together[0]}" if len(together) == 1 else f"ids {together[0]} to {together[-1]}"
            self.text((self.x(start) + self.x(end)) / 2, base - PLOT - 6, label, "quiet middle")

    def axis(self, base):
        seconds = next((s for s in (5, 10, 15, 30, 60, 120, 300, 600, 1800) if self.end / s <= 12), 3600)
        for second in range(0, self.end + 1, seconds):
            self.line(self.x(second), base, self.x(second), base + 5, "axis")
            self.text(self.x(second), base + 20, clock(second), "quiet middle")
        self.text((LEFT + WIDTH - RIGHT) / 2, base + 42, "time since the event began, minutes:seconds", "quiet middle")


def svg(text, panels, capacity, break_at, end):
    """The picture; text says what was played."""
    picture = Picture(panels, capacity, break_at, end)
    picture.heading(text)
    base = TOP
    for panel in panels:
        base += GAP + PLOT
        picture.panel(panel, base)
    picture.axis(base)
    peaks = "; ".join(f"{panel.title}: at most {panel.peak:,} requests per second" for panel in panels)
    body = "\n".join(picture.parts)
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {picture.height}" role="img" \
aria-labelledby="title description">
<title id="title">Ad requests per second in a live event</title>
<desc id="description">{html.escape(f"{text}. {peaks}.")}</desc>
<style>{STYLE}</style>
<rect class="ground" width="100%" height="100%" rx="6"/>
{body}
</svg>
"""
