#!/usr/bin/env python3
"""Writes tests/fuzz/corpus: small models as the tools themselves write them, kept for the fuzz targets of the importers beside the seeds made in code.

  make setup && .venv/bin/python tests/fuzz/corpus.py

Rows are drawn here (seed 1); the tables of scorecards are those of tests/data/scorecards.py. `make fuzz` starts from these files, every test run reads them.
"""
import json
import pathlib
import shutil

import lightgbm
import numpy
import xgboost

folder = pathlib.Path(__file__).parent / "corpus"
for name in ("coefficients", "lightgbm", "xgboost", "scorecard"):
    (folder / name).mkdir(parents=True, exist_ok=True)
draw = numpy.random.default_rng(1)
x = draw.normal(size=(300, 3))
x[draw.random(x.shape) < 0.1] = numpy.nan
x[:, 2] = draw.integers(0, 6, 300)
bad = (numpy.nan_to_num(x[:, 0]) + (x[:, 2] == 3) > 0.2).astype(int)
names = ["age", "income", "job"]
trained = xgboost.train({"objective": "binary:logistic", "max_depth": 2, "seed": 1}, xgboost.DMatrix(x, bad, feature_names=names), 2)
for ending in ("json", "ubj"):
    trained.save_model(folder / "xgboost" / f"model.{ending}")
coded = xgboost.DMatrix(x, bad, feature_names=names, feature_types=["float", "float", "c"], enable_categorical=True)
with_sets = xgboost.train({"objective": "binary:logistic", "max_depth": 2, "max_cat_to_onehot": 2, "seed": 1}, coded, 2)
for ending in ("json", "ubj"):
    with_sets.save_model(folder / "xgboost" / f"categories.{ending}")
for name, categories in (("numbers", []), ("categories", ["job"])):
    settings = {"objective": "binary", "num_leaves": 4, "verbose": -1, "seed": 1, "min_data_per_group": 5}
    data = lightgbm.Dataset(x, bad, feature_name=names, categorical_feature=categories)
    lightgbm.train(settings, data, 2).save_model(folder / "lightgbm" / f"{name}.txt")
for table in (folder.parent.parent / "data" / "scorecards").glob("*.csv"):
    if table.name != "rows.csv":
        shutil.copy(table, folder / "scorecard" / table.name)
shutil.copy(folder.parent.parent / "data" / "xgboost_names" / "model.json", folder / "xgboost" / "names.json")
# Coefficients are JSON of ours: what docs/import.md shows, and a fit of scikit-learn's kind, its scaler in each column.
(folder / "coefficients" / "levels.json").write_text(json.dumps({"intercept": -2.1, "coefficients": {
    "age": -0.03, "income": {"coefficient": 0.2, "mean": 3, "scale": 2, "impute": 1.5},
    "job": {"levels": {"clerk": 0.1, "farmer": -0.2}, "missing": 0, "unseen": 0}}}, indent=1) + "\n")
scaled = {name: {"coefficient": round(float(c), 6), "mean": round(float(m), 6), "scale": round(float(s), 6), "impute": 0}
          for name, c, m, s in zip(names, (0.8, 0.1, -0.4), numpy.nanmean(x, 0), numpy.nanstd(x, 0))}
(folder / "coefficients" / "scaled.json").write_text(json.dumps({"intercept": -0.25, "coefficients": scaled}) + "\n")
