#!/usr/bin/env python3
"""Writes the committed golden sets: OFA MobileNetV3 in double precision with NumPy.

An implementation of its own, without libtorch and without the project's code: weights and inputs
come from the hash that daemon/engine/ofa/synthetic.h documents, convolutions are plain sums over
shifted views. Needs NumPy; runs for some minutes.

Usage: tests/golden/make_golden.py [OUTPUT]     OUTPUT defaults to this folder
"""

import json
import math
import pathlib
import struct
import sys

import numpy as np

GOLDEN_RATIO = np.uint64(0x9E3779B97F4A7C15)
EPSILON = 1e-5
KERNELS, EXPANDS, DEPTHS, CLASSES = [3, 5, 7], [3, 4, 6], [2, 3, 4], 1000
# Width, stride, activation and squeeze-and-excite of the five stages.
STAGES = [(24, 2, "relu", False), (40, 2, "relu", True), (80, 2, "h_swish", False),
          (112, 1, "h_swish", True), (160, 2, "h_swish", True)]


def fnv1a(text):
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return np.uint64(value)


def unit(key, count):
    """`count` values in [-1, 1) from FNV-1a and SplitMix64."""
    with np.errstate(over="ignore"):
        z = fnv1a(key) + (np.arange(count, dtype=np.uint64) + np.uint64(1)) * GOLDEN_RATIO
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(40)).astype(np.float64) / 8388608.0 - 1.0


def values(key, shape, centre, scale):
    """Float32 values of a tensor, as doubles."""
    u = unit(key, math.prod(shape)).reshape(shape)
    return (centre + scale * u).astype(np.float32).astype(np.float64)


def matrix(key, side):
    return values(key, (side, side), np.eye(side), 0.5 / side)


def weight(key, shape):
    inputs = math.prod(shape[1:])
    if len(shape) == 4 and shape[1] == 1:
        return values(key, shape, 0.0, math.sqrt(6.0 / min(inputs, 25)))
    gain = 1.5 if ".point_linear." in key else 6.0
    return values(key, shape, 0.0, math.sqrt(gain / inputs))


def bias(key, count):
    return values(key, (count,), 0.0, 0.1)


def make_divisible(value):
    divisible = max(8, int(value + 4) // 8 * 8)
    return divisible + 8 if divisible < 0.9 * value else divisible


def relu(x):
    return np.maximum(x, 0.0)


def h_sigmoid(x):
    return np.clip(x + 3.0, 0.0, 6.0) / 6.0


def h_swish(x):
    return x * h_sigmoid(x)


ACTIVATIONS = {"relu": relu, "h_swish": h_swish}


def windows(x, kernel, stride):
    """For each tap of a kernel, in row-major order, the input [c, h, w] that it meets."""
    pad = kernel // 2
    size = (x.shape[1] - 1) // stride + 1
    padded = np.pad(x, ((0, 0), (pad, pad), (pad, pad)))
    last = (size - 1) * stride + 1
    for i in range(kernel):
        for j in range(kernel):
            yield padded[:, i:i + last:stride, j:j + last:stride]


def convolve(x, w, stride=1):
    taps = w.reshape(w.shape[0], w.shape[1], -1)
    return sum(np.tensordot(taps[:, :, t], view, axes=1)
               for t, view in enumerate(windows(x, w.shape[2], stride)))


def depthwise(x, w, stride):
    taps = w.reshape(w.shape[0], -1)
    return sum(taps[:, t, None, None] * view
               for t, view in enumerate(windows(x, w.shape[1], stride)))


class Net:
    """One subnet; every tensor is made where it is used."""

    def __init__(self, width_mult, subnet):
        self.width_mult = width_mult
        self.subnet = subnet

    def width(self, base):
        return make_divisible(base * self.width_mult)

    def batch_norm(self, x, prefix, full):
        c = x.shape[0]
        key = f"{self.subnet['id']}/{prefix}"
        mean = values(f"{key}.running_mean", (c,), 0.0, 0.1)
        variance = values(f"{key}.running_var", (c,), 1.0, 0.5)
        scale = values(f"{prefix}.weight", (full,), 1.0, 0.25)[:c] / np.sqrt(variance + EPSILON)
        shift = bias(f"{prefix}.bias", full)[:c] - mean * scale
        return x * scale[:, None, None] + shift[:, None, None]

    def kernel(self, prefix, full, mid, size):
        w = weight(f"{prefix}.conv.weight", (full, 1, 7, 7))[:mid, 0]
        for large, small in ((7, 5), (5, 3)):
            if size >= large:
                break
            centre = w[:, 1:1 + small, 1:1 + small].reshape(mid, small * small)
            m = matrix(f"{prefix}.{large}to{small}_matrix", small * small)
            w = (centre @ m.T).reshape(mid, small, small)
        return w

    def squeeze_excite(self, x, prefix, full):
        mid = x.shape[0]
        full_reduced, reduced = make_divisible(full // 4), make_divisible(mid // 4)
        y = x.mean(axis=(1, 2))
        w = weight(f"{prefix}.reduce.weight", (full_reduced, full, 1, 1))[:reduced, :mid, 0, 0]
        y = relu(w @ y + bias(f"{prefix}.reduce.bias", full_reduced)[:reduced])
        w = weight(f"{prefix}.expand.weight", (full, full_reduced, 1, 1))[:mid, :reduced, 0, 0]
        y = h_sigmoid(w @ y + bias(f"{prefix}.expand.bias", full)[:mid])
        return x * y[:, None, None]

    def first_block(self, x):
        prefix = "blocks.0.conv"
        c, out = x.shape[0], self.width(16)
        y = depthwise(x, weight(f"{prefix}.depth_conv.conv.weight", (c, 1, 3, 3))[:, 0], 1)
        y = relu(self.batch_norm(y, f"{prefix}.depth_conv.bn", c))
        y = convolve(y, weight(f"{prefix}.point_linear.conv.weight", (out, c, 1, 1)))
        y = self.batch_norm(y, f"{prefix}.point_linear.bn", out)
        return x + y if c == out else y

    def block(self, x, index, out, stride, activation, use_se):
        prefix = f"blocks.{index}.conv"
        act = ACTIVATIONS[activation]
        c = x.shape[0]
        full = make_divisible(c * EXPANDS[-1])
        mid = make_divisible(c * self.subnet["e"][index - 1])
        w = weight(f"{prefix}.inverted_bottleneck.conv.conv.weight", (full, c, 1, 1))[:mid]
        y = act(self.batch_norm(convolve(x, w), f"{prefix}.inverted_bottleneck.bn.bn", full))
        size = self.subnet["ks"][index - 1]
        y = depthwise(y, self.kernel(f"{prefix}.depth_conv.conv", full, mid, size), stride)
        y = act(self.batch_norm(y, f"{prefix}.depth_conv.bn.bn", full))
        if use_se:
            y = self.squeeze_excite(y, f"{prefix}.depth_conv.se.fc", full)
        w = weight(f"{prefix}.point_linear.conv.conv.weight", (out, full, 1, 1))[:, :mid]
        y = self.batch_norm(convolve(y, w), f"{prefix}.point_linear.bn.bn", out)
        return x + y if stride == 1 and c == out else y

    def forward(self, image):
        stem, final, last = self.width(16), self.width(960), self.width(1280)
        x = convolve(image, weight("first_conv.conv.weight", (stem, 3, 3, 3)), 2)
        x = self.first_block(h_swish(self.batch_norm(x, "first_conv.bn", stem)))
        for stage, (base, stride, activation, use_se) in enumerate(STAGES):
            for position in range(self.subnet["d"][stage]):
                x = self.block(x, 1 + 4 * stage + position, self.width(base),
                               stride if position == 0 else 1, activation, use_se)
        x = convolve(x, weight("final_expand_layer.conv.weight", (final, x.shape[0], 1, 1)))
        x = h_swish(self.batch_norm(x, "final_expand_layer.bn", final)).mean(axis=(1, 2))
        x = h_swish(weight("feature_mix_layer.conv.weight", (last, final, 1, 1))[:, :, 0, 0] @ x)
        return weight("classifier.linear.weight", (CLASSES, last)) @ x + bias(
            "classifier.linear.bias", CLASSES)


def pick(key, choices, count):
    """Choices drawn by the same hash, so that no generator's version matters."""
    return [choices[int((u + 1.0) / 2.0 * len(choices))] for u in unit(key, count)]


def subnets_of(name, resolutions):
    """The largest, the smallest, and drawn ones."""
    subnets = []
    for i, resolution in enumerate(resolutions):
        subnet = {"id": f"subnet_{i:02d}", "kind": ["max", "min"][i] if i < 2 else "random"}
        for field, choices, count in (("ks", KERNELS, 20), ("e", EXPANDS, 20), ("d", DEPTHS, 5)):
            drawn = pick(f"{name}/{i}/{field}", choices, count)
            subnet[field] = ([choices[-1]] * count, [choices[0]] * count)[i] if i < 2 else drawn
        subnet.update(resolution=resolution, batch=1, input=f"synthetic:input_{resolution}",
                      logits=f"subnet_{i:02d}_logits")
        subnets.append(subnet)
    return subnets


def write_safetensors(path, tensors):
    header, data = {}, b""
    for name, tensor in tensors.items():
        raw = tensor.astype("<f8").tobytes()
        header[name] = {"dtype": "F64", "shape": list(tensor.shape),
                        "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def write_set(folder, name, width_mult, resolutions):
    subnets = subnets_of(name, resolutions)
    logits = {}
    for subnet in subnets:
        r = subnet["resolution"]
        image = values(f"input_{r}", (3, r, r), 0.0, math.sqrt(3.0))
        logits[subnet["logits"]] = Net(width_mult, subnet).forward(image)[None]
        largest = np.abs(logits[subnet["logits"]]).max()
        print(f"{name} {subnet['id']} @{r}: largest logit {largest:.3f}", flush=True)
    folder.mkdir(parents=True, exist_ok=True)
    description = {"format": "ofa-golden-1", "set": name, "weights": "synthetic",
                   "width_mult": width_mult, "reference": "make_golden.py, float64",
                   "subnets": subnets}
    (folder / "subnets.json").write_text(json.dumps(description, indent=1) + "\n")
    write_safetensors(folder / "subnets.safetensors", logits)


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else __file__).resolve()
    root = root if len(sys.argv) > 1 else root.parent
    write_set(root / "w0.35", "w0.35", 0.35, [225, 97, 130, 161])
    write_set(root / "w1.0", "w1.0", 1.0, [161, 97, 225, 130])
    write_set(root / "w1.2", "w1.2", 1.2, [130, 161, 97])


if __name__ == "__main__":
    main()
