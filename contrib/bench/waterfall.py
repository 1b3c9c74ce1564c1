# SPDX-License-Identifier: Apache-2.0
"""Draw one start phase by phase, from what `run --trace` wrote."""
import json

from charts import RIGHT, WIDTH, Axis, Picture, colour_of, time_text

RUNTIME, INIT = 1, 2
# These are made of others, or are the program's own time.
OUTER = {"make", "program"}
# What takes less cannot be seen, and would only push the rest apart.
LEAST_US = 8
LEFT = 230
ROW = 19
# How much longer than the phases another runtime's bar may be, to be whole.
OVERHANG = 3.3


def fastest(samples):
    """The start in which the least else happened to the machine."""
    return min(samples, key=lambda sample: sample["wall_us"])


def phases(sample):
    """(thread, name, [(begin, end, of)]) in us since before the execve."""
    events = [event for event in json.loads(sample["trace"])["traceEvents"]
              if event["ph"] == "X"]
    began = shift_of(sample, events)
    rows = {}
    for event in events:
        if event["name"] not in OUTER:
            begin = began + event["ts"]
            rows.setdefault((event["tid"], event["name"]), []).append(
                (begin, begin + event["dur"],
                 event.get("args", {}).get("of", "")))
    found = [(tid, name, spans) for (tid, name), spans in rows.items()
             if sum(end - begin for begin, end, _ in spans) >= LEAST_US]
    if began > LEAST_US:
        found.append((RUNTIME, "execve and libc", [(0, began, "")]))
    return sorted(found, key=lambda row: row[2][0][0])


def shift_of(sample, events):
    """How long before the trace's zero the runtime was executed: the trace
    and the payload both say when the program began."""
    ends = [event["ts"] + event["dur"] for event in events
            if event["name"] == "until the program runs"]
    if not ends or not sample["first_us"]:
        return 0
    return max(0, sample["first_us"] - ends[0])


def joined(spans, axis):
    """Those that the eye cannot tell apart as one."""
    found = []
    for begin, end, what in spans:
        if found and axis.x(begin) - axis.x(found[-1][1]) < 1.5:
            last = found.pop()
            found.append((last[0], end, f"{last[2]} {what}"))
        else:
            found.append((begin, end, what))
    return found


def draw_phase(picture, axis, y, row, kind):
    tid, name, spans = row
    times = f" × {len(spans)}" if len(spans) > 1 else ""
    picture.text(LEFT - 12, y + 12, name + times, "", "end")
    for begin, end, what in joined(spans, axis):
        tip = f"{name} {what}: {time_text(end - begin)}"
        picture.bar(axis.x(begin), y + 2, axis.x(end) - axis.x(begin),
                    ROW - 5, kind, tip, 1 if tid == RUNTIME else 0.6)
    spent = sum(end - begin for begin, end, _ in spans)
    picture.text(axis.x(spans[-1][1]) + 6, y + 12, time_text(spent), "faint")


def draw_lane(picture, axis, y, name, samples, kind):
    """A runtime as a bar until its payload began, and until its end."""
    wall = fastest(samples)["wall_us"]
    first = fastest(samples)["first_us"] or wall
    picture.text(LEFT - 12, y + 15, name, "strong", "end")
    picture.bar(axis.x(0), y, axis.x(wall) - axis.x(0), 22, kind,
                f"{name} ends: {time_text(wall)}", 0.4)
    picture.bar(axis.x(0), y, axis.x(first) - axis.x(0), 22, kind,
                f"{name}, first instruction: {time_text(first)}")
    if first <= axis.most:
        picture.text(axis.x(wall) + 6, y + 15, time_text(wall))
    else:
        picture.text(axis.x(axis.most) - 8, y + 15,
                     f"the first instruction comes at {time_text(first)} →",
                     "on strong", "end")
        picture.text(axis.x(axis.most) + 6, y + 15, time_text(wall))


def draw(name, series, names):
    """The phases of NAME, and the others below on the same axis."""
    sample = fastest(series[name])
    rows = phases(sample)
    last = max(end for _, _, spans in rows for _, end, _ in spans)
    slowest = max(fastest(samples)["wall_us"] for samples in series.values())
    axis = Axis(0, max(last, sample["wall_us"],
                       min(slowest * 1.02, OVERHANG * last)), left=LEFT)
    picture = Picture(f"one start of {name}, phase by phase")
    kind = f"f{colour_of(name, names)}"
    picture.text(16, 20, f"One start of {name}, phase by phase", "strong")
    legend = WIDTH - RIGHT - 300
    for x, opacity, words in ((legend, 1, "the runtime"),
                              (legend + 120, 0.6, "the container's init")):
        picture.bar(x, 10, 12, 12, kind, opacity=opacity)
        picture.text(x + 18, 20, words, "faint")
    top = 36
    middle = top + ROW * len(rows) + 26
    bottom = middle + 30 * len(series)
    axis.draw(picture, top - 4, bottom)
    if sample["first_us"]:
        x = axis.x(sample["first_us"])
        picture.line(x, top - 4, x, middle - 12, "dash")
        picture.text(x + 4, middle - 12, "the program's first instruction",
                     "faint")
    for number, row in enumerate(rows):
        draw_phase(picture, axis, top + ROW * number, row, kind)
    for number, (other, samples) in enumerate(series.items()):
        draw_lane(picture, axis, middle + 30 * number, other, samples,
                  f"f{colour_of(other, names)}")
    picture.text(LEFT - 12, bottom + 15, "until first instruction, until end",
                 "faint", "end")
    picture.height = bottom + 26
    return picture


def traced(series):
    """The runtimes that have phases to show."""
    return [name for name, samples in series.items()
            if samples and samples[0]["trace"]]


def plain_lanes(series, names):
    """Where no runtime tells its phases: only the bars."""
    picture = Picture("until the first instruction, and until the end")
    axis = Axis(0, max(fastest(samples)["wall_us"]
                       for samples in series.values()) * 1.02, left=LEFT)
    bottom = 10 + 30 * len(series)
    axis.draw(picture, 4, bottom)
    for number, (name, samples) in enumerate(series.items()):
        draw_lane(picture, axis, 8 + 30 * number, name, samples,
                  f"f{colour_of(name, names)}")
    picture.text(LEFT - 12, bottom + 15, "until first instruction, until end",
                 "faint", "end")
    picture.height = bottom + 26
    return picture


def pictures(series, names):
    told = traced(series)
    if not told:
        return [plain_lanes(series, names)]
    return [draw(name, series, names) for name in told]
