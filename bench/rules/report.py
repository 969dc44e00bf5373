"""The figures as text and as a picture."""

COLOURS = {"portcullis": "#d2603a", "modsecurity": "#5b8def", "coraza": "#8a8f98"}


def title_of(row, titles):
    name, _, level = row.partition("@")
    return titles[name][0] + (", all four levels" if level else "")


def cells(by_engine, figure, shape):
    base = by_engine.get("portcullis", {}).get(figure)
    out = []
    for engine, figures in by_engine.items():
        ratio = f" ({figures[figure] / base:.1f})" if base and engine != "portcullis" else ""
        out.append(f"{engine} {figures[figure]:{shape}}{ratio}")
    return "   ".join(out)


def ordered(medians):
    return [row for row in medians if row != "load"]


def text(medians, titles, rounds, rules):
    lines = [f"CPU us a transaction: medians of {rounds} rounds, one core, Core Rule Set {rules} at level 1, blocking; "
             "in brackets: times Portcullis"]
    for row in ordered(medians):
        by_engine = medians[row]
        refused = {engine: figures["refused"] for engine, figures in by_engine.items()}
        told = ""
        if len(set(refused.values())) > 1 or any(refused.values()):
            told = "   refused " + ", ".join(f"{engine} {share:.0%}" for engine, share in refused.items())
        lines.append(f"{title_of(row, titles):44} {cells(by_engine, 'cpu_us', '.0f')}{told}")
    for row in ordered(medians):
        if row.endswith("@4"):
            for engine, figures in medians[row].items():
                one = medians[row.removesuffix("@4")][engine]["cpu_us"]
                lines.append(f"level 4 beside level 1, {titles[row.removesuffix('@4')][0]}: "
                             f"{engine} {figures['cpu_us'] / one:.2f}")
    load = medians["load"]
    lines.append(f"{'loading, CPU ms':44} {cells(load, 'load_ms', '.0f')}")
    lines.append(f"{'resident memory after loading, MB':44} {cells(load, 'loaded_mb', '.1f')}")
    lines.append(f"{'resident memory at the end, MB':44} {cells(load, 'end_mb', '.1f')}")
    return "\n".join(lines) + "\n"


def svg(medians, titles):
    """CPU a transaction, Portcullis = 1, one bar for each engine."""
    rows = [(row, engine, figures["cpu_us"] / medians[row]["portcullis"]["cpu_us"])
            for row in ordered(medians) if "portcullis" in medians[row] for engine, figures in medians[row].items()]
    if not rows:
        return '<svg xmlns="http://www.w3.org/2000/svg"/>\n'
    most, width = max(ratio for _, _, ratio in rows), 420
    out, y, last = [], 34, None
    for row, engine, ratio in rows:
        if row != last:
            y += 12
            out.append(f'<text x="10" y="{y + 9}" font-weight="600">{title_of(row, titles)}</text>')
            y, last = y + 16, row
        bar = ratio / most * width
        out.append(f'<text x="10" y="{y + 10}">{engine}</text>'
                   f'<rect x="90" y="{y}" width="{bar:.1f}" height="12" fill="{COLOURS[engine]}"/>'
                   f'<text x="{96 + bar:.1f}" y="{y + 10}">{ratio:.1f}</text>')
        y += 16
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="600" height="{y + 16}" '
            'font-family="sans-serif" font-size="11">'
            '<rect width="100%" height="100%" fill="#fff"/>'
            '<text x="10" y="20" font-size="14">CPU a transaction, Portcullis = 1</text>' + "".join(out) + "</svg>\n")
