"""ART's black-box membership attack on answers that were noted; runs in the peer's environment.

    python membership_peer.py ANSWERS.npz

It is told of half of the rows whether they are members, and judges the other half; ours is
told of none. One line of JSON: scores of the judged rows and CPU seconds.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
from art.attacks.inference.membership_inference import MembershipInferenceBlackBox
from art.estimators.classification import BlackBoxClassifier


def main(path: str) -> None:
    """Fit on the told half, judge the other."""
    found = dict(np.load(path, allow_pickle=False))  # noqa: TID251 - our own arrays, no pickles
    scores, truth, member = found["scores"].astype(np.float32), found["truth"], found["member"]
    told = found["told"]
    rows = np.arange(len(truth), dtype=np.float32)[:, None]
    box = BlackBoxClassifier(
        lambda asked: scores[asked[:, 0].astype(int)], (1,), scores.shape[1]
    )
    attack = MembershipInferenceBlackBox(box, attack_model_type="rf")
    np.random.seed(0)  # noqa: NPY002 - the seed that ART reads
    start = time.process_time()
    inside, outside, judged = told & member, told & ~member, ~told
    attack.fit(rows[inside], truth[inside], rows[outside], truth[outside])
    said = attack.infer(rows[judged], truth[judged], probabilities=True)
    spent = time.process_time() - start
    print(json.dumps({"scores": np.asarray(said).ravel().tolist(), "cpu": spent}))


if __name__ == "__main__":
    main(sys.argv[1])
