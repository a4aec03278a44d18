#!/usr/bin/env python3
"""MB/s of reading one CSV: Obligor's read_table and pandas.read_csv (C engine; pyarrow's where it is installed), in turns, medians.

  obligor data simulate --rows 1000000 --tables applications --to bank
  cmake --build build/release --target obligor_table_bench
  bench/peers/csv_ingest.py bank/applications.csv [--build build/release] [--repeats 5]

Wants pandas (python3 -m pip install pandas pyarrow, in an environment of your choice). Each read is a process of its own that times the
read alone (wall and processor); the file is read once before, so that all find it in the page cache. Obligor's read ends in float32 numbers, codes of
categories, dates and text; pandas' in float64, int64 and object columns.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

PANDAS = """
import sys, time
import pandas
start, busy = time.perf_counter(), time.process_time()
pandas.read_csv(sys.argv[1], engine=sys.argv[2])
print(time.perf_counter() - start, time.process_time() - busy)
"""


def pandas_seconds(path, engine):
    out = subprocess.run([sys.executable, "-c", PANDAS, path, engine], capture_output=True, text=True, check=True).stdout
    return tuple(float(word) for word in out.split())


def obligor_seconds(build, path, threads):
    program = str(pathlib.Path(build) / "obligor_table_bench")
    out = subprocess.run([program, f"--benchmark_filter=csv_ingest/threads:{threads}/", "--benchmark_format=json", "--benchmark_min_time=0.001"],
                         capture_output=True, text=True, check=True, env={**os.environ, "OBLIGOR_BENCH_CSV": path}).stdout
    found = json.loads(out)["benchmarks"][0]
    return found["real_time"] / 1e3, found["cpu_time"] / 1e3


def has(module):
    return subprocess.run([sys.executable, "-c", f"import {module}"], capture_output=True).returncode == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    if not has("pandas"):
        sys.exit("pandas is not installed here: python3 -m pip install pandas pyarrow")
    readers = {"obligor, all cores": lambda: obligor_seconds(options.build, options.file, 0),
               "obligor, 1 thread": lambda: obligor_seconds(options.build, options.file, 1),
               "pandas, C engine": lambda: pandas_seconds(options.file, "c")}
    if has("pyarrow"):
        readers["pandas, pyarrow engine"] = lambda: pandas_seconds(options.file, "pyarrow")
    megabytes = pathlib.Path(options.file).stat().st_size / 1e6
    pathlib.Path(options.file).read_bytes()
    seconds = {name: [] for name in readers}
    for _ in range(options.repeats):
        for name, read in readers.items():
            seconds[name].append(read())
    middle = {name: [statistics.median(part) for part in zip(*times)] for name, times in seconds.items()}
    base = middle["pandas, C engine"]
    print(f"{options.file}: {megabytes:.1f} MB, {os.cpu_count()} cores, median of {options.repeats}; processor seconds bear a busy machine better")
    for name, (wall, busy) in middle.items():
        print(f"{name:<24} {megabytes / wall:8.1f} MB/s, {base[0] / wall:5.2f} x pandas' C engine; {busy:6.2f} s of processor, {base[1] / busy:5.2f} x")



main()
