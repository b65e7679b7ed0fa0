"""XGBoost, LightGBM, CatBoost, GGUF, ONNX and Keras in the formats of their own."""

from __future__ import annotations

import json
import tempfile
import warnings
from pathlib import Path

import catboost
import gguf
import h5py
import keras
import lightgbm
import mlflow
import mlflow.pyfunc
import mlflow.sklearn
import numpy as np
import onnx
import torch
import xgboost
from onnx import TensorProto, helper, numpy_helper
from sklearn.linear_model import LogisticRegression
from torch import nn

from corpus.saves.shelf import Shelf

X = np.random.default_rng(0).random((40, 4))
Y = (X[:, 0] > 0.5).astype(int)
CHAT = (
    "{% for message in messages %}{% if loop.first and message['role'] != 'system' %}"
    "{{ '<|im_start|>system\nYou are a helpful assistant<|im_end|>\n' }}{% endif %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] | trim + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


FROM_CODE = """import mlflow
from mlflow.pyfunc import PythonModel


class Half(PythonModel):
    def predict(self, context, model_input: list[float]) -> list[float]:
        return [x / 2 for x in model_input]


mlflow.models.set_model(Half())
"""


def save(shelf: Shelf) -> None:
    """Write all saves of this module."""
    warnings.simplefilter("ignore")
    _trees(shelf)
    _gguf(shelf)
    _onnx(shelf)
    _keras(shelf)
    _mlflow(shelf)


def _trees(shelf: Shelf) -> None:
    for name, options in {
        "classifier": {}, "linear": {"booster": "gblinear"}, "dart": {"booster": "dart"},
    }.items():  # fmt: skip
        model = xgboost.XGBClassifier(n_estimators=3, max_depth=2, **options).fit(X, Y)
        for kind in ("json", "ubj"):
            model.save_model(
                shelf.place("gbdt", f"xgb-{name}-{kind}", f"model.{kind}", "xgboost-cpu")
            )
        shelf.pickle("gbdt", f"xgb-{name}-pickle", model, "xgboost-cpu")
    booster = xgboost.train({"max_depth": 2}, xgboost.DMatrix(X, Y), 3)
    shelf.bytes(
        "gbdt", "xgb-raw-ubj", "model.bin", "xgboost-cpu", bytes(booster.save_raw("ubj"))
    )
    shelf.bytes(
        "gbdt", "xgb-raw-json", "model.bin", "xgboost-cpu", bytes(booster.save_raw("json"))
    )
    shelf.pickle("gbdt", "xgb-booster-pickle", booster, "xgboost-cpu", 2)
    booster.dump_model(shelf.place("gbdt", "xgb-dump", "dump.txt", "xgboost-cpu"))
    for name, objective in {"binary": "binary", "regression": "regression"}.items():
        data = lightgbm.Dataset(X, Y, params={"verbose": -1})
        model = lightgbm.train(
            {"objective": objective, "verbose": -1, "min_data_in_leaf": 2}, data, 3
        )
        model.save_model(shelf.place("gbdt", f"lgbm-{name}", "model.txt", "lightgbm"))
        shelf.pickle("gbdt", f"lgbm-{name}-pickle", model, "lightgbm")
        shelf.bytes(
            "gbdt",
            f"lgbm-{name}-json",
            "m.json",
            "lightgbm",
            json.dumps(model.dump_model()).encode(),
        )
    sklearn_like = lightgbm.LGBMClassifier(n_estimators=2, verbose=-1).fit(X, Y)
    shelf.pickle("gbdt", "lgbm-sklearn", sklearn_like, "lightgbm")
    cat = catboost.CatBoostClassifier(
        iterations=3, depth=2, verbose=False, allow_writing_files=False
    )
    cat.fit(X, Y)
    for kind in ("cbm", "json", "onnx", "pmml", "cpp", "python"):
        file = {"python": "model.py", "cpp": "model.cpp"}.get(kind, f"model.{kind}")
        cat.save_model(
            str(shelf.place("gbdt", f"catboost-{kind}", file, "catboost")), format=kind
        )
    shelf.pickle("gbdt", "catboost-pickle", cat, "catboost")


def _gguf(shelf: Shelf) -> None:
    templates = {"none": None, "chat": CHAT, "list": [
        {"name": "default", "template": CHAT}, {"name": "tool_use", "template": CHAT}]}  # fmt: skip
    for number, (name, template) in enumerate(templates.items()):
        for arch in ("llama", "qwen2"):
            path = shelf.place("gguf", f"{arch}-{name}", "model.gguf", "gguf")
            writer = gguf.GGUFWriter(path, arch)
            writer.add_name("tiny")
            writer.add_description("evaluated with eval() and os.system metrics")
            writer.add_context_length(128)
            writer.add_embedding_length(4)
            writer.add_block_count(1)
            writer.add_tokenizer_model("gpt2")
            writer.add_token_list([f"t{i}" for i in range(20)])
            writer.add_token_scores([0.1 * i for i in range(20)])
            writer.add_token_types([1] * 20)
            if template:
                writer.add_chat_template(template)
            for layer in range(number + 1):
                writer.add_tensor(f"blk.{layer}.w", np.ones((4, 32), "float32"))
                data = np.zeros((2, 34), "uint8")
                writer.add_tensor(
                    f"blk.{layer}.q", data, raw_dtype=gguf.GGMLQuantizationType.Q8_0
                )
            writer.write_header_to_file()
            writer.write_kv_data_to_file()
            writer.write_tensors_to_file()
            writer.close()


def _onnx(shelf: Shelf) -> None:
    weight = numpy_helper.from_array(np.ones((4, 2), "float32"), "w")
    shape = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 4])]
    out = [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 2])]
    matmul = helper.make_node("MatMul", ["x", "w"], ["y"])
    graph = helper.make_graph([matmul], "g", shape, out, [weight])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])
    onnx.save(model, shelf.place("onnx", "helper", "model.onnx", "onnx"))
    folder = shelf.folder("onnx", "external-data", "model", "onnx")
    big = numpy_helper.from_array(np.ones((4, 600), "float32"), "w")
    large = helper.make_model(helper.make_graph([matmul], "g", shape, out, [big]))
    onnx.save_model(
        large,
        folder / "model.onnx",
        save_as_external_data=True,
        location="model.onnx_data",
        size_threshold=0,
    )
    model.metadata_props.add(key="author", value="me")
    model.doc_string = "uses eval() for metrics"
    onnx.save(model, shelf.place("onnx", "metadata", "model.onnx", "onnx"))
    then = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "t", [], out)
    cond = numpy_helper.from_array(np.array(True), "c")
    branch = helper.make_node("If", ["c"], ["y"], then_branch=then, else_branch=then)
    ifs = helper.make_model(helper.make_graph([branch], "g", shape, out, [cond]))
    onnx.save(ifs, shelf.place("onnx", "if", "model.onnx", "onnx"))
    function = helper.make_function("local", "F", ["x"], ["y"], [helper.make_node("Relu", ["x"], ["y"])],
                                    [helper.make_opsetid("", 20)])  # fmt: skip
    local = helper.make_model(
        helper.make_graph([helper.make_node("F", ["x"], ["y"], domain="local")], "g", shape, out),
        functions=[function], opset_imports=[helper.make_opsetid("", 20), helper.make_opsetid("local", 1)],
    )  # fmt: skip
    onnx.save(local, shelf.place("onnx", "local-function", "model.onnx", "onnx"))
    fused = helper.make_node("FusedMatMul", ["x", "w"], ["y"], domain="com.microsoft")
    contrib = helper.make_model(
        helper.make_graph([fused], "g", shape, out, [weight]),
        opset_imports=[helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)],
    )
    onnx.save(contrib, shelf.place("onnx", "contrib-operator", "model.onnx", "onnx"))
    for name, net in {
        "mlp": nn.Sequential(nn.Linear(4, 3), nn.ReLU()),
        "conv": nn.Conv1d(4, 2, 1),
    }.items():
        path = shelf.place("onnx", f"torch-{name}", "model.onnx", "torch")
        example = torch.rand(1, 4) if name == "mlp" else torch.rand(1, 4, 3)
        torch.onnx.export(net, (example,), str(path), dynamo=False, opset_version=17)


def _keras(shelf: Shelf) -> None:
    layers = keras.layers
    mlp = keras.Sequential(
        [layers.Input((4,)), layers.Dense(3, "relu"), layers.Dropout(0.1), layers.Dense(1)]
    )
    mlp.compile("adam", "mse", metrics=["mae"])
    inputs = layers.Input((8, 8, 1))
    x = layers.Conv2D(2, 3, activation="relu", kernel_regularizer="l2")(inputs)
    x = layers.BatchNormalization()(x)
    x = layers.MaxPooling2D()(x)
    x = layers.GlobalAveragePooling2D()(x)
    images = keras.Model(inputs, layers.Dense(2, "softmax")(x))
    tokens = layers.Input((6,), dtype="int32")
    y = layers.Embedding(10, 4)(tokens)
    y = layers.Bidirectional(layers.LSTM(3, return_sequences=True))(y)
    y = layers.TimeDistributed(layers.Dense(2))(y)
    y = layers.MultiHeadAttention(1, 2)(y, y)
    text = keras.Model(tokens, layers.LayerNormalization()(layers.Flatten()(y)))
    two = layers.Input((4,))
    joined = layers.Concatenate()([mlp(two), layers.Activation("gelu")(two)])
    nested = keras.Model(two, joined)
    lookup = keras.Sequential(
        [
            layers.Input((1,)),
            layers.Rescaling(2.0),
            layers.Normalization(mean=0.0, variance=1.0),
        ]
    )
    made = {"mlp": mlp, "images": images, "text": text, "nested": nested, "rescale": lookup}
    for name, model in made.items():
        model.save(shelf.place("keras", name, "model.keras", "keras"))
        model.save(shelf.place("keras-h5", name, "model.h5", "keras"))
        model.save_weights(shelf.place("keras-h5", f"{name}-weights", "m.weights.h5", "keras"))
        shelf.bytes("keras", f"{name}-json", "model.json", "keras", model.to_json().encode())
    with h5py.File(shelf.place("keras-h5", "plain-h5py", "data.h5", "h5py"), "w") as file:
        file["x"] = np.arange(6.0)
        file.create_dataset("packed", data=np.ones((10, 10)), compression="gzip", chunks=(5, 5))
        file.attrs["note"] = "os.system is only a text"
        file["alias"] = h5py.SoftLink("/x")
        file["text"] = "hello"
    with h5py.File(
        shelf.place("keras-h5", "latest-h5py", "new.hdf5", "h5py"), "w", libver="latest"
    ) as file:
        group = file.create_group("weights")
        for number in range(30):
            group[f"w{number}"] = np.arange(3)
        group.attrs["names"] = [f"w{number}" for number in range(30)]


def _mlflow(shelf: Shelf) -> None:
    code = Path(tempfile.gettempdir()) / "half_model.py"
    code.write_text(FROM_CODE)
    model = LogisticRegression().fit(X, Y)
    flavours = {
        "sklearn": lambda path: mlflow.sklearn.save_model(
            model, path, serialization_format="cloudpickle"
        ),
        "sklearn-pickle": lambda path: mlflow.sklearn.save_model(
            model, path, serialization_format="pickle"
        ),
        "pyfunc": lambda path: mlflow.pyfunc.save_model(
            path, python_model=str(code), pip_requirements=["numpy"]
        ),
    }
    for name, write in flavours.items():
        path = shelf.place("mlflow", name, "model", "mlflow-skinny")
        write(str(path))
