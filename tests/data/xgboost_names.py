#!/usr/bin/env python3
"""Writes tests/data/xgboost_names: a model that XGBoost trained on a data frame, whose file holds the names of its categories, and the log-odds it gives to rows.

  pip install xgboost-cpu==3.2.0 pandas && tests/data/xgboost_names.py

Rows are drawn here (seed 1): a number, a category of texts, one of whole numbers; a tenth of each is missing. tests/cli/import_test.py reads both files.
"""
import pathlib

import numpy
import pandas
import xgboost

folder = pathlib.Path(__file__).parent / "xgboost_names"
folder.mkdir(exist_ok=True)
draw = numpy.random.default_rng(1)
rows = 400
job = draw.integers(0, 40, rows)
region = draw.integers(0, 5, rows)
age = draw.normal(size=rows).round(3).astype("float32")
bad = (draw.random(rows) < 1 / (1 + numpy.exp(-(2 * numpy.sin(job) + age + (region == 3))))).astype(int)
frame = pandas.DataFrame({"age": age, "job": pandas.Categorical([f"job {v}" for v in job]), "region": pandas.Categorical(10 * region)})
for column in frame:
    frame.loc[draw.random(rows) < 0.1, column] = numpy.nan
data = xgboost.DMatrix(frame, bad, enable_categorical=True)
trained = xgboost.train({"objective": "binary:logistic", "max_depth": 3, "max_cat_to_onehot": 6, "seed": 1, "nthread": 1}, data, 4)
trained.save_model(folder / "model.json")
frame["margin"] = [f"{v:.9g}" for v in trained.predict(data, output_margin=True)]
frame.to_csv(folder / "rows.csv", index=False)
