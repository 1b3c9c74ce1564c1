# SPDX-License-Identifier: Apache-2.0
"""What is said of samples: a few figures, ratios, and tables of text."""
import statistics


def median_of(samples, key):
    found = [sample[key] for sample in samples if sample.get(key) is not None]
    return statistics.median(found) if found else None


def summary(samples):
    """The figures of one runtime in one series."""
    if "limit_kb" in samples[0]:
        return {"limit_kb": samples[0]["limit_kb"]}
    if "per_s" in samples[0]:
        return {"per_s": median_of(samples, "per_s"),
                "best_per_s": max(sample["per_s"] for sample in samples),
                "median_us": median_of(samples, "wall_us"),
                "p90_us": median_of(samples, "slow_us"),
                "cpu_us": statistics.mean(s["cpu_us"] for s in samples)}
    walls = sorted(sample["wall_us"] for sample in samples)
    firsts = [s["first_us"] for s in samples if s["first_us"] is not None]
    return {"min_us": walls[0], "median_us": statistics.median(walls),
            "p90_us": walls[len(walls) * 9 // 10],
            "first_min_us": min(firsts) if firsts else None,
            "first_us": statistics.median(firsts) if firsts else None,
            "cpu_us": statistics.mean(s["cpu_us"] for s in samples),
            "rss_kb": max(s["rss_kb"] for s in samples)}


def ratios(mine, base, key="wall_us"):
    """Of the extremes, and the median over the rounds' own ratios."""
    pairs = [(one[key], other[key]) for one, other in zip(mine, base)
             if one.get(key) and other.get(key)]
    if not pairs:
        return None
    best = max if key == "per_s" else min
    return (best(one for one, _ in pairs) / best(other for _, other in pairs),
            statistics.median(one / other for one, other in pairs))


def unquiet(series):
    """Does it look as if something else ran? For most, not for one."""
    wild = [name for name, samples in series.items()
            if samples and "first_us" in samples[0] and
            median_of(samples, "wall_us") >
            1.7 * min(sample["wall_us"] for sample in samples)]
    return 2 * len(wild) > len(series)


def key_of(samples):
    """What the runtimes are compared by."""
    return next(key for key in ("limit_kb", "per_s", "wall_us")
                if key in samples[0])


# The figures' names in a table, and how they are written.
COLUMNS = {"min_us": ("min us", ".0f"), "per_s": ("starts/s", ".1f"),
           "best_per_s": ("best", ".1f"), "limit_kb": ("limit kB", ".0f"),
           "median_us": ("median us", ".0f"), "p90_us": ("p90 us", ".0f"),
           "first_min_us": ("first min", ".0f"), "first_us": ("first", ".0f"),
           "cpu_us": ("CPU us", ".0f"), "rss_kb": ("RSS kB", ".0f")}


def rows(series, bases):
    """A series as a table: the heading, then a row for each runtime."""
    named = {name: summary(samples) for name, samples in series.items()}
    keys = [key for key in COLUMNS
            if any(figures.get(key) is not None for figures in named.values())]
    bases = [base for base in bases if base in series and len(series) > 1]
    heading = ["", *(COLUMNS[key][0] for key in keys)]
    single = "limit_kb" in keys
    for base in bases:
        heading += [f"/{base}"] if single else [f"min/{base}", f"med/{base}"]
    found = [heading]
    for name, samples in series.items():
        row = [name]
        for key in keys:
            value = named[name].get(key)
            row.append("-" if value is None
                       else format(value, COLUMNS[key][1]))
        for base in bases:
            both = ratios(samples, series[base], key_of(samples))
            cells = [format(value, ".3f") for value in both or ()]
            row += cells[:1] if single else cells or ["-", "-"]
        found.append(row)
    if found[0][1:2] == ["starts/s"]:
        found[0] = [word.replace("min/", "best/") for word in heading]
    return found


def beside_row(series):
    """For `sleepers`: each runtime's own time beside many against alone."""
    alone, beside = series.values()
    found = [["beside / alone", "min", "median"]]
    for name, samples in alone.items():
        mine, other = summary(beside[name]), summary(samples)
        found.append([name, *(f"{mine[key] / other[key]:.3f}"
                              for key in ("min_us", "median_us"))])
    return found


def tables(result, bases):
    """(title, rows) of a result, to be written or drawn."""
    for title, series in result.series.items():
        yield title, rows(series, bases)
    if result.scenario.mode == "sleepers":
        yield "the sleeping containers' cost", beside_row(result.series)


def text(table):
    """A table in columns: names to the left, figures to the right."""
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    lines = []
    for row in table:
        cells = [row[0].ljust(max(widths[0], 12))]
        cells += [cell.rjust(max(width, 6))
                  for cell, width in zip(row[1:], widths[1:])]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
