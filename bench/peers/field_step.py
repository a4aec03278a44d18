#!/usr/bin/env python3
"""One training step of NFM beside PyTorch's own loop and DeepCTR-Torch in one run, on one core.

  cmake --build build/release --target obligor_zoo_field_bench
  python3 -m venv /tmp/peers && /tmp/peers/bin/pip install torch && /tmp/peers/bin/pip install --no-deps deepctr-torch
  taskset -c 0 /tmp/peers/bin/python bench/peers/field_step.py [--build build/release] [--batch 128]

Same work: ten category fields with Frappe's level counts (957 users, 4,082 apps, ...), codes at random, vectors of 64 numbers, batch norm, dropout
0.3, one hidden layer of 64 units, log-loss, Adagrad. The loop is as tight as PyTorch allows: tensors in memory, a batch by index, one call of
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


def loop(batch, sparse):
    torch.manual_seed(1)
    codes, target = (torch.from_numpy(a) for a in rows())
    model = Nfm(sparse)
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


def ours(build, batch):
    out = subprocess.run([f"{build}/obligor_zoo_field_bench", f"--benchmark_filter=^nfm/(fused|torch)/{batch}$", "--benchmark_format=json",
                          "--benchmark_repetitions=5", "--benchmark_min_time=0.3"], check=True, capture_output=True, text=True).stdout
    times = {}
    for entry in json.loads(out)["benchmarks"]:
        if entry["run_type"] == "iteration":
            kind = entry["name"].split("/")[1]
            times[kind] = min(times.get(kind, 1e9), entry["cpu_time"] * 1e-6)
    return times


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--batch", type=int, default=128)
    a = parser.parse_args()
    torch.set_num_threads(1)
    mine = ours(a.build, a.batch)
    peers = {"libtorch of this build, autograd": mine["torch"], "PyTorch loop, dense gradients": loop(a.batch, False),
             "PyTorch loop, sparse gradients": loop(a.batch, True)}
    try:
        peers["DeepCTR-Torch fit"] = deepctr(a.batch)
    except ImportError as error:
        print(f"DeepCTR-Torch is left out: {error}")
    print(f"NFM, k {K}, hidden {HIDDEN}, batch {a.batch}: fused step {mine['fused'] * 1e6:.0f} us")
    for name, seconds in peers.items():
        print(f"  {name:34s} {seconds * 1e6:8.0f} us  {seconds / mine['fused']:5.1f} times ours")


main()
