"""The figures as text and as a picture."""

GOALS = {
    ("get_plain", "cpu_us"): ("at most", 1.6),
    ("get_tls", "cpu_us"): ("at most", 1.3),
    ("tls_new", "per_cpu_second"): ("at least", 0.9),
    ("download", "cpu_us"): ("at most", 1.2),
    ("download", "seconds"): ("at most", 1.2),
}
NAMES = {
    "cpu_us": "CPU us a request", "per_second": "requests a second", "per_cpu_second": "requests a CPU second",
    "p50_ms": "p50 ms", "p99_ms": "p99 ms", "rss_mb": "memory MB", "seconds": "seconds",
    "mb_per_cpu_second": "MB a CPU second", "kb_each": "KB a connection",
}


def verdict(ratio, goal):
    if goal is None:
        return ""
    kind, bound = goal
    met = ratio <= bound if kind == "at most" else ratio >= bound
    return f"  goal {kind} {bound}: {'met' if met else 'NOT met'}"


def text(medians, titles, given):
    lines = [f"medians of {given.rounds} rounds of {given.seconds} s; each proxy on one core; "
             "ratios beside nginx in the same run"]
    for name, by_peer in medians.items():
        lines += ["", titles[name]]
        if name == "cores":
            one, two = by_peer["portcullis"]["cpu_us_1"], by_peer["portcullis"]["cpu_us_2"]
            lines.append(f"  CPU us a request with one thread {one:.1f}, with two {two:.1f}: "
                         f"two cores do {2 * one / two:.2f} times the work of one")
            continue
        for figure in NAMES:
            base = by_peer.get("nginx", {}).get(figure)
            cells = []
            for peer, figures in by_peer.items():
                if figure not in figures:
                    continue
                ratio = f" ({figures[figure] / base:.2f})" if base and peer != "nginx" else ""
                cells.append(f"{peer} {figures[figure]:.4g}{ratio}")
            if not cells:
                continue
            goal = ""
            if base and "portcullis" in by_peer and figure in by_peer["portcullis"]:
                goal = verdict(by_peer["portcullis"][figure] / base, GOALS.get((name, figure)))
            lines.append(f"  {NAMES[figure]:22} " + "   ".join(cells) + goal)
        if name == "html" and "portcullis" in by_peer:
            rate = 50e3 * by_peer["portcullis"]["per_cpu_second"] / 1e6
            lines.append(f"  MB of pages a CPU second, whole path: portcullis {rate:.0f}")
    return "\n".join(lines) + "\n"


def svg(medians, titles):
    """CPU a request beside nginx, one bar for each peer."""
    rows = [(name, peer, figures["cpu_us"] / by_peer["nginx"]["cpu_us"])
            for name, by_peer in medians.items() if "cpu_us" in by_peer.get("nginx", {})
            for peer, figures in by_peer.items()]
    if not rows:
        return '<svg xmlns="http://www.w3.org/2000/svg"/>\n'
    colours = {"nginx": "#8a8f98", "haproxy": "#5b8def", "portcullis": "#d2603a"}
    most, width = max(ratio for _, _, ratio in rows), 420
    out, y, last = [], 34, None
    for name, peer, ratio in rows:
        if name != last:
            y += 12
            out.append(f'<text x="10" y="{y + 9}" font-weight="600">{titles[name]}</text>')
            y, last = y + 16, name
        bar = ratio / most * width
        out.append(f'<text x="10" y="{y + 10}">{peer}</text>'
                   f'<rect x="90" y="{y}" width="{bar:.1f}" height="12" fill="{colours.get(peer, "#999")}"/>'
                   f'<text x="{96 + bar:.1f}" y="{y + 10}">{ratio:.2f}</text>')
        y += 16
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="600" height="{y + 16}" '
            'font-family="sans-serif" font-size="11">'
            '<rect width="100%" height="100%" fill="#fff"/>'
            '<text x="10" y="20" font-size="14">CPU a request, nginx = 1</text>' + "".join(out) + "</svg>\n")
