#!/usr/bin/env python3
"""Keeps the pages in step with the program: the parameter tables of docs/models/*.md, a page a model, the picture of
their family, and links between pages.

  scripts/docs.py build/release/obligor            writes the tables anew
  scripts/docs.py build/release/obligor --check    says what differs and changes nothing (ctest runs this)
"""
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
MODELS = ROOT / "docs" / "models"
BEGIN = "<!-- parameters: written by scripts/docs.py from `obligor models {} --json` -->"
END = "<!-- end of parameters -->"


def ask(program, *arguments):
    return json.loads(subprocess.run([program, "models", *arguments, "--json"], capture_output=True, text=True, check=True).stdout)


def number(value):
    return f"{value:g}" if abs(value) < 1e4 or value != int(value) else f"{int(value):,}"


def allowed(param):
    if param["type"] in ("real", "integer"):
        return f"{number(param['low'])} to {number(param['high'])}"
    if param["type"] == "flag":
        return "true, false"
    return ", ".join(f"`{choice}`" for choice in param["choices"]) if param["type"] == "choice" else "text"


def table(params):
    lines = ["| parameter | default | allowed | what it does |", "|---|---|---|---|"]
    for param in params:
        default = f"`{param['default']}`" if param["default"] else "none"
        lines.append(f"| `{param['name']}` | {default} | {allowed(param)} | {param['help'].replace('|', chr(92) + '|')} |")
    return "\n".join(lines)


FAMILY_COLOURS = ["#2171b5", "#c2473d", "#3a8f5c", "#8a5fb0", "#b07a1a", "#4a5a6a", "#1f8a8a", "#a8446f",
                  "#5b6abf", "#7a5c3e", "#6b8e23", "#b5562a", "#2f6f4f", "#94559a"]


def family_svg(models):
    """The family tree as a picture: a model a row, under its first parent; further parents as dashed arrows at the right."""
    names = [model["name"] for model in models]
    parents = {model["name"]: [p for p in model["parents"] if p in names and p != model["name"]] for model in models}
    order = []

    def visit(name, depth):
        order.append((name, depth))
        for child in names:
            if parents[child][:1] == [name] and all(child != known for known, _ in order):
                visit(child, depth + 1)

    for name in names:
        if not parents[name]:
            visit(name, 0)
    by_name = {model["name"]: model for model in models}
    families = list(dict.fromkeys(model["family"] for model in models))
    colour = {family: FAMILY_COLOURS[i % len(FAMILY_COLOURS)] for i, family in enumerate(families)}
    step, row, top, box = 30, 34, 76, 118
    place = {name: (16 + step * depth, top + row * i) for i, (name, depth) in enumerate(order)}
    deepest = max(depth for _, depth in order)
    text_x = 16 + step * deepest + box + 16
    width, height = text_x + 560, top + row * len(order) + 8
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" font-family="sans-serif" font-size="13">',
           "<title>The family tree of the models</title>", f'<rect width="{width}" height="{height}" fill="#ffffff"/>']
    x, y = 16, 14
    for family in families:
        if x + 34 + 8 * len(family) > width:
            x, y = 16, y + 24
        out.append(f'<rect x="{x}" y="{y}" width="11" height="11" rx="2" fill="{colour[family]}"/><text x="{x + 16}" y="{y + 10}" fill="#333333">{family}</text>')
        x += 34 + 8 * len(family)
    for name, _ in order:
        x, y = place[name]
        for i, parent in enumerate(parents[name]):
            px, py = place[parent]
            if i == 0:
                out.append(f'<path d="M{px + 12} {py + 24}V{y + 12}H{x}" fill="none" stroke="#9aa5b1" stroke-width="1.4"/>')
            else:
                end = place[name][0] + box
                far = max(end, px + box) + 12 + 7 * i
                out.append(f'<path d="M{px + box} {py + 12}C{far} {py + 12} {far} {y + 12} {end} {y + 12}" fill="none" stroke="#9aa5b1" stroke-width="1.2" stroke-dasharray="4 3"/>')
    escaped = lambda text: text.replace("&", "&amp;").replace("<", "&lt;")
    for name, _ in order:
        x, y = place[name]
        model = by_name[name]
        year = re.findall(r"\b(?:19|20)\d\d\b", re.sub(r"arXiv:\S+", "", model["paper"]))
        said = escaped(model["title"]) + (f", {min(year)}" if year else "")
        out.append(f'<rect x="{x}" y="{y}" width="{box}" height="24" rx="4" fill="{colour[model["family"]]}"/>'
                   f'<text x="{x + box / 2:g}" y="{y + 16}" fill="#ffffff" text-anchor="middle">{name}</text>'
                   f'<text x="{text_x}" y="{y + 16}" fill="#333333">{said}</text>')
    return "\n".join(out) + "\n</svg>\n"


def broken_links():
    """Relative links of tracked pages that lead to no file, or to no heading of it."""
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"], cwd=ROOT, capture_output=True, text=True)
    found = []
    for name in listed.stdout.split():
        text = re.sub(r"```.*?```", "", (ROOT / name).read_text(), flags=re.S)
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            file = (ROOT / name).parent / path if path else ROOT / name
            if not file.exists():
                found.append(f"{name}: the link to {target} leads nowhere")
            elif anchor and file.suffix == ".md":
                headings = re.findall(r"^#+ (.+)$", file.read_text(), flags=re.M)
                anchors = [re.sub(r"[^a-z0-9_ -]", "", heading.lower()).replace(" ", "-") for heading in headings]
                if anchor not in anchors:
                    found.append(f"{name}: no heading of {file.name} gives #{anchor}")
    return found


def main():
    program, check = sys.argv[1], "--check" in sys.argv[2:]
    problems = []
    models = ask(program)["models"]
    names = [model["name"] for model in models]
    picture = MODELS / "family.svg"
    drawn = family_svg(models)
    if not picture.exists() or picture.read_text() != drawn:
        if check:
            problems.append(f"docs/models/family.svg differs from the program's models; run scripts/docs.py {program}")
        else:
            picture.write_text(drawn)
            print("docs/models/family.svg written")
    for page in sorted(MODELS.glob("*.md")):
        if page.stem not in names:
            problems.append(f"docs/models/{page.name}: `obligor models` lists no such model")
    for name in names:
        page = MODELS / f"{name}.md"
        if not page.exists():
            problems.append(f"docs/models/{name}.md is not there; copy the headings of docs/models/logistic.md")
            continue
        text = page.read_text()
        begin = BEGIN.format(name)
        if text.count(begin) != 1 or text.count(END) != 1:
            problems.append(f"docs/models/{name}.md wants the lines '{begin}' and '{END}' once each, where its parameters belong")
            continue
        before, rest = text.split(begin)
        after = rest.split(END)[1]
        right = f"{before}{begin}\n\n{table(ask(program, name)['params'])}\n\n{END}{after}"
        if right == text:
            continue
        if check:
            problems.append(f"docs/models/{name}.md: the parameters differ from the program's; run scripts/docs.py {program}")
        else:
            page.write_text(right)
            print(f"docs/models/{name}.md written")
    problems += broken_links()
    for problem in problems:
        print(problem)
    print(f"docs: {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
