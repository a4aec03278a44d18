#!/usr/bin/env python3
"""Checks that every #include of ours follows layers.txt, and that vendor headers stay in the rooms that own them."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src"
# A vendor header (by prefix) and the rooms that may include it; where the room is followed by a star only .cc files, and -inl.h files,
# which .cc files alone include.
VENDORS = {
    "torch/": ["zoo/net*", "zoo/field*", "zoo/recsys*", "zoo/sequence*", "zoo/text*"],
    "ATen/": ["zoo/net*", "zoo/field*", "zoo/recsys*", "zoo/sequence*", "zoo/text*"],
    "c10/": ["zoo/net*", "zoo/field*", "zoo/recsys*", "zoo/sequence*", "zoo/text*"],
    "LightGBM/": ["zoo/boost*"],
    "duckdb": ["table"],
    "CLI/": ["cli"],
    "toml++/": ["cli"],
    "unicode/": ["prep*"],
    "zip.h": ["bundle*"],
    "curl/": ["table*"],
    "spdlog/": ["core*"],
}


def rules():
    allowed = {}
    for line in (ROOT / "layers.txt").read_text().splitlines():
        line = line.split("#")[0].strip()
        if line:
            room, _, others = line.partition(":")
            allowed[room.strip()] = set(others.split())
    return allowed


def room_of(path, allowed):
    """The room that a path inside src/ belongs to: the longest listed prefix; files directly in zoo/ by their name."""
    parts = path.split("/")
    if parts[0] == "zoo" and len(parts) == 2:
        return "zoo/bind" if parts[1].startswith("bind") else "zoo/registry"
    for length in (2, 1):
        room = "/".join(parts[:length])
        if len(parts) > length and room in allowed:
            return room
    return None


def main():
    allowed = rules()
    problems = []
    for file in sorted(SOURCE.rglob("*")):
        if file.suffix not in (".h", ".cc"):
            continue
        name = file.relative_to(SOURCE).as_posix()
        room = room_of(name, allowed)
        if room is None:
            problems.append(f"src/{name}: its room is not in layers.txt")
            continue
        is_test = name.endswith(("_test.cc", "_bench.cc", "_test_data.h"))
        for number, line in enumerate(file.read_text().splitlines(), 1):
            found = re.match(r'\s*#include\s+["<]([^">]+)[">]', line)
            if not found:
                continue
            header = found.group(1)
            other = room_of(header, allowed) if (SOURCE / header).exists() else None
            if other and other != room and other not in allowed[room] and not is_test:
                problems.append(f"src/{name}:{number}: {room} may not include {other} ({header})")
            if header.endswith("-inl.h") and other and file.suffix == ".h" and not name.endswith("-inl.h"):
                problems.append(f"src/{name}:{number}: {header} may be included by .cc and -inl.h files only")
            for prefix, rooms in VENDORS.items():
                if not header.startswith(prefix):
                    continue
                if room not in [r.rstrip("*") for r in rooms]:
                    problems.append(f"src/{name}:{number}: {header} belongs to {', '.join(rooms)} alone")
                elif f"{room}*" in rooms and file.suffix == ".h" and not name.endswith("-inl.h"):
                    problems.append(f"src/{name}:{number}: {header} may be included by .cc files only")
    for problem in problems:
        print(problem)
    print(f"layers: {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
