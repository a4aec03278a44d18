"""`obligor compare --task rating|ranking` as a user types it, with the bundle that it saves. Usage: recommend_test.py OBLIGOR DATA"""
import csv
import json
import random

from cli import document, done, refused, run, scratch


def table(path):
    """Customers of four kinds hold mostly products of their kind, one a day, and rate them by kind."""
    draw = random.Random(3)
    with open(path, "w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["client", "product", "score", "opened"])
        for client in range(120):
            held = set()
            while len(held) < 8:
                product = draw.randrange(60)
                if product % 4 == client % 4 or draw.random() < 0.1:
                    held.add(product)
            for day, product in enumerate(draw.sample(sorted(held), 8)):
                score = 2 + 2 * (product % 4 == client % 4) + draw.choice([0, 1])
                out.writerow([f"c{client}", f"p{product}", score, f"2024-01-{day + 1:02}"])
    return path


def main():
    folder = scratch()
    data = table(folder / "holdings.csv")
    who = ["--customer", "client", "--product", "product"]
    ranking = ["compare", data, "--task", "ranking", *who]
    rating = ["compare", data, "--task", "rating", *who, "--target", "score"]

    bundle = folder / "next.obligor"
    small = ["--param", "neural_cf.epochs=5", "--param", "pure_svd.factors=4"]
    found = document(*ranking, "--time", "opened", "--negatives", "30", "--top", "5", "--save", bundle, *small)
    assert found["task"]["kind"] == "ranking" and found["task"]["k"] == 5 and found["split"]["kind"] == "latest"
    assert found["rows"] == 120 and found["task"]["pairs"] == 960
    models = {model["name"]: model for model in found["models"]}
    assert set(models) == {"neural_cf", "pure_svd", "item_knn", "top_popular"}
    for model in models.values():
        assert model["status"] == "ok", model
        for metric in ("hr", "ndcg"):
            value = model["metrics"][metric]
            assert 0 <= value["low"] <= value["value"] <= value["high"] <= 1, model
    assert models["pure_svd"]["metrics"]["hr"]["value"] > 1.3 * models["top_popular"]["metrics"]["hr"]["value"]
    again = document(*ranking, "--time", "opened", "--negatives", "30", "--top", "5", *small)
    assert [m["metrics"] for m in again["models"]] == [m["metrics"] for m in found["models"]]

    # The bundle scores by the two ids, one of them new.
    (folder / "ask.csv").write_text("client,product\nc0,p4\nc0,p5\nnobody,p4\n")
    scores = done("score", bundle, folder / "ask.csv").stdout.splitlines()
    assert scores[0] == "row,score" and len(scores) == 4, scores
    assert float(scores[1].split(",")[1]) > float(scores[2].split(",")[1]), scores
    assert json.loads(done("inspect", bundle, "--json").stdout)["task"]["kind"] == "ranking"

    # Negatives of the user's own.
    (folder / "given.tsv").write_text("(c0,p4)\tp1\tp2\n(c1,p5)\tp0\tp2\n")
    given = document(*ranking, "--negatives-file", folder / "given.tsv", "--models", "top_popular,pure_svd")
    assert given["rows"] == 2 and given["task"]["negatives"] == 2

    found = document(*rating, "--cv", "3", "--models", "biased_mf,autorec", "--param", "autorec.hidden=16", "--param", "autorec.epochs=20")
    assert found["rows"] == 960 and found["folds"] == 3 and found["task"]["rating_max"] == 5
    assert 0 < found["models"][0]["metrics"]["rmse"]["value"] <= found["models"][1]["metrics"]["rmse"]["value"]
    assert found["tests"][0]["metric"] == "rmse" and len(found["tests"][0]["pairs"]) == 1
    text = done(*rating, "--hold-out", "0.2", "--models", "biased_mf", "--save", folder / "score.obligor").stdout
    assert "rmse" in text and "biased_mf" in text and "bundle:" in text, text
    assert done("score", folder / "score.obligor", folder / "ask.csv").stdout.startswith("row,rating")

    refused("--customer", "compare", data, "--task", "rating", "--product", "product", "--target", "score")
    refused("--product", "compare", data, "--task", "ranking", "--customer", "client")
    refused("--target", "compare", data, "--task", "rating", *who)
    refused(["--target", "no meaning"], *ranking, "--target", "score")
    refused(["autorec", "ranking", "neural_cf"], *ranking, "--models", "autorec")
    refused(["pure_svd", "binary"], "compare", data, "--target", "score", "--models", "pure_svd")
    refused("--task", "compare", data, "--target", "score", *who)
    refused("nothing_here", "compare", data, "--task", "ranking", "--customer", "nothing_here", "--product", "product")
    refused(["client", "number"], "compare", data, "--task", "rating", *who, "--target", "client")
    refused("--report", *ranking, "--report", folder / "r.html")
    refused(["--tune", "--param"], *ranking, "--tune", "5")
    refused("--resume", *rating, "--resume")
    refused("--run-folder", *rating, "--run-folder", folder / "jobs")
    refused("--diagnose", *ranking, "--diagnose")
    refused("--device", *ranking, "--device", "cuda")
    (folder / "bad.tsv").write_text("(c0,p4)\tp1\nc1,p5\tp0\n")
    refused(["bad.tsv:2", "brackets"], *ranking, "--negatives-file", folder / "bad.tsv")
    (folder / "bad.tsv").write_text("(c0,p4)\tp1\n(who,p5)\tp0\n")
    refused(["bad.tsv:2", "who"], *ranking, "--negatives-file", folder / "bad.tsv")
    assert run(*ranking, "--negatives-file", folder / "absent.tsv").returncode == 2
    (folder / "one.csv").write_text("client,product\na,x\nb,y\n")
    refused("two products", "compare", folder / "one.csv", "--task", "ranking", *who)


main()
