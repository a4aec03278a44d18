#!/usr/bin/env python3
"""The training step of NeuMF-8 beside a tight PyTorch loop in one run, on one core: the same examples, sizes and optimiser.

  cmake --build build/release --target obligor_zoo_recsys_bench
  taskset -c 0 python bench/peers/neural_cf.py --data DIR [--build build/release]          # a Python with torch and numpy

DIR holds movielens-1m/ncf/ml-1m.train.pairs.zst (994,169 pairs; four products drawn for each as negatives, in random order). The step alone: negatives are drawn
before the clock starts. PyTorch: tables of 6040 x 40 and 3706 x 40, tower 64-32-16-8, BCEWithLogits, Adam fused over dense gradients, rows taken by
index; and SparseAdam on the tables, which is not the same optimiser (rows that are not touched stand still). Ours: Adam over whole tables, by
rows. Processor time, the least of five runs (PyTorch: of three) of 400 steps (100 at batch 4096).
"""
import argparse
import io
import os
import pathlib
import re
import subprocess
import tempfile
import time

for pool in ("OMP", "MKL", "OPENBLAS"):
    os.environ[f"{pool}_NUM_THREADS"] = "1"

import numpy as np
import torch
from torch import nn

USERS, ITEMS = 6040, 3706


class NeuMF(nn.Module):
    def __init__(self, factors, sparse):
        super().__init__()
        wide = 4 * factors
        table = lambda rows, width: nn.Embedding(rows, width, sparse=sparse)
        self.tables = nn.ModuleList([table(USERS, factors), table(ITEMS, factors), table(USERS, wide), table(ITEMS, wide)])
        for one in self.tables:
            nn.init.normal_(one.weight, 0, 0.01)
        self.tower = nn.Sequential(nn.Linear(2 * wide, wide), nn.ReLU(), nn.Linear(wide, wide // 2), nn.ReLU(),
                                   nn.Linear(wide // 2, factors), nn.ReLU())
        self.head = nn.Linear(2 * factors, 1)

    def forward(self, user, item):
        p, q, pt, qt = self.tables
        deep = self.tower(torch.cat((pt(user), qt(item)), 1))
        return self.head(torch.cat((p(user) * q(item), deep), 1)).squeeze(1)


def examples(folder):
    packed = folder / "movielens-1m/ncf/ml-1m.train.pairs.zst"
    text = subprocess.run(["zstd", "-dc", str(packed)], check=True, capture_output=True).stdout
    positive = np.loadtxt(io.BytesIO(text), dtype=np.int64)
    random = np.random.default_rng(1)
    user = np.repeat(positive[:, 0], 5)
    item = random.integers(0, ITEMS, len(user))
    item[::5] = positive[:, 1]
    label = np.zeros(len(user), np.int64)
    label[::5] = 1
    order = random.permutation(len(user))[:1_000_000]
    return user[order], item[order], label[order]


def peer(user, item, label, factors, batch, sparse):
    torch.manual_seed(1)
    model = NeuMF(factors, sparse)
    dense = [p for name, p in model.named_parameters() if not (sparse and name.startswith("tables"))]
    optimisers = [torch.optim.Adam(dense, lr=1e-3, fused=True)]
    if sparse:
        optimisers.append(torch.optim.SparseAdam(list(model.tables.parameters()), lr=1e-3))
    loss = nn.BCEWithLogitsLoss()
    order = torch.randperm(len(user))
    steps = min(400 if batch < 4096 else 100, len(user) // batch)
    best = 1e9
    for repeat in range(4):
        start = time.process_time()
        for step in range(steps):
            rows = order[step * batch:(step + 1) * batch]
            for optimiser in optimisers:
                optimiser.zero_grad(set_to_none=True)
            loss(model(user[rows], item[rows]), label[rows]).backward()
            for optimiser in optimisers:
                optimiser.step()
        if repeat > 0:
            best = min(best, (time.process_time() - start) / steps)
    return best * 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default="build/release")
    parser.add_argument("--data", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    user, item, label = examples(arguments.data)
    with tempfile.NamedTemporaryFile(suffix=".bin") as file:
        np.array([USERS, ITEMS, len(user)], dtype="uint32").tofile(file)
        np.column_stack([user, item, label]).astype("uint32").tofile(file)
        file.flush()
        text = subprocess.run([str(arguments.build / "obligor_zoo_recsys_bench"), file.name], check=True, capture_output=True, text=True).stdout
    ours = {(int(f), int(b)): float(us) for f, b, us in re.findall(r"neumf (\d+) batch (\d+): ([\d.]+) us", text)}
    print(text.splitlines()[0])
    print(f"torch {torch.__version__}, one thread")
    u, i, y = torch.from_numpy(user), torch.from_numpy(item), torch.from_numpy(label).float()
    for factors, batch in ((8, 256), (8, 1024), (8, 4096)):
        mine = ours[factors, batch]
        tight = peer(u, i, y, factors, batch, False)
        sparse = peer(u, i, y, factors, batch, True)
        print(f"NeuMF-{factors} batch {batch}: obligor {mine:.0f} us a step, PyTorch {tight:.0f} us ({tight / mine:.1f} times), "
              f"with SparseAdam {sparse:.0f} us ({sparse / mine:.1f} times)")


if __name__ == "__main__":
    main()
