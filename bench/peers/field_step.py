#!/usr/bin/env python3
"""One training step of NFM or DNN beside PyTorch's own loop and DeepCTR-Torch in one run, on one core.

  cmake --build build/release --target obligor_zoo_field_bench obligor_zoo_net_bench obligor_emit_native_bench
  python3 -m venv peers && peers/bin/pip install torch && peers/bin/pip install --no-deps deepctr-torch
  taskset -c 0 peers/bin/python bench/peers/field_step.py [--build build/release] [--model nfm|dnn] [--batch 128]

NFM: ten category fields with Frappe's level counts (957 users, 4,082 apps, ...), codes at random, vectors of 64 numbers, batch norm, dropout
0.3, one hidden layer of 64 units, log-loss, Adagrad. DNN: the same fields, embeddings of 10 numbers, three hidden layers of 400 units, dropout 0.2,
AdamW; and the share of one thread's float32 peak (multiply-adds that wait for nothing, measured in the same run) that its matrix products reach. The loop is as tight as PyTorch allows: tensors in memory, a batch by index, one call of
the optimiser (sparse gradients too: the faster of the two is the peer). DeepCTR-Torch runs its own fit, when it can be imported. A step is
processor time over many steps, the least of five; ours is Google Benchmark's.
"""
import argparse
import json
import os
import subprocess
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")
import numpy as np
import torch
from torch import nn

LEVELS = [957, 4082, 7, 7, 2, 3, 2, 9, 80, 233]
K, HIDDEN, ROWS = 64, 64, 16384


def rows():
    random = np.random.default_rng(1)
    codes = np.stack([random.integers(0, n, ROWS) for n in LEVELS], 1)
    return codes, (random.random(ROWS) < 0.3).astype(np.float32)


class Nfm(nn.Module):
    def __init__(self, sparse):
        super().__init__()
        self.register_buffer("offset", torch.tensor(np.concatenate([[0], np.cumsum(LEVELS)[:-1]])))
        self.vectors = nn.Embedding(sum(LEVELS), K, sparse=sparse)
        self.weights = nn.Embedding(sum(LEVELS), 1, sparse=sparse)
        nn.init.normal_(self.vectors.weight, 0, 0.01)
        nn.init.zeros_(self.weights.weight)
        self.bias = nn.Parameter(torch.zeros(1))
        self.top = nn.Sequential(nn.BatchNorm1d(K), nn.Dropout(0.3), nn.Linear(K, HIDDEN), nn.BatchNorm1d(HIDDEN), nn.ReLU(), nn.Dropout(0.3),
                                 nn.Linear(HIDDEN, 1, bias=False))

    def forward(self, codes):
        at = codes + self.offset
        v = self.vectors(at)
        total = v.sum(1)
        pairs = 0.5 * (total * total - (v * v).sum(1))
        return self.bias + self.weights(at).sum((1, 2)) + self.top(pairs).squeeze(1)


class Dnn(nn.Module):
    def __init__(self, _):
        super().__init__()
        self.register_buffer("offset", torch.tensor(np.concatenate([[0], np.cumsum(LEVELS)[:-1]])))
        self.vectors = nn.Embedding(sum(LEVELS), 10)
        layers = []
        for width in [10 * len(LEVELS), 400, 400]:
            layers += [nn.Linear(width, 400), nn.ReLU(), nn.Dropout(0.2)]
        self.top = nn.Sequential(*layers, nn.Linear(400, 1))

    def forward(self, codes):
        return self.top(self.vectors(codes + self.offset).flatten(1)).squeeze(1)


def loop(network, batch, sparse):
    torch.manual_seed(1)
    codes, target = (torch.from_numpy(a) for a in rows())
    model = network(sparse)
    if network is Dnn:
        optimiser = torch.optim.AdamW(model.parameters(), lr=0.001, weight_decay=1e-4, fused=True)
    else:
        optimiser = torch.optim.Adagrad(model.parameters(), lr=0.02) if sparse else torch.optim.Adagrad(model.parameters(), lr=0.02, fused=True)
    loss_of = nn.BCEWithLogitsLoss()
    order = torch.randperm(ROWS)
    steps = ROWS // batch
    best = 1e9
    for _ in range(5):
        start = time.process_time()
        for s in range(steps):
            at = order[s * batch:(s + 1) * batch]
            optimiser.zero_grad(set_to_none=True)
            loss_of(model(codes[at]), target[at]).backward()
            optimiser.step()
        best = min(best, (time.process_time() - start) / steps)
    return best


def deepctr(batch):
    from deepctr_torch.inputs import SparseFeat
    from deepctr_torch.models import NFM

    codes, target = rows()
    features = [SparseFeat(f"f{i}", n, embedding_dim=K) for i, n in enumerate(LEVELS)]
    model = NFM(features, features, dnn_hidden_units=(HIDDEN,), bi_dropout=0.3, dnn_dropout=0.3, device="cpu")
    model.compile("adagrad", "binary_crossentropy")
    data = {f"f{i}": codes[:, i] for i in range(len(LEVELS))}
    best = 1e9
    for _ in range(3):
        start = time.process_time()
        model.fit(data, target, batch_size=batch, epochs=1, verbose=0)
        best = min(best, (time.process_time() - start) / (ROWS // batch))
    return best


def bench(program, pattern, *options):
    text = subprocess.run([program, f"--benchmark_filter={pattern}", "--benchmark_format=json", *options], check=True, capture_output=True, text=True).stdout
    return json.loads(text)["benchmarks"]


def ours(build, model, batch):
    room = "field" if model == "nfm" else "net"
    best = {}
    for entry in bench(f"{build}/obligor_zoo_{room}_bench", f"^{model}/(fused|torch)/{batch}$", "--benchmark_repetitions=5", "--benchmark_min_time=0.3"):
        if entry["run_type"] == "iteration":
            kind = entry["name"].split("/")[1]
            if entry["cpu_time"] < best.get(kind, {"cpu_time": 1e18})["cpu_time"]:
                best[kind] = entry
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--model", default="nfm", choices=["nfm", "dnn"])
    parser.add_argument("--batch", type=int, default=128)
    a = parser.parse_args()
    torch.set_num_threads(1)
    best = ours(a.build, a.model, a.batch)
    mine = {kind: entry["cpu_time"] * 1e-6 for kind, entry in best.items()}
    if a.model == "nfm":
        peers = {"libtorch of this build, autograd": mine["torch"], "PyTorch loop, dense gradients": loop(Nfm, a.batch, False),
                 "PyTorch loop, sparse gradients": loop(Nfm, a.batch, True)}
        try:
            peers["DeepCTR-Torch fit"] = deepctr(a.batch)
        except ImportError as error:
            print(f"DeepCTR-Torch is left out: {error}")
        print(f"NFM, k {K}, hidden {HIDDEN}, batch {a.batch}: fused step {mine['fused'] * 1e6:.0f} us, {a.batch / mine['fused']:.0f} rows/s")
    else:
        peers = {"libtorch of this build, by hand": mine["torch"], "PyTorch loop": loop(Dnn, a.batch, False)}
        peak = bench(f"{a.build}/obligor_emit_native_bench", "^peak")[0]["gflops"]
        print(f"DNN 400 x 3, batch {a.batch}: fused step {mine['fused'] * 1e6:.0f} us, {a.batch / mine['fused']:.0f} rows/s; its products at "
              f"{best['fused']['flops'] * 1e-9:.0f} GFLOP/s, {100e-9 * best['fused']['flops'] / peak:.0f} % of the {peak:.0f} of one thread")
    for name, seconds in peers.items():
        print(f"  {name:34s} {seconds * 1e6:8.0f} us  {seconds / mine['fused']:5.1f} times ours")


main()
