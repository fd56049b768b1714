#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the ONNX files of this folder, with Debian's python3-onnx: small networks as exporters write them,
and files that are damaged on purpose. The same bytes every time. Usage: make.py FOLDER"""

import os
import random
import struct
import sys

import onnx
from onnx import TensorProto as T
from onnx import helper as h

out = sys.argv[1]
random.seed(1)


class Net:
    """A graph under construction: nodes, initialisers, names."""

    def __init__(self, name, prefix=""):
        self.prefix = prefix
        self.name, self.nodes, self.init, self.sparse, self.n = name, [], [], [], 0

    def op(self, kind, *inputs, outputs=1, name=None, domain="", **attributes):
        self.n += 1
        results = [f"{self.prefix}v{self.n}.{i}" if outputs > 1 else f"{self.prefix}v{self.n}" for i in range(outputs)]
        self.nodes.append(h.make_node(kind, list(inputs), results, name=name or f"/{kind}_{self.n}",
                                      domain=domain, **attributes))
        return results[0] if outputs == 1 else results

    def values(self, count, zeros):
        return [0.0 if random.random() < zeros else random.uniform(-1, 1) for _ in range(count)]

    def weight(self, name, *dims, zeros=0.0):
        count = 1
        for d in dims:
            count *= d
        raw = struct.pack(f"<{count}f", *self.values(count, zeros))
        self.init.append(h.make_tensor(name, T.FLOAT, dims, raw, raw=True))
        return name

    def ints(self, *numbers, dims=None):
        name = f"{self.prefix}i{len(self.init)}"
        self.init.append(h.make_tensor(name, T.INT64, [len(numbers)] if dims is None else dims, numbers))
        return name

    def const(self, *numbers, dims=None, kind=T.FLOAT):
        tensor = h.make_tensor("", kind, [len(numbers)] if dims is None else dims, numbers)
        return self.op("Constant", value=tensor)

    def save(self, inputs, outputs, file=None, opset=13, domains=(), producer="make.py"):
        graph = h.make_graph(self.nodes, self.name, inputs, outputs, self.init,
                             sparse_initializer=self.sparse)
        sets = [h.make_operatorsetid("", opset)] + [h.make_operatorsetid(d, 1) for d in domains]
        model = h.make_model(graph, producer_name=producer, opset_imports=sets)
        model.ir_version = 8
        data = model.SerializeToString(deterministic=True)
        with open(os.path.join(out, (file or self.name) + ".onnx"), "wb") as f:
            f.write(data)
        return model, data


def value(name, kind, *dims):
    return h.make_tensor_value_info(name, kind, list(dims))


def encoder():
    """An encoder of two blocks as PyTorch writes it: dynamic batch and length, heads by computed shapes."""
    n, width, heads = Net("encoder"), 32, 4
    n.weight("embeddings.weight", 64, width)
    x = n.op("Gather", "embeddings.weight", "input_ids")
    for k in range(2):
        parts = []
        for part in "qkv":
            w = n.weight(f"layer.{k}.{part}.weight", width, width)
            b = n.weight(f"layer.{k}.{part}.bias", width)
            y = n.op("Add", b, n.op("MatMul", x, w, name=f"/layer.{k}/{part}/MatMul"))
            shape = n.op("Shape", y)
            sizes = [n.op("Unsqueeze", n.op("Gather", shape, n.ints(i, dims=[])), n.ints(0)) for i in (0, 1)]
            y = n.op("Reshape", y, n.op("Concat", *sizes, n.ints(heads), n.ints(width // heads), axis=0))
            parts.append(n.op("Transpose", y, perm=[0, 2, 3, 1] if part == "k" else [0, 2, 1, 3]))
        scores = n.op("Div", n.op("MatMul", parts[0], parts[1]), n.const(2.828, dims=[]))
        mixed = n.op("MatMul", n.op("Softmax", scores, axis=-1), parts[2])
        y = n.op("Reshape", n.op("Transpose", mixed, perm=[0, 2, 1, 3]), n.ints(0, 0, width))
        y = n.op("MatMul", y, n.weight(f"layer.{k}.out.weight", width, width), name=f"/layer.{k}/out/MatMul")
        x = norm(n, n.op("Add", x, y), f"layer.{k}.norm", width)
        y = n.op("MatMul", x, n.weight(f"layer.{k}.up.weight", width, 4 * width), name=f"/layer.{k}/up/MatMul")
        y = n.op("Mul", y, n.op("Add", n.op("Erf", n.op("Div", y, n.const(1.414, dims=[]))), n.const(1.0, dims=[])))
        y = n.op("MatMul", y, n.weight(f"layer.{k}.down.weight", 4 * width, width), name=f"/layer.{k}/down/MatMul")
        x = norm(n, n.op("Add", x, y), f"layer.{k}.norm2", width)
    n.save([value("input_ids", T.INT64, "batch", "length")], [value(x, T.FLOAT, "batch", "length", width)])


def norm(n, x, name, width):
    """A layer norm before opset 17: by its parts."""
    d = n.op("Sub", x, n.op("ReduceMean", x, axes=[-1]))
    s = n.op("Sqrt", n.op("Add", n.op("ReduceMean", n.op("Pow", d, n.const(2.0, dims=[])), axes=[-1]), n.const(1e-5, dims=[])))
    return n.op("Add", n.op("Mul", n.op("Div", d, s), n.weight(name + ".weight", width)), n.weight(name + ".bias", width))


def fused():
    """A decoder as onnxruntime's transformer optimizer leaves it."""
    n, width, ms = Net("fused"), 32, "com.microsoft"
    tables = [n.weight("wte", 64, width), n.weight("wpe", 32, width)]
    scale = [n.weight("ln.weight", width), n.weight("ln.bias", width)]
    x = n.op("EmbedLayerNormalization", "input_ids", "", tables[0], tables[1], "", *scale, domain=ms, outputs=2)[0]
    for k in range(2):
        qkv = [n.weight(f"h.{k}.attn.weight", width, 3 * width), n.weight(f"h.{k}.attn.bias", 3 * width)]
        y = n.op("Attention", x, *qkv, domain=ms, num_heads=4, unidirectional=1, name=f"h.{k}.Attention")
        y = n.op("MatMul", y, n.weight(f"h.{k}.proj.weight", width, width), name=f"h.{k}.proj")
        n.n += 1
        n.nodes.append(h.make_node("SkipLayerNormalization", [x, y, *scale], [f"n{k}", "", "", f"s{k}"], name=f"h.{k}.skip", domain=ms))
        y = n.op("FastGelu", n.op("MatMul", f"n{k}", n.weight(f"h.{k}.fc.weight", width, 4 * width), name=f"h.{k}.fc"), domain=ms)
        y = n.op("MatMul", y, n.weight(f"h.{k}.down.weight", 4 * width, width), name=f"h.{k}.down")
        x = n.op("Add", y, f"s{k}")
    x = n.op("MatMul", x, n.weight("head", width, 64), name="head")
    n.save([value("input_ids", T.INT32, "batch", 16)], [value(x, T.FLOAT, "batch", 16, 64)], opset=11, domains=[ms])


def residual():
    """Convolutions with batch norms and residual edges, a classifier; an unused opset is declared."""
    n = Net("residual")

    def conv(x, name, out_channels, in_channels, kernel, stride):
        y = n.op("Conv", x, n.weight(name + ".weight", out_channels, in_channels, kernel, kernel), name=name,
                 kernel_shape=[kernel, kernel], strides=[stride, stride], pads=[kernel // 2] * 4)
        statistics = [n.weight(f"{name}.bn.{i}", out_channels) for i in range(4)]
        return n.op("BatchNormalization", y, *statistics)

    x = n.op("Relu", conv("image", "conv1", 8, 3, 7, 2))
    x = n.op("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    for k, channels in enumerate((8, 16)):
        y = n.op("Relu", conv(x, f"layer{k}.conv1", channels, 8, 3, k + 1))
        y = conv(y, f"layer{k}.conv2", channels, channels, 3, 1)
        x = n.op("Relu", n.op("Add", y, conv(x, "layer1.down", 16, 8, 1, 2) if k else x))
    x = n.op("Flatten", n.op("GlobalAveragePool", x))
    x = n.op("Gemm", x, n.weight("fc.weight", 10, 16), n.weight("fc.bias", 10), name="fc", transB=1)
    n.save([value("image", T.FLOAT, 1, 3, 32, 32)], [value(x, T.FLOAT, 1, 10)], domains=["com.ms.internal.nhwc"])


def pruned():
    """Depthwise and pointwise convolutions with squeeze-excite, 80 % of the weights zero; height and width
    are open."""
    n = Net("pruned")
    x = "image"
    for k, (cin, cout) in enumerate(((3, 16), (16, 24))):
        x = n.op("Conv", x, n.weight(f"b{k}.expand", cout, cin, 1, 1, zeros=0.8), name=f"b{k}.expand")
        x = n.op("HardSwish", x) if k else n.op("Clip", x, n.const(0.0, dims=[]), n.const(6.0, dims=[]))
        x = n.op("Conv", x, n.weight(f"b{k}.depthwise", cout, 1, 3, 3, zeros=0.8), name=f"b{k}.depthwise",
                 group=cout, strides=[2, 2], auto_pad=b"SAME_UPPER")
        s = n.op("GlobalAveragePool", x)
        s = n.op("Relu", n.op("Conv", s, n.weight(f"b{k}.se1", 4, cout, 1, 1, zeros=0.8), name=f"b{k}.se1"))
        s = n.op("HardSigmoid", n.op("Conv", s, n.weight(f"b{k}.se2", cout, 4, 1, 1, zeros=0.8), name=f"b{k}.se2"))
        x = n.op("Mul", x, s)
    n.save([value("image", T.FLOAT, "N", 3, "height", "width")], [value(x, T.FLOAT, "N", 24, None, None)], opset=14)


def quantised():
    """Pairs of quantise and dequantise around int8 weights with a zero point of 3 (a third of the weights),
    then a product of integers."""
    n = Net("quantised")
    scale = n.const(0.02, dims=[])
    zero = n.const(3, dims=[], kind=T.INT8)
    numbers = [3 if i % 3 == 0 else i % 100 for i in range(8 * 4 * 9)]
    n.init.append(h.make_tensor("conv.q", T.INT8, [8, 4, 3, 3], numbers))
    w = n.op("DequantizeLinear", "conv.q", scale, zero)
    x = n.op("DequantizeLinear", n.op("QuantizeLinear", "x", scale, zero), scale, zero)
    x = n.op("Relu", n.op("Conv", x, w, name="conv", pads=[1, 1, 1, 1]))
    x = n.op("Flatten", n.op("GlobalAveragePool", x))
    q = n.op("DynamicQuantizeLinear", x, outputs=3)
    n.init.append(h.make_tensor("fc.q", T.UINT8, [8, 16], [128 if i % 4 == 0 else i % 251 for i in range(128)]))
    n.init.append(h.make_tensor("fc.zero", T.UINT8, [], [128]))
    y = n.op("MatMulInteger", q[0], "fc.q", q[2], "fc.zero", name="fc")
    y = n.op("Mul", n.op("Cast", y, to=T.FLOAT), q[1])
    n.save([value("x", T.FLOAT, 1, 4, 8, 8)], [value(y, T.FLOAT, 1, 16)])


def branches():
    """Weights in Constant nodes, of which sr chooses one of two networks; gates of an LSTM in another order;
    a branch that depends on data."""

    def net(size):
        n = Net(f"sr{size}", f"sr{size}.")
        w = n.const(*n.values(16 * size, 0), dims=[16, 1, size])
        x = n.op("Relu", n.op("Conv", "input", w, name=f"conv{size}", strides=[size]))
        gates = [n.const(*n.values(64 * 16, 0), dims=[64, 16]) for _ in "WR"]
        turned = []
        for g in gates:
            parts = [n.op("Slice", g, n.ints(a), n.ints(b), n.ints(0)) for a, b in ((0, 16), (48, 64), (16, 48))]
            turned.append(n.op("Unsqueeze", n.op("Concat", *parts, axis=0), n.ints(0)))
        y = n.op("LSTM", n.op("Transpose", x, perm=[2, 0, 1]), *turned, name=f"lstm{size}", hidden_size=16, outputs=3)[1]
        y = n.op("Identity", y)
        return h.make_graph(n.nodes, n.name, [], [value(y, T.FLOAT, 1, 1, 16)], n.init)

    n = Net("branches")
    condition = n.op("Equal", "sr", n.const(16000, dims=[], kind=T.INT64))
    x = n.op("If", condition, then_branch=net(32), else_branch=net(16), name="rate")
    x = n.op("Reshape", x, n.ints(1, 16))
    gate = n.op("Greater", n.op("ReduceMax", x, keepdims=0), n.const(0.5, dims=[]))
    more, less = Net("more", "more."), Net("less", "less.")
    y = more.op("MatMul", x, more.weight("more.weight", 16, 16), name="more")
    z = less.op("Identity", x)
    sides = [h.make_graph(s.nodes, s.name, [], [value(r, T.FLOAT, 1, 16)], s.init) for s, r in ((more, y), (less, z))]
    n.n += 1
    n.nodes.append(h.make_node("If", [gate], ["out"], name="gate", then_branch=sides[0], else_branch=sides[1]))
    n.save([value("input", T.FLOAT, 1, 1, 128), value("sr", T.INT64)], [value("out", T.FLOAT, 1, 16)])


def recurrent():
    """A GRU in both directions, whose sequence is left out, and Einstein's notation."""
    n = Net("recurrent")
    w = [n.weight("W", 2, 48, 24), n.weight("R", 2, 48, 16)]
    n.nodes.append(h.make_node("GRU", ["x", *w], ["", "last"], name="gru", hidden_size=16, direction="bidirectional"))
    x = n.op("Einsum", "last", n.weight("mix", 2, 16, 8), equation="dbh,dho->bo", name="mix")
    n.save([value("x", T.FLOAT, 12, 1, 24)], [value(x, T.FLOAT, 1, 8)])


def unet():
    """Down, up by a transposed convolution and by Resize, edges that skip a scale."""
    n = Net("unet")
    conv = lambda x, name, o, i, s=1: n.op("Relu", n.op("Conv", x, n.weight(name, o, i, 3, 3), name=name, pads=[1] * 4, strides=[s, s]))
    a = conv("image", "enc1", 8, 1)
    b = conv(a, "enc2", 16, 8, 2)
    c = conv(b, "enc3", 32, 16, 2)
    up = n.op("ConvTranspose", c, n.weight("up1", 32, 16, 2, 2), name="up1", strides=[2, 2])
    d = conv(n.op("Concat", up, b, axis=1), "dec1", 16, 32)
    shape = n.op("Shape", a)
    size = n.op("Slice", shape, n.ints(2), n.ints(4))
    two = n.op("Slice", n.op("Shape", d), n.ints(0), n.ints(2))
    up = n.op("Resize", d, "", "", n.op("Concat", two, size, axis=0))
    e = conv(n.op("Concat", up, a, axis=1), "dec2", 8, 24)
    n.save([value("image", T.FLOAT, "N", 1, "H", "W")], [value(e, T.FLOAT, "N", 8, "H", "W")])


def external():
    """A perceptron whose weights lie in a file beside it, and one in a sparse initialiser."""
    n = Net("external")
    n.init.append(T(name="w1", data_type=T.FLOAT, dims=[32, 64], data_location=T.EXTERNAL))
    raw = struct.pack("<2048f", *n.values(2048, 0.5))
    for key, text in (("location", "external.bin"), ("offset", "64"), ("length", str(len(raw)))):
        n.init[-1].external_data.add(key=key, value=text)
    with open(os.path.join(out, "external.bin"), "wb") as f:
        f.write(bytes(64) + raw)
    live = random.sample(range(64 * 16), 100)
    live.sort()
    values = h.make_tensor("w2", T.FLOAT, [100], [random.uniform(0.1, 1) for _ in live])
    indices = h.make_tensor("", T.INT64, [100], live)
    n.sparse.append(h.make_sparse_tensor(values, indices, [64, 16]))
    x = n.op("Relu", n.op("MatMul", "x", "w1", name="fc1"))
    x = n.op("MatMul", x, "w2", name="fc2")
    model, _ = n.save([value("x", T.FLOAT, 4, 32)], [value(x, T.FLOAT, 4, 16)])
    for file, location in (("bad-outside", "../external.bin"), ("bad-missing", "none.bin")):
        model.graph.initializer[0].external_data[0].value = location
        with open(os.path.join(out, file + ".onnx"), "wb") as f:
            f.write(model.SerializeToString(deterministic=True))
    model.graph.initializer[0].external_data[0].value = "external.bin"
    model.graph.initializer[0].external_data[1].value = "4096"
    with open(os.path.join(out, "bad-offset.onnx"), "wb") as f:
        f.write(model.SerializeToString(deterministic=True))


def functions():
    """A function of the model's own, called twice; in it a Constant."""
    n = Net("functions")
    half = h.make_tensor("", T.FLOAT, [], [0.5])
    body = [h.make_node("Constant", [], ["half"], value=half), h.make_node("Tanh", ["a"], ["t"]),
            h.make_node("Mul", ["t", "half"], ["m"]), h.make_node("Add", ["a", "m"], ["b"])]
    f = h.make_function("own", "Bend", ["a"], ["b"], body, [h.make_operatorsetid("", 13)])
    x = n.op("MatMul", "x", n.weight("w1", 16, 32), name="fc1")
    x = n.op("MatMul", n.op("Bend", x, domain="own"), n.weight("w2", 32, 8), name="fc2")
    model, _ = n.save([value("x", T.FLOAT, 1, 16)], [value(n.op("Bend", x, domain="own"), T.FLOAT, 1, 8)], domains=["own"])
    model.functions.append(f)
    with open(os.path.join(out, "functions.onnx"), "wb") as file:
        file.write(model.SerializeToString(deterministic=True))


def bad():
    """What must be refused in a line."""
    x = [value("x", T.FLOAT, 1, 4)]
    n = Net("bad-unknown")
    n.weight("w", 4, 4)
    y = n.op("Swish2", n.op("MatMul", "x", "w"), domain="com.acme")
    y = n.op("MatMul", n.op("Swish2", y, domain="com.acme"), "w")
    n.save(x, [value(y, T.FLOAT, 1, 4)], domains=["com.acme"])
    n = Net("bad-cycle")
    n.nodes = [h.make_node("Add", ["x", "b"], ["a"], name="one"), h.make_node("Neg", ["a"], ["b"], name="two")]
    n.save(x, [value("b", T.FLOAT, 1, 4)])
    n = Net("bad-empty")
    n.weight("w", 4, 4)
    n.save(x, [value("w", T.FLOAT, 4, 4)])
    n = Net("bad-shapes")
    y = n.op("MatMul", "x", n.weight("w", 5, 4), name="product")
    n.save(x, [value(y, T.FLOAT, 1, 4)])
    n = Net("bad-short")
    n.init.append(T(name="w", data_type=T.FLOAT, dims=[1 << 30, 2], raw_data=bytes(16)))
    n.save(x, [value(n.op("MatMul", "x", "w"), T.FLOAT, 1, 2)])
    n = Net("bad-type")
    n.init.append(h.make_tensor("w", T.STRING, [4, 4], [b"w"] * 16))
    n.save(x, [value(n.op("MatMul", "x", "w", name="words"), T.FLOAT, 1, 4)])
    n = Net("bad-extent")
    n.init.append(T(name="w", data_type=T.FLOAT, dims=[-4, 4]))
    n.save(x, [value(n.op("MatMul", "x", "w"), T.FLOAT, 1, 4)])


for make in (encoder, fused, residual, pruned, quantised, branches, recurrent, unet, external, functions, bad):
    make()
