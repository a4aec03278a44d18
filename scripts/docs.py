#!/usr/bin/env python3
"""Keeps the pages in step with the program: the parameter tables of docs/models/*.md, a page a model, and links between pages.

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
    names = [model["name"] for model in ask(program)["models"]]
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
