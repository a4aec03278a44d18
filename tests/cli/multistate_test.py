"""`obligor compare --task multistate` as a user types it, with the bundle that it saves. Usage: multistate_test.py OBLIGOR DATA"""
import csv
import json
import math
import random

from cli import document, done, refused, scratch


def table(path, accounts=160):
    """Accounts go from current to late with a chance that grows with `risk`, from late back or to default; default is never left."""
    draw = random.Random(5)
    with open(path, "w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["loan", "month", "status", "risk", "region", "age"])
        for loan in range(accounts):
            risk, state = draw.gauss(0, 1), "current"
            for month in range(1, 13):
                out.writerow([f"L{loan}", f"2020-{month:02}-01", state, f"{risk:.3f}", draw.choice("NSEW"), month])
                if state == "default":
                    break
                odds = math.exp(1.5 * risk - 1.5)
                if state == "current":
                    state = "late" if draw.random() < odds / (1 + odds) else "current"
                else:
                    state = draw.choice(["current", "late", "default"])
    return path


def main():
    folder = scratch()
    data = table(folder / "panel.csv")
    roles = ["--id", "loan", "--time", "month", "--state", "status"]
    task = ["compare", data, "--task", "multistate", *roles]
    small = ["--param", "mortgage_dnn.members=2", "--param", "mortgage_dnn.first=16", "--param", "mortgage_dnn.hidden=16", "--param", "mortgage_dnn.layers=2",
             "--param", "mortgage_dnn.epochs=20", "--param", "transition_ann.first=16", "--resamples", "20"]

    bundle = folder / "states.obligor"
    found = document(*task, *small, "--cv", "3", "--advance", "age", "--horizon", "6", "--save", bundle)
    assert found["task"]["states"] == ["current", "default", "late"] and found["task"]["accounts"] == 160, found["task"]
    models = {model["name"]: model for model in found["models"]}
    assert set(models) == {"transition_matrix", "multinomial_logit", "transition_ann", "mortgage_dnn"}
    losses = [model["metrics"]["log_loss"]["value"] for model in found["models"]]
    assert losses == sorted(losses) and found["best"] == found["models"][0]["name"]
    late = {name: next(t for t in model["transitions"] if (t["from"], t["to"]) == ("current", "late")) for name, model in models.items()}
    assert late["multinomial_logit"]["auc"]["value"] > 0.7 > late["transition_matrix"]["auc"]["value"]
    assert late["multinomial_logit"]["auc"]["low"] <= late["multinomial_logit"]["auc"]["value"] <= late["multinomial_logit"]["auc"]["high"]
    assert len(models["mortgage_dnn"]["forecast"]) == 6
    pool = models["multinomial_logit"]["forecast"][5]
    assert abs(sum(s["expected"] for s in pool["states"].values()) - pool["accounts"]) < 1e-6 * pool["accounts"]
    again = document(*task, *small, "--cv", "3", "--advance", "age", "--horizon", "6")
    assert [m["metrics"] for m in again["models"]] == [m["metrics"] for m in found["models"]]

    # The bundle gives every state, and never one that did not happen in training.
    (folder / "ask.csv").write_text("loan,month,status,risk,region,age\nA,2021-01-01,current,2,N,3\nB,2021-01-01,late,2,N,3\nC,2021-01-01,elsewhere,2,N,3\n")
    rows = [line.split(",") for line in done("score", bundle, folder / "ask.csv").stdout.splitlines()]
    assert rows[0] == ["row", "p_current", "p_default", "p_late"], rows
    for row in rows[1:]:
        assert abs(sum(map(float, row[1:])) - 1) < 1e-5, row
    assert float(rows[1][2]) == 0 and float(rows[2][2]) > 0.05, rows
    assert json.loads(done("inspect", bundle, "--json").stdout)["task"]["kind"] == "multistate"

    by_time = document(*task, "--models", "multinomial_logit", "--out-of-time", "month", "--cutoff", "2020-09-01", "--resamples", "20")
    assert by_time["split"]["kind"] == "outoftime" and "2020-09" in by_time["split"]["detail"], by_time["split"]
    target = document("compare", data, "--task", "multistate", "--id", "loan", "--time", "month", "--target", "status", "--models", "transition_matrix", "--resamples", "20")
    assert target["task"]["start"] == "current" and any(w["kind"] == "start" for w in target["warnings"])
    text = done(*task, "--resamples", "20", "--models", "transition_matrix,multinomial_logit").stdout
    assert "current -> late" in text and "log-loss" in text and "forecast" in text, text

    # Default within 1, 3 and 6 months from one model, which never falls from one horizon to the next.
    horizons = ["--event", "default", "--within", "1,3,6"]
    ahead = folder / "ahead.obligor"
    found = document(*task, *horizons, "--resamples", "20", "--models", "multinomial_logit,transition_matrix", "--save", ahead)
    assert found["task"]["within"] == [1, 3, 6] and found["task"]["event"] == "default", found["task"]
    assert {w["kind"] for w in found["warnings"]} >= {"gone", "unripe"}, found["warnings"]
    logit = next(m for m in found["models"] if m["name"] == "multinomial_logit")
    assert [h["within"] for h in logit["horizons"]] == [1, 3, 6] and not logit["forecast"]
    assert [h["observed"] for h in logit["horizons"]] == sorted(h["observed"] for h in logit["horizons"])
    assert all(h["auc"]["value"] > 0.7 and abs(h["expected"] - h["observed"]) < 0.3 * h["observed"] for h in logit["horizons"]), logit["horizons"]
    rows = [line.split(",") for line in done("score", ahead, data).stdout.splitlines()]
    assert rows[0] == ["row", "p_within_1", "p_within_3", "p_within_6"], rows[0]
    assert all(0 <= float(r[1]) <= float(r[2]) <= float(r[3]) <= 1 for r in rows[1:])
    assert "default within 3" in done(*task, *horizons, "--resamples", "20", "--models", "transition_matrix,multinomial_logit").stdout
    refused(["--event", "default"], *task, "--within", "3", "--event", "defualt")
    refused(["--within", "--event"], *task, "--within", "3")
    refused("--within", *task, "--event", "default", "--within", "6,3")
    refused("--advance", *task, *horizons, "--advance", "age")
    refused("--within", "compare", data, "--target", "status", "--within", "3")

    refused("--id", "compare", data, "--task", "multistate", "--time", "month", "--state", "status")
    refused("--time", "compare", data, "--task", "multistate", "--id", "loan", "--state", "status")
    refused("--state", "compare", data, "--task", "multistate", "--id", "loan", "--time", "month")
    refused("--state", "compare", data, "--target", "status", "--state", "status")
    refused("nothing_here", "compare", data, "--task", "multistate", "--id", "nothing_here", "--time", "month", "--state", "status")
    refused(["--advance", "region"], *task, "--advance", "region")
    refused(["--cutoff", "soon"], *task, "--out-of-time", "month", "--cutoff", "soon")
    refused("--sequence", *task, "--sequence", "h: age=age")
    refused("--tune", *task, "--tune", "5")
    refused("--report", *task, "--report", folder / "r.html")
    refused("--positive", *task, "--positive", "default")
    refused(["logistic", "multistate", "mortgage_dnn"], *task, "--models", "logistic")
    refused(["multinomial_logit", "binary"], "compare", data, "--target", "status", "--models", "multinomial_logit")


main()
