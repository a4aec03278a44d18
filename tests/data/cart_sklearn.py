#!/usr/bin/env python3
"""Writes cart_sklearn.json: trees and pruning paths of scikit-learn on the two public tables that ship here, for src/zoo/tree/cart_parity_test.cc.

  python3 -m venv env && env/bin/pip install scikit-learn && env/bin/python tests/data/cart_sklearn.py

Columns: of data/german.csv all 20, a category as the number of its label in order of first appearance, and compared as a number (scikit-learn knows no
categories); of wdbc_mean_radius.csv the one. Target: creditability = bad; malignant.
Ties: scikit-learn visits the columns in a random order and keeps the first of equal splits, so where two columns part a node equally
well its tree depends on random_state. Only settings whose tree is the same for 20 states are kept; the script stops when one is not.
Splits that gain nothing: scikit-learn makes them, ours does not, so min_impurity_decrease forbids them.
Pruning: scikit-learn prunes by the impurity that it grew by, ours by Gini or misclassification, so paths are compared for Gini.
Its thresholds are the middle in float64; ours the middle rounded down to float32, which takes the same side for every float32 value.
"""
import csv
import json
import pathlib

import numpy as np
import sklearn
from sklearn.tree import DecisionTreeClassifier

HERE = pathlib.Path(__file__).resolve().parent
SETTINGS = [
    {"data": "german", "criterion": "gini", "min_samples_leaf": 30, "min_samples_split": 60, "max_depth": 30},
    {"data": "german", "criterion": "gini", "min_samples_leaf": 5, "min_samples_split": 10, "max_depth": 4},
    {"data": "german", "criterion": "entropy", "min_samples_leaf": 40, "min_samples_split": 80, "max_depth": 30},
    {"data": "wdbc", "criterion": "gini", "min_samples_leaf": 5, "min_samples_split": 10, "max_depth": 30},
    {"data": "wdbc", "criterion": "entropy", "min_samples_leaf": 5, "min_samples_split": 10, "max_depth": 30},
]


def read(name):
    path = HERE / "wdbc_mean_radius.csv" if name == "wdbc" else HERE.parents[1] / "data" / "german.csv"
    rows = list(csv.reader(path.open(encoding="utf-8")))[1:]
    columns = list(zip(*rows))
    target = np.array([int(v in ("1", "bad")) for v in columns[-1]])
    made = []
    for column in columns[:-1]:
        try:
            made.append([float(v) for v in column])
        except ValueError:
            labels = {}
            made.append([labels.setdefault(v, len(labels)) for v in column])
    return np.array(made, dtype=np.float32).T, target


def nodes(fitted):
    tree = fitted.tree_
    leaf = tree.children_left < 0
    return {"feature": [int(f) for f in tree.feature], "threshold": [0.0 if l else float(t) for t, l in zip(tree.threshold, leaf)],
            "impurity": [round(float(i), 12) for i in tree.impurity], "rows": [int(n) for n in tree.n_node_samples],
            "bad": [int(round(v[0][1] * n)) for v, n in zip(tree.value, tree.n_node_samples)]}


def main():
    cases = []
    for setting in SETTINGS:
        x, y = read(setting["data"])
        arguments = {key: value for key, value in setting.items() if key != "data"}
        arguments["min_impurity_decrease"] = 1e-12
        trees = [nodes(DecisionTreeClassifier(**arguments, random_state=state).fit(x, y)) for state in range(20)]
        if any(tree != trees[0] for tree in trees):
            raise SystemExit(f"{setting}: the tree depends on random_state (tied splits)")
        case = {**setting, "tree": trees[0]}
        if setting["criterion"] == "gini":
            path = DecisionTreeClassifier(**arguments, random_state=0).cost_complexity_pruning_path(x, y)
            case["ccp_alphas"] = [round(float(a), 12) for a in path.ccp_alphas]
            case["impurities"] = [round(float(i), 12) for i in path.impurities]
            case["pruned"] = []
            for step in (len(path.ccp_alphas) // 2, len(path.ccp_alphas) - 3):
                alpha = float(path.ccp_alphas[step] + path.ccp_alphas[step + 1]) / 2
                case["pruned"].append({"alpha": alpha, **nodes(DecisionTreeClassifier(**arguments, random_state=0, ccp_alpha=alpha).fit(x, y))})
        cases.append(case)
    document = {"made_by": f"tests/data/cart_sklearn.py, scikit-learn {sklearn.__version__}", "cases": cases}
    text = json.dumps(document, indent=None).replace('{"data"', '\n{"data"').replace('"tree"', '\n "tree"').replace('"ccp', '\n "ccp').replace('"pruned"', '\n "pruned"')
    (HERE / "cart_sklearn.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
