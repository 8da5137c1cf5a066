"""Damage of every kind to files of this package; as a program, a count of outcomes without TensorFlow.

`python damage.py FOLDER CASES SEED` damages copies of the files in FOLDER and prints, as JSON, how many were refused,
how many served all the same, and every case in which something else happened.
"""

import collections
import io
import json
import resource
import struct
import sys
import warnings
import zipfile
import zlib
from pathlib import Path

import h5py
import numpy as np

from textrnn import runtime
from textrnn.cli.unfinished import Unfinished
from textrnn.files import DamagedFileError, read_run_config
from textrnn.generation import Session, State

MEMORY = 2 << 30  # bytes beyond those of the start
VALUES = [
    *(None, True, False, -1, 0, 1, 2, 7, 0.5, 10**6, 10**12, -(10**12), 10**400, 1e308, 1e-308, float("nan")),
    *(float("inf"), "", "x", "lstm", "\ud800", "9" * 5000, [], [1, 2], ["x"] * 3, {}, {"kind": "byte"}, [[]] * 9),
]
OTHER_MODEL = ("with this model", "from this model", "`state` must", "came out as another text")


def damage(path, rng):
    """Damage the file at `path` in one way or another; returns in which."""
    kinds = [flip, cut, blank, grow]
    if path.suffix == ".keras":
        kinds += 3 * [change_config, change_weights, change_members]
    elif path.suffix == ".npz":
        kinds += 3 * [change_arrays, change_facts, change_members]
    elif path.suffix == ".json":
        kinds += 6 * [change_object]
    elif path.suffix == ".packed":
        kinds += 3 * [change_lanes]
    kind = kinds[rng.integers(len(kinds))]
    kind(path, rng)
    return kind.__name__


def flip(path, rng):
    data = bytearray(path.read_bytes())
    for _ in range(rng.integers(1, 9)):
        data[rng.integers(len(data))] ^= int(rng.integers(1, 256))
    path.write_bytes(data)


def cut(path, rng):
    data = path.read_bytes()
    path.write_bytes(data[: rng.integers(len(data))])


def blank(path, rng):
    data = bytearray(path.read_bytes())
    begin, size = rng.integers(len(data)), rng.integers(1, 2000)
    data[begin : begin + size] = bytes(len(data[begin : begin + size]))
    path.write_bytes(data)


def grow(path, rng):
    path.write_bytes(path.read_bytes() + rng.bytes(int(rng.integers(1, 100))))


def members_of(path):
    with zipfile.ZipFile(path) as archive:
        return [(name, archive.read(name)) for name in archive.namelist()]


def write_members(path, members):
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        warnings.simplefilter("ignore")  # names that are there already
        for name, data in members:
            archive.writestr(name, data)


def change_members(path, rng):
    """Members twice, gone, under another's name, empty, or zeros without end."""
    members = members_of(path)
    number = rng.integers(len(members))
    name, data = members[number]
    other = members[rng.integers(len(members))]
    others = [member for member in members if member[0] != name]
    choice = rng.integers(7)
    if choice < 2:
        changed = [*members, (name, (data, other[1])[choice])]
    elif choice == 2:
        changed = others
    elif choice == 3:
        changed = [(name, b"[" * 100_000), *others]
    else:
        changed = [*others, (name, [other[1], b"", data + bytes(1 << 22)][choice - 4])]
    write_members(path, changed)


def change_values(value, rng):
    """Replace, remove or add one value somewhere in a structure of JSON."""
    places = []

    def walk(holder, key):
        places.append((holder, key))
        inner = holder[key]
        keys = inner if isinstance(inner, dict) else range(len(inner))[:50] if isinstance(inner, list) else ()
        for each in keys:
            walk(inner, each)

    root = {"": value}
    walk(root, "")
    holder, key = places[rng.integers(len(places))]
    choice = rng.integers(10)
    if choice == 0 and isinstance(holder, dict) and key:
        del holder[key]
    elif choice == 1 and isinstance(holder, dict) and key:
        holder["surplus"] = holder[key]
    else:
        holder[key] = VALUES[rng.integers(len(VALUES))]
    return root[""]


def change_config(path, rng):
    members = dict(members_of(path))
    config = json.loads(members["config.json"])
    if rng.integers(4):
        config["config"] = change_values(config["config"], rng)
    else:
        config = change_values(config, rng)
    write_members(path, {**members, "config.json": json.dumps(config).encode()}.items())


def change_object(path, rng):
    path.write_text(json.dumps(change_values(json.loads(path.read_text()), rng)))


def another_array(values, rng):
    """As `values`, but for its shape, its type or some of its numbers."""
    values = np.array(values)
    if values.dtype.kind == "U":
        return [np.array([values, values]), values[..., None], np.zeros(3), np.array("[]")][rng.integers(4)]
    flat = values.reshape(-1).copy()
    if flat.dtype.kind == "f" and flat.size:
        flat[rng.integers(flat.size)] = [np.nan, np.inf, -1e38, 1e30, 1e8][rng.integers(5)]
    choices = [
        values[..., None],
        values.reshape(-1)[:-1],
        np.full(values.shape, b"x"),
        values.astype(np.complex64),
        values.astype(np.int64),
        np.zeros(values.shape, "V4"),
        values.astype(bool),
        np.zeros([0, *values.shape[1:]], values.dtype),
        flat.reshape(values.shape),
        flat.reshape(values.shape),
        rng.permutation(flat).reshape(values.shape),
    ]
    return choices[rng.integers(len(choices))]


def change_weights(path, rng):
    members = dict(members_of(path))
    name = next(name for name in members if name.endswith(".h5"))
    stream = io.BytesIO(members[name])
    if not rng.integers(4):
        data = bytearray(members[name])
        for _ in range(rng.integers(1, 40)):
            data[rng.integers(len(data))] ^= int(rng.integers(1, 256))
        write_members(path, {**members, name: bytes(data)}.items())
        return
    with h5py.File(stream, "r+") as stored:
        names = []
        stored.visititems(lambda at, member: names.append(at) if isinstance(member, h5py.Dataset) else None)
        at = names[rng.integers(len(names))]
        values, attributes = np.array(stored[at]), dict(stored[at].attrs)
        del stored[at]
        choice = rng.integers(10)
        if choice == 0:
            stored.create_dataset(at, shape=[10**6] * max(1, values.ndim), dtype="f4", chunks=True)
        elif choice == 1:
            stored[at] = h5py.SoftLink(f"/{names[0]}")
        elif choice == 2:
            stored[at] = h5py.ExternalLink("/etc/hostname", "/")
        elif choice == 3:
            stored[at] = stored["/"]
        elif choice == 4:
            stored.create_dataset(at, data=values, compression="gzip") if values.ndim else None
        elif choice == 5 and attributes:
            stored.create_dataset(at, data=values).attrs["scale"] = another_array(attributes["scale"], rng)
        elif choice < 9:
            changed = stored.create_dataset(at, data=another_array(values, rng))
            for key, value in attributes.items():
                changed.attrs[key] = value
    write_members(path, {**members, name: stream.getvalue()}.items())


def npy(array):
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def change_arrays(path, rng):
    members = dict(members_of(path))
    name = sorted(members)[rng.integers(len(members))]
    array = np.load(io.BytesIO(members[name]))
    members[name] = npy(another_array(array, rng))
    if not rng.integers(4):
        header = io.BytesIO()
        claimed = [(10**12,), (10**6, 10**6), (-1,), (2**63, 2), (1.5,), "x"][rng.integers(6)]
        np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": claimed})
        members[name] = header.getvalue() + bytes(64)
    elif not rng.integers(4):
        members[name] = npy(np.array([{"an": "object"}], object))
    write_members(path, members.items())


def change_facts(path, rng):
    members = dict(members_of(path))
    name = next(name for name in members if name in ("facts.npy", "position.npy"))
    facts = change_values(json.loads(str(np.load(io.BytesIO(members[name])))), rng)
    write_members(path, {**members, name: npy(np.array(json.dumps(facts)))}.items())


def change_lanes(path, rng):
    """Other numbers in the header or other bytes behind it, and a checksum that fits."""
    data = bytearray(path.read_bytes()[:-4])
    place = int(rng.integers(16, 36) if rng.integers(3) else rng.integers(len(data)))
    data[place] = int(rng.integers(256))
    path.write_bytes(data + struct.pack("<I", zlib.crc32(data)))


def use(path, model):
    """Open a file of this package as its name says, and do with it what it is for."""
    if path.name == "config.json":
        read_run_config(path)
    elif path.name.endswith(".part.json"):
        Unfinished(path.with_name(path.name.removesuffix(".part.json")), {"the input": "x"}, overwrite=True)
    elif path.suffix == ".json":
        Session.load(path, model).propose(1, 3)
    elif path.suffix == ".npz":
        model.generate(state=State.load(path), length=3, seed=1)
    elif path.suffix == ".packed":
        try:
            model.decompress(path.read_bytes())
        except DamagedFileError as error:
            raise DamagedFileError(f"{path}: {error}") from error  # bytes have no name
    else:
        use_model(runtime.load(path))


def use_model(model):
    if hasattr(model, "classify"):
        model.classify(["the sea", ""])
        model.explain("the sea")
    elif model.reverse:
        model.evaluate_text("the sea")
    else:
        condition = model.labels[0] if model.labels else None
        model.generate("the", length=3, seed=1, condition=condition)
        model.score("the sea", condition=condition)


def try_out(path, used, data, rng, *arguments):
    """What happens to a damaged copy: "refused", "served", or what should not have happened."""
    path.write_bytes(data)
    way = damage(path, rng)
    if path.read_bytes() == data:
        return "the same"
    try:
        used(path, *arguments)
    except DamagedFileError as error:
        return "refused" if str(path) in str(error) and len(str(error)) < 1000 else f"{way}: {error}"
    except Exception as error:
        is_other = isinstance(error, ValueError) and any(words in str(error) for words in OTHER_MODEL)
        return "another model" if is_other else f"{path.name}, {way}: {error!r:.300}"
    return "served"


def main(folder, cases, seed):
    resource.setrlimit(resource.RLIMIT_AS, (address_space() + MEMORY, -1))
    warnings.simplefilter("error")
    warnings.filterwarnings("ignore", "`(text|prompt)s?` holds .* which the model never saw")
    folder = Path(folder)
    model, outcomes = runtime.load(folder / "model.keras"), collections.Counter()
    (folder / "damaged").mkdir()
    originals = sorted(path for path in folder.iterdir() if path.is_file())
    for number in range(int(cases)):
        path = originals[number % len(originals)]
        rng = np.random.default_rng([int(seed), number])
        outcomes[try_out(folder / "damaged" / path.name, use, path.read_bytes(), rng, model)] += 1
    print(json.dumps(outcomes))


def address_space():
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


if __name__ == "__main__":
    main(*sys.argv[1:])
