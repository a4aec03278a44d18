#!/usr/bin/env python3
"""The native scorer beside ONNX Runtime, PyTorch, LightGBM, XGBoost and lleaves on the same models and rows, in one run: rows a second, and ratios.

  cmake --build build/release --target obligor obligor-train obligor_score obligor_emit_native_bench
  python bench/peers/scoring.py --build build/release [--seconds 0.2] [--json results.json]    # a Python with numpy, torch, onnxruntime, lightgbm, xgboost, lleaves

Rows are drawn here (seed 1): 20 numbers, one cell in twenty missing, and 4 categories of 8 levels, for dnn, wide_deep and nfm (two layers of 128; trained by two inner
folds, so that a bundle averages two networks); twelve months of three numbers and four numbers more for lstm and gru (a state of 64, a head of 64); 30 numbers for two
ensembles of 500 trees, of LightGBM (31 leaves) and XGBoost (depth 5). Every batch is another stretch of 65,536 rows, also that of one row: scoring a row
again would only show that its branches are learnt. What each is given:

  native    libobligor_score's C function through ctypes: raw columns. Preprocessing included
  onnx      ONNX Runtime on `obligor export --to onnx`: raw columns, feeds made before the clock starts. Preprocessing included
  torch     the network's layers of the same sizes in PyTorch: prepared columns. Preprocessing NOT included
  lightgbm  Booster.predict; one row by the C call for single rows. There is nothing to prepare
  xgboost   Booster.inplace_predict. There is nothing to prepare
  lleaves   LightGBM's model compiled by LLVM: its C function through ctypes. There is nothing to prepare

Each figure is the best of three turns, turn and turn about, of --seconds each: processor time with one thread, so that what else the machine does hardly counts,
the wall clock with more. Scores are compared before they are timed. A package that is
not installed is left out, and said so.
"""
import argparse
import ctypes
import importlib
import json
import math
import os
import pathlib
import platform
import subprocess
import tempfile
import time
import zipfile

for pool in ("OMP", "MKL", "OPENBLAS"):
    os.environ.setdefault(f"{pool}_NUM_THREADS", "2")

import numpy as np

ROWS = 65536
BATCHES = (1, 64, 1024, 65536)
HISTORIES = ("lstm", "gru")
MONTHS = 12


def optional(name):
    try:
        return importlib.import_module(name)
    except ImportError:
        print(f"{name} is not installed: left out")
        return None


torch, onnxruntime, lightgbm, xgboost, lleaves = map(optional, ("torch", "onnxruntime", "lightgbm", "xgboost", "lleaves"))


class Column(ctypes.Structure):
    _fields_ = [("numbers", ctypes.c_void_p), ("strings", ctypes.c_void_p), ("lengths", ctypes.c_void_p)]


class Field(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("kind", ctypes.c_int), ("width", ctypes.c_size_t)]


class Layout(ctypes.Structure):
    _fields_ = [("inputs", ctypes.POINTER(Field)), ("input_count", ctypes.c_size_t), ("outputs", ctypes.POINTER(Field)), ("output_count", ctypes.c_size_t)]


class Native:
    def __init__(self, library, bundle, table, threads):
        self.library = library
        library.obligor_open.restype = ctypes.c_void_p
        library.obligor_open.argtypes = [ctypes.c_char_p, ctypes.c_int]
        library.obligor_schema.restype = ctypes.POINTER(Layout)
        library.obligor_schema.argtypes = [ctypes.c_void_p]
        library.obligor_find_output.restype = ctypes.c_size_t
        library.obligor_find_output.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
        library.obligor_last_error.restype = ctypes.c_char_p
        self.model = ctypes.c_void_p(library.obligor_open(str(bundle).encode(), threads))
        assert self.model, library.obligor_last_error()
        self.output = ctypes.c_size_t(library.obligor_find_output(self.model, b"probability"))
        layout = library.obligor_schema(self.model).contents
        self.columns = []
        for i in range(layout.input_count):
            values = table[layout.inputs[i].name.decode()]
            if values.dtype == np.float32:
                self.columns.append((np.ascontiguousarray(values), 4, True))
            else:
                strings = (ctypes.c_char_p * len(values))(*[str(v).encode() for v in values])
                self.columns.append((strings, ctypes.sizeof(ctypes.c_char_p), False))
        self.scores = np.empty(ROWS, np.float32)
        self.function = library.obligor_score_rows

    def calls(self, batch):
        """A function a batch, all that can be made beforehand made."""
        made = []
        for begin in starts(batch):
            columns = (Column * len(self.columns))()
            for i, (values, size, is_number) in enumerate(self.columns):
                address = (values.ctypes.data if is_number else ctypes.addressof(values)) + begin * size
                if is_number:
                    columns[i].numbers = address
                else:
                    columns[i].strings = address
            to = (ctypes.c_void_p * 1)(self.scores.ctypes.data + 4 * begin)
            made.append((self.function, (self.model, columns, ctypes.c_size_t(batch), ctypes.byref(self.output), ctypes.c_size_t(1), to)))
        return made

    def values(self):
        for function, arguments in self.calls(ROWS):
            assert function(*arguments) == 0
        return self.scores.copy()


def starts(batch):
    order = np.random.default_rng(7).permutation(ROWS // batch)[:4096]
    return [int(i) * batch for i in order]


class Onnx:
    def __init__(self, path, table, threads):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.inputs = {one.name: table[one.name].reshape(-1, 1) for one in self.session.get_inputs()}

    def calls(self, batch):
        return [(self.session.run, (["probability"], {name: column[begin:begin + batch] for name, column in self.inputs.items()})) for begin in starts(batch)]

    def values(self):
        parts = [self.session.run(["probability"], {name: column[begin:begin + 1024] for name, column in self.inputs.items()})[0] for begin in range(0, ROWS, 1024)]
        return np.concatenate(parts).reshape(-1)


class Function:
    """Any other: a function of a prepared batch."""

    def __init__(self, prepare, run, values=None):
        self.prepare, self.run, self.values = prepare, run, values

    def calls(self, batch):
        return [(self.run, (self.prepare(begin, batch),)) for begin in starts(batch)]


def seconds_a_row(one, batch, seconds, clock):
    calls = one.calls(batch)
    for function, arguments in calls[:3]:
        function(*arguments)
    best = float("inf")
    done, at = 0, 0
    begin = clock()
    chunk = max(1, min(len(calls), 256 // batch))
    while (now := clock()) - begin < seconds or done == 0:
        for _ in range(chunk):
            function, arguments = calls[at]
            function(*arguments)
            at = (at + 1) % len(calls)
        done += chunk
        best = min(best, (clock() - now) / (chunk * batch))
    return best


def read_plan(bundle):
    """The nodes of a bundle's plan, and the shape of a constant by its number."""
    with zipfile.ZipFile(bundle) as archive:
        plan = json.loads(archive.read("plan.json"))
        weights = archive.read("weights.safetensors")
    header = json.loads(weights[8:8 + int.from_bytes(weights[:8], "little")])
    return plan["nodes"], lambda constant: header[str(constant)]["shape"]


def affine_shapes(bundle):
    nodes, shape = read_plan(bundle)
    return [shape(node["const"][0]) for node in nodes if node["op"] == "affine"]


def multiply_adds(bundle):
    return sum(out * inner for out, inner in affine_shapes(bundle))


def torch_network(name, bundle, fields):
    """The layers of the same sizes: numbers as a prepared design, categories and bins as rows of one table. A bundle averages a network an inner fold."""
    chain = [(inner, out) for out, inner in affine_shapes(bundle) if out > 2]
    networks = chain.count(chain[0])
    chain = chain[:len(chain) // networks]

    def tower():
        layers = [layer for inner, out in chain for layer in (torch.nn.Linear(inner, out), torch.nn.ReLU())]
        return torch.nn.Sequential(*layers, torch.nn.Linear(chain[-1][1], 1), torch.nn.Sigmoid())

    towers = [tower() for _ in range(networks)]
    width = chain[0][0]
    random = np.random.default_rng(3)
    if name != "nfm":
        design = torch.from_numpy(random.normal(size=(ROWS, width)).astype(np.float32))
        return lambda begin, batch: design[begin:begin + batch], lambda some: sum(one(some) for one in towers) / networks
    tables = [torch.nn.Embedding(17 * fields, width) for _ in range(networks)]
    codes = torch.from_numpy(random.integers(0, 17 * fields, (ROWS, fields)))

    def forward(some):
        parts = []
        for table, one in zip(tables, towers):
            vector = table(some)
            total = vector.sum(1)
            parts.append(one(0.5 * (total * total - (vector * vector).sum(1))))
        return sum(parts) / networks

    return lambda begin, batch: codes[begin:begin + batch], forward


def torch_history(name, bundle):
    """The cell of the bundle's sizes over prepared steps, all of them there, and the head that reads its last state beside the other columns."""
    nodes, shape = read_plan(bundle)
    cells = [node for node in nodes if node["op"] == "recur"]
    steps, gates = cells[0]["size"], 4 if name == "lstm" else 3
    taken, kept = (math.prod(shape(cells[0]["const"][place])) for place in (0, 1))
    hidden = round(math.sqrt(kept / gates))
    channels = taken // (gates * hidden)
    head, width = next(one for one in affine_shapes(bundle) if one[0] > 2 and one[1] > hidden)
    kind = torch.nn.LSTM if name == "lstm" else torch.nn.GRU
    networks = [(kind(channels, hidden, batch_first=True), torch.nn.Sequential(torch.nn.Linear(width, head), torch.nn.ReLU(), torch.nn.Linear(head, 1), torch.nn.Sigmoid()))
                for _ in cells]
    random = np.random.default_rng(3)
    design = torch.from_numpy(random.normal(size=(ROWS, steps, channels)).astype(np.float32))
    others = torch.from_numpy(random.normal(size=(ROWS, width - hidden)).astype(np.float32))

    def forward(some):
        history, beside = some
        return sum(last(torch.cat([cell(history)[0][:, -1], beside], 1)) for cell, last in networks) / len(networks)

    return lambda begin, batch: (design[begin:begin + batch], others[begin:begin + batch]), forward


def torch_peer(name, bundle, fields):
    prepare, forward = torch_history(name, bundle) if name in HISTORIES else torch_network(name, bundle, fields)

    def run(batch):
        with torch.inference_mode():
            return forward(batch)

    return Function(prepare, run)


def lightgbm_peer(booster, data, threads):
    wide = np.ascontiguousarray(data, np.float64)
    library = lightgbm.basic._LIB
    fast = ctypes.c_void_p()
    assert library.LGBM_BoosterPredictForMatSingleRowFastInit(booster._handle, 0, 0, -1, 1, wide.shape[1], f"num_threads={threads}".encode(), ctypes.byref(fast)) == 0
    length, result = ctypes.c_int64(), ctypes.c_double()

    def run(batch):
        if isinstance(batch, np.ndarray):
            return booster.predict(batch, num_threads=threads)
        return library.LGBM_BoosterPredictForMatSingleRowFast(fast, batch, ctypes.byref(length), ctypes.byref(result))

    def prepare(begin, batch):
        return ctypes.c_void_p(wide.ctypes.data + begin * wide.shape[1] * 8) if batch == 1 else wide[begin:begin + batch]

    return Function(prepare, run, lambda: booster.predict(wide))


def lleaves_peer(path, data):
    model = lleaves.Model(model_file=str(path))
    model.compile()
    wide = np.ascontiguousarray(data, np.float64)
    result = np.empty(ROWS)
    entry = model._c_entry_func
    to = result.ctypes.data_as(ctypes.POINTER(ctypes.c_double))

    def prepare(begin, batch):
        return ctypes.cast(wide.ctypes.data + begin * wide.shape[1] * 8, ctypes.POINTER(ctypes.c_double)), batch

    return Function(prepare, lambda some: entry(some[0], to, 0, some[1]), lambda: model.predict(wide, n_jobs=1))


def xgboost_peer(booster, data, threads):
    booster.set_param({"nthread": threads})
    return Function(lambda begin, batch: data[begin:begin + batch], booster.inplace_predict, lambda: booster.inplace_predict(data))


def write_csv(path, table, rows):
    names = list(table)
    lines = [",".join(names)]
    for r in range(rows):
        cells = [table[name][r] for name in names]
        lines.append(",".join("" if isinstance(c, np.floating) and np.isnan(c) else str(c) for c in cells))
    path.write_text("\n".join(lines) + "\n")


def network_table(random):
    x = random.normal(size=(ROWS, 20)).astype(np.float32)
    words = np.array([f"word{i}" for i in range(8)], object)
    codes = random.integers(0, 8, (ROWS, 4))
    z = x[:, 0] - x[:, 1] * x[:, 2] + 0.3 * codes[:, 0] - 2
    x[random.random(x.shape) < 0.05] = np.nan
    table = {f"x{c}": x[:, c].copy() for c in range(20)}
    table.update({f"s{c}": words[codes[:, c]] for c in range(4)})
    return table, (random.random(ROWS) < 1 / (1 + np.exp(-z))).astype(int)


def history_table(random):
    """Balance, payment and delay of twelve months, the oldest of which are missing in some rows; four numbers beside them."""
    steps = random.normal(size=(3, MONTHS, ROWS)).astype(np.float32)
    beside = random.normal(size=(4, ROWS)).astype(np.float32)
    z = 1.5 * (steps[0, -1] - steps[0, 0]) + steps[1, -3:].sum(0) + beside[0] - 1
    first = np.maximum(random.integers(-6, MONTHS, ROWS), 0)
    steps[:, np.arange(MONTHS)[:, None] < first[None, :]] = np.nan
    table = {f"{name}_{t + 1}": steps[c, t].copy() for c, name in enumerate(("balance", "paid", "late")) for t in range(MONTHS)}
    table.update({f"x{c}": beside[c].copy() for c in range(4)})
    return table, (random.random(ROWS) < 1 / (1 + np.exp(-z))).astype(int)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/release", type=pathlib.Path)
    parser.add_argument("--train-build", type=pathlib.Path, help="where obligor-train is, if elsewhere")
    parser.add_argument("--seconds", default=0.2, type=float)
    parser.add_argument("--models", default="dnn,wide_deep,nfm,lstm,gru,lightgbm,xgboost")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--batches", default=",".join(map(str, BATCHES)))
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    wanted = options.models.split(",")
    batches = [int(b) for b in options.batches.split(",")]
    library_path = next(options.build.rglob("libobligor_score.so"))
    library = ctypes.CDLL(str(library_path.resolve()))
    trainer = (options.train_build or options.build).resolve() / "obligor"
    program = options.build.resolve() / "obligor"
    run = lambda what, *arguments: subprocess.run([str(what), *map(str, arguments)], check=True, capture_output=True, text=True).stdout
    print(f"{platform.machine()}, {os.cpu_count()} cores; libobligor_score {library_path.stat().st_size / 1e6:.2f} MB")
    peaks = {}
    bench = options.build / "obligor_emit_native_bench"
    if bench.exists():
        text = run(bench, "--benchmark_filter=^peak", "--benchmark_format=json")
        peaks = {one["name"].split("/")[0]: one["gflops"] for one in json.loads(text)["benchmarks"]}
        print(f"peak of one thread: {peaks['peak']:.0f} GFLOP/s of float32 multiply-adds")
    results = []
    random = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        table, bad = network_table(random)
        train = folder / "train.csv"
        write_csv(train, {**table, "bad": bad}, 8000)
        histories, bad_end = history_table(np.random.default_rng(2))
        train_histories = folder / "histories.csv"
        if set(HISTORIES) & set(wanted):
            write_csv(train_histories, {**histories, "bad": bad_end}, 4000)
        trees_x = random.normal(size=(ROWS, 30)).astype(np.float32)
        trees_y = (random.random(ROWS) < 1 / (1 + np.exp(-trees_x[:, :12].sum(1) - trees_x[:, 0] * trees_x[:, 1]))).astype(int)
        trees_table = {f"x{c}": trees_x[:, c].copy() for c in range(30)}
        for model in wanted:
            bundle, onnx = folder / f"{model}.obligor", folder / f"{model}.onnx"
            data = table
            extra = lambda threads: {}
            if model in ("lightgbm", "xgboost"):
                data = trees_table
                names = list(trees_table)
                if model == "lightgbm":
                    booster = lightgbm.train({"objective": "binary", "num_leaves": 31, "verbose": -1, "num_threads": 2, "seed": 1},
                                             lightgbm.Dataset(trees_x[:20000], trees_y[:20000], feature_name=names), 500)
                    path = folder / "model.txt"
                    booster.save_model(path)
                    booster = lightgbm.Booster(model_file=str(path))
                    compiled = lleaves_peer(path, trees_x) if lleaves else None
                    extra = lambda threads, b=booster, c=compiled: {"lightgbm": lightgbm_peer(b, trees_x, threads), **({"lleaves": c} if c and threads == 1 else {})}
                else:
                    booster = xgboost.train({"objective": "binary:logistic", "max_depth": 5, "seed": 1}, xgboost.DMatrix(trees_x[:20000], trees_y[:20000], feature_names=names), 500)
                    path = folder / "model.ubj"
                    booster.save_model(path)
                    booster.feature_names = None
                    extra = lambda threads, b=booster: {"xgboost": xgboost_peer(b, trees_x, threads)}
                run(program, "import", path, "--from", model, "--out", bundle)
            elif model in HISTORIES:
                data = histories
                channels = ", ".join(f"{name}={name}_1..{name}_{MONTHS}" for name in ("balance", "paid", "late"))
                run(trainer, "train", train_histories, "--target", "bad", "--model", model, "--no-cv", "--no-search", "--inner-folds", 2, "--seed", 1, "--sequence", f"months: {channels}",
                    "--param", "hidden=64", "--param", "head=64", "--param", "steps=60", "--param", "numbers=quantile", "--save", bundle)
                if torch:
                    extra = lambda threads, m=model, b=bundle: {"torch": torch_peer(m, b, 0)}
            else:
                arguments = ["--param", "layers=2", "--param", "hidden=128", "--param", "steps=200"]
                if model == "dnn":
                    arguments += ["--param", "ensemble=1", "--param", "numbers=quantile"]
                run(trainer, "train", train, "--target", "bad", "--model", model, "--no-cv", "--no-search", "--inner-folds", 2, "--seed", 1, *arguments, "--save", bundle)
                if torch:
                    extra = lambda threads, m=model, b=bundle: {"torch": torch_peer(m, b, len(table))}
            run(program, "export", bundle, "--to", "onnx", "--out", onnx)
            for threads in map(int, options.threads.split(",")):
                if torch:
                    torch.set_num_threads(threads)
                peers = {"native": Native(library, bundle, data, threads)}
                if onnxruntime:
                    peers["onnx"] = Onnx(onnx, data, threads)
                peers.update(extra(threads))
                expected = peers["native"].values()
                for name, peer in peers.items():
                    if peer.values:
                        apart = float(np.abs(peer.values() - expected).max())
                        assert apart < 1e-5, (model, name, apart)
                clock = time.process_time if threads == 1 else time.perf_counter
                for batch in batches:
                    if model in HISTORIES and batch > 1024:
                        continue  # ONNX Runtime would take some 7 GB
                    best = dict.fromkeys(peers, float("inf"))
                    for _ in range(3):
                        for name, peer in peers.items():
                            best[name] = min(best[name], seconds_a_row(peer, batch, options.seconds, clock))
                    row = {"model": model, "threads": threads, "batch": batch, "us_a_row": {name: 1e6 * s for name, s in best.items()}}
                    line = f"{model:9} {threads} thread{'s' if threads > 1 else ' '} batch {batch:6}: native {1e6 * best['native']:8.3f} us a row"
                    line += "".join(f"; {name} {1e6 * s:8.3f} ({s / best['native']:.2f} times)" for name, s in best.items() if name != "native")
                    if peaks and threads == 1 and model == "dnn":
                        row["share_of_peak"] = 2 * multiply_adds(bundle) / best["native"] / 1e9 / peaks["peak"]
                        line += f"; {100 * row['share_of_peak']:.0f} % of peak"
                    print(line, flush=True)
                    results.append(row)
    if options.json:
        options.json.write_text(json.dumps({"peak_gflops": peaks, "library_bytes": library_path.stat().st_size, "results": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
