# SPDX-License-Identifier: Apache-2.0
"""Put what was measured on one page that needs nothing else."""
import html

import charts
import figures
import waterfall

STYLE = charts.STYLE + """
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif; }
main { max-width: 960px; margin: 0 auto; padding: 32px 20px 80px; }
h1 { font-size: 26px; margin: 0 0 4px; }
h2 { font-size: 19px; margin: 44px 0 8px; padding-top: 14px;
  border-top: 1px solid var(--line); }
h3 { font-size: 14px; margin: 20px 0 4px; color: var(--faint);
  font-weight: 600; }
p { margin: 6px 0; }
p.faint { color: var(--faint); font-size: 13px; }
figure { margin: 8px 0; }
svg { width: 100%; height: auto; display: block; }
.wide, .words { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px;
  font-variant-numeric: tabular-nums; margin: 8px 0; }
th, td { text-align: right; padding: 4px 10px; white-space: nowrap;
  border-bottom: 1px solid var(--line); }
th { color: var(--faint); font-weight: 600; vertical-align: bottom; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
td:first-child { font-weight: 600; }
.words th, .words td { text-align: left; }
.bad { color: var(--c3); font-weight: 600; white-space: pre-wrap; }
"""


def text(words):
    return html.escape(str(words))


def table(rows, kind="wide"):
    cells = ["<tr>" + "".join(f"<{tag}>{text(cell)}</{tag}>" for cell in row) +
             "</tr>" for tag, row in zip(["th"] + ["td"] * len(rows), rows)]
    return f'<div class="{kind}"><table>{"".join(cells)}</table></div>'


def figure(picture):
    return f"<figure>{picture.svg()}</figure>"


# ---- the pictures of each kind of scenario

def draw_distributions(result, names):
    """All on one axis, as they are to be compared."""
    every = [wall for series in result.series.values()
             for samples in series.values()
             for wall in charts.usual(samples)]
    axis = charts.axis_of(every)
    for title, series in result.series.items():
        if len(result.series) > 1:
            yield f"<h3>{text(title)}</h3>"
        yield figure(charts.distribution(title, series, names, axis))


def draw_phases(result, names):
    parts = {title: {name: figures.median_of(samples, "wall_us")
                     for name, samples in series.items()}
             for title, series in result.series.items() if "+" not in title}
    yield figure(charts.stacked(result.scenario.title, parts, names))


def draw_curves(result, names):
    lines = {}
    for series in result.series.values():
        for name, samples in series.items():
            lines.setdefault(name, []).append(
                figures.median_of(samples, "per_s"))
    widths = [title.split()[0] for title in result.series]
    yield figure(charts.curves(result.scenario.title, widths, lines, names))


def draw_limits(result, names):
    for series in result.series.values():
        values = {name: samples[0]["limit_kb"]
                  for name, samples in series.items()}
        yield figure(charts.bars(result.scenario.title, values, names,
                                 lambda kb: f"{kb:.0f} kB"))


DRAW = {"run": draw_distributions, "exec": draw_distributions,
        "sleepers": draw_distributions, "phases": draw_phases,
        "parallel": draw_curves, "memory": draw_limits}


# ---- the parts of the page

def glance(results, base, names):
    """Against BASE, in every series: ratio of extremes, and paired."""
    others = [name for name in names if name != base]
    rows = [["", *others]]
    for result in results:
        for title, series in result.series.items():
            if base not in series:
                continue
            key = figures.key_of(series[base])
            label = result.scenario.name
            if len(result.series) > 1:
                label = f"{label}: {title}"
            row = [label]
            for name in others:
                both = figures.ratios(series[name], series[base], key) \
                    if name in series else None
                row.append(" / ".join(f"{value:.2f}" for value in both)
                           if both else "–")
            rows.append(row)
    return rows


def head(host):
    view = "nothing but cgroup v2" if host["view"] == "v2" \
        else "the host's own cgroups"
    yield "<h1>How fast containers start</h1>"
    yield (f'<p class="faint">{text(host["date"])} · Linux '
           f'{text(host["kernel"])} · {host["cpus"]} CPUs '
           f'{text(host["model"])} · {view} · {host["rounds"]} rounds</p>')
    yield table([["runtime", "version"],
                 *([name, version] for name, version
                   in host["runtimes"].items())], "words")


def against(host, results):
    names = list(host["runtimes"])
    for base in host["bases"]:
        rows = glance(results, base, names)
        if len(rows) > 1 and len(names) > 1:
            yield f"<h2>Against {text(base)}</h2>"
            yield ('<p class="faint">Ratio of the minima / median of the '
                   "ratios in each round. Less is faster; of starts per "
                   "second more is.</p>")
            yield table(rows)


def section(result, host):
    scenario = result.scenario
    yield f"<h2>{text(scenario.title)}</h2>"
    if result.refused:
        yield ('<p class="bad">Refused, because a run failed: '
               f"{text(result.refused)}</p>")
    if result.skipped:
        yield f'<p class="faint">Skipped: {text(result.skipped)}.</p>'
    if not result.series:
        return
    for note in result.notes:
        yield f'<p class="faint">{text(note)}</p>'
    yield from DRAW[scenario.mode](result, host["runtimes"])
    # The ratios stand together at the top.
    found = list(figures.tables(result, ()))
    for title, rows in found:
        if len(found) > 1:
            yield f"<h3>{text(title)}</h3>"
        yield table(rows)


def waterfalls(traces, host):
    if not traces:
        return
    yield "<h2>Where the time goes</h2>"
    for picture in waterfall.pictures(traces.series["trace"],
                                      host["runtimes"]):
        yield figure(picture)
    yield ('<p class="faint">The fastest of a few starts of each runtime. '
           "The runtime and the container's init work at the same time.</p>")


def page(host, results, traces):
    parts = [*head(host), *against(host, results), *waterfalls(traces, host)]
    for result in results:
        parts += section(result, host)
    parts.append('<p class="faint">Times are of wall clock since before the '
                 "runtime was executed. CPU is of the runtime and of what it "
                 "waited for, the payload too; RSS the highest of them. Made "
                 "by runf's contrib/bench.</p>")
    return ("<!DOCTYPE html>\n<html lang=\"en\"><head>"
            "<meta charset=\"utf-8\"/>"
            "<meta name=\"viewport\" content=\"width=device-width\"/>"
            "<title>How fast containers start</title>"
            f"<style>{STYLE}</style></head>"
            '<body class="page"><main>' + "\n".join(parts) +
            "</main></body></html>\n")


def waterfall_alone(host, traces):
    """The first runtime that tells its phases, as a picture of its own."""
    return waterfall.pictures(traces.series["trace"],
                              host["runtimes"])[0].svg(alone=True)
