"""Networks: which tensors are parameters, what a file keeps, how layers begin, and learning."""

import copy
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from minigrad import Tensor, datasets, grad, gradcheck, nn, softplus
from minigrad.nn import ACTIVATIONS, MLP, Linear, Module, Sequential

ROOT = Path(nn.__file__).parents[1]


def weight(*shape, value=1.0):
    return Tensor(np.full(shape, value), requires_grad=True)


def record(**attributes):
    """A module with these attributes, set in this order."""
    module = Module()
    for name, value in attributes.items():
        setattr(module, name, value)
    return module


def names(module):
    return [name for name, _ in module.named_parameters()]


def same(state, other):
    return list(state) == list(other) and all(np.array_equal(state[n], other[n]) for n in state)


def linears(model):
    return [layer for layer in model.layers if isinstance(layer, Linear)]


# -- which tensors are parameters ------------------------------------------------------------------


@pytest.mark.parametrize(
    "module, expected",
    [
        (record(), []),
        (record(z=weight(1), a=weight(2)), ["z", "a"]),
        (record(scale=2.0, name="net", nothing=None, w=weight(1), table=np.ones(3)), ["w"]),
        (record(rows=[weight(1), weight(2)]), ["rows.0", "rows.1"]),
        (record(pair=(weight(1), weight(2))), ["pair.0", "pair.1"]),
        (record(by={"out": weight(1), "in": weight(2)}), ["by.out", "by.in"]),
        (record(heads={"b": [weight(1), {"c": weight(2)}]}), ["heads.b.0", "heads.b.1.c"]),
        (record(inner=record(deep=record(w=weight(1))), z=weight(1)), ["inner.deep.w", "z"]),
        (record(net=MLP([1, 2, 1], rng=0)),
         ["net.layers.0.weight", "net.layers.0.bias", "net.layers.2.weight", "net.layers.2.bias"]),
        (record(layer=Linear(1, 2, bias=False, rng=0)), ["layer.weight"]),
    ],
    ids=["none", "attributes", "no-tensors", "list", "tuple", "dict", "dict-of-lists", "nested",
         "mlp", "no-bias"],
)
def test_parameters_come_in_definition_order_and_are_named_by_their_way(module, expected):
    assert names(module) == expected
    assert all(p is q for p, (_, q) in zip(module.parameters(), module.named_parameters(),
                                           strict=True))
    assert list(module.state_dict()) == expected


def test_a_shared_tensor_is_one_parameter_under_its_first_name():
    shared = weight(2)
    assert names(record(first=shared, others=[shared, weight(1)])) == ["first", "others.1"]


def test_a_shared_module_gives_its_parameters_once():
    layer = Linear(2, 2, rng=0)
    model = Sequential(layer, np.tanh, layer)
    assert names(model) == ["layers.0.weight", "layers.0.bias"]
    np.sum(model(np.ones((3, 2)))).backward()
    assert layer.weight.grad is not None


def test_modules_that_hold_one_another_do_not_loop_for_ever():
    one, other, ring = record(w=weight(1)), record(v=weight(2)), [weight(3)]
    one.friend, other.friend, one.itself = other, one, one
    ring.append(ring)
    one.ring = ring
    assert names(one) == ["w", "friend.v", "ring.0"]


def test_equal_values_do_not_make_two_tensors_one():
    assert len(record(a=weight(2), b=weight(2)).parameters()) == 2


def test_the_order_of_parameters_is_that_of_setting_not_of_the_alphabet_or_of_hashes():
    letters = list("qwertyuiopasdfghjklzxcvbnm")
    assert names(record(**{letter: weight(1) for letter in letters})) == letters


def test_a_result_that_forward_keeps_to_look_at_is_no_parameter():
    class Curious(Module):
        def __init__(self):
            self.layer = Linear(2, 2, rng=0)

        def forward(self, x):
            self.hidden = np.tanh(self.layer(x))
            return np.sum(self.hidden)

    model = Curious()
    before = names(model)
    model(np.ones((5, 2)))
    assert names(model) == before, "calling a model must not change its list of parameters"


def test_two_parameters_never_hide_behind_one_name():
    module = record(by={1: weight(2), "1": weight(3)})
    try:
        state = module.state_dict()
    except ValueError:
        return  # a refusal is honest, too
    assert len(state) == 2, f"two parameters, and the state holds only {list(state)}"


# -- Module: calls, zero_grad, misspelling ---------------------------------------------------------


def test_a_module_is_called_like_a_function_of_any_number_of_inputs():
    class Weighted(Module):
        def __init__(self):
            self.w = weight(1, value=3.0)

        def forward(self, x, y):
            return self.w * x + y

    assert Weighted()(2.0, 1.0).data == [7.0]


def test_a_module_is_called_with_names_as_well():
    class Scaled(Module):
        def forward(self, x, factor=1.0):
            return factor * x

    assert Scaled()(3.0) == 3.0 and Scaled()(3.0, factor=2.0) == Scaled()(x=3.0, factor=2.0) == 6.0


def test_a_module_without_forward_says_which_class_needs_one():
    class Empty(Module):
        pass

    with pytest.raises(NotImplementedError, match=r"Empty has no forward.*write one"):
        Empty()(1.0, factor=2.0)


def test_zero_grad_forgets_all_gradients():
    model = MLP([2, 3, 1], rng=0)
    np.sum(model(np.ones((4, 2)))).backward()
    assert all(p.grad is not None for p in model.parameters())
    model.zero_grad()
    assert all(p.grad is None for p in model.parameters())
    model.zero_grad()  # nothing to forget is no mistake


@pytest.mark.parametrize("module, name", [
    (MLP([2, 1], rng=0), "wieght"), (MLP([2, 1], rng=0), "layer"), (Linear(2, 1, rng=0), "Bias"),
    (record(), "parameter"),
], ids=str)
def test_a_misspelt_attribute_raises_attribute_error(module, name):
    with pytest.raises(AttributeError, match=name):
        getattr(module, name)


# -- state_dict and load_state_dict ----------------------------------------------------------------


def test_a_state_is_a_copy_in_both_directions():
    model = Linear(2, 2, rng=0)
    state = model.state_dict()
    before = copy.deepcopy(state)
    state["weight"][:] = 7.0
    assert same(model.state_dict(), before), "changing the state changed the model"
    model.load_state_dict(state)
    state["weight"][:] = 9.0
    assert (model.weight.data == 7.0).all(), "changing a loaded state changed the model"
    snapshot = model.state_dict()
    model.weight.data -= 1.0
    assert (snapshot["weight"] == 7.0).all(), "training on changed an old state"


def test_loading_keeps_the_tensors_their_dtype_and_the_callers_order():
    model, wide = MLP([2, 3, 1], rng=0, dtype=np.float32), MLP([2, 3, 1], rng=1)
    before = model.parameters()
    model.load_state_dict(dict(reversed(wide.state_dict().items())))
    for mine, old, theirs in zip(model.parameters(), before, wide.parameters(), strict=True):
        assert mine is old, "an optimiser holds the old tensors: they must stay the model's"
        assert mine.dtype == np.float32
        assert np.array_equal(mine.data, theirs.data.astype(np.float32))


def test_lists_and_whole_numbers_are_values_too():
    model = Linear(1, 2, rng=0)
    model.load_state_dict({"weight": [[1, 2]], "bias": [0.5, 1]})
    assert np.array_equal(model(np.ones((1, 1))).data, [[1.5, 3.0]])


def shortened(state):
    del state["layers.2.bias"]


def put(name, value):
    def change(state):
        state[name] = value

    return change


WRONG_STATES = {
    "missing": (shortened, r"lacks \['layers\.2\.bias'\].*'layers\.0\.weight'"),
    "surplus": (put("layers.3.weight", np.ones(1)), r"no \['layers\.3\.weight'\]"),
    "transposed": (put("layers.2.weight", np.ones((1, 3))), r"layers\.2\.weight.*\(3, 1\).*\(1, 3"),
    "broadcast": (put("layers.2.bias", np.ones(())), r"layers\.2\.bias.*\(1,\).*\(\)"),
    "complex": (put("layers.2.bias", np.ones(1, complex)), r"layers\.2\.bias.*complex128"),
    "text": (put("layers.2.bias", np.array(["one"])), r"layers\.2\.bias.*<U3"),
    "objects": (put("layers.2.bias", np.array([None])), r"layers\.2\.bias.*object"),
    "dates": (put("layers.2.bias", np.zeros(1, "M8[s]")), r"layers\.2\.bias.*datetime64"),
}


@pytest.mark.parametrize("change, message", WRONG_STATES.values(), ids=WRONG_STATES)
def test_a_state_that_does_not_fit_is_refused_by_name_and_nothing_changes(change, message):
    model = MLP([2, 3, 1], rng=0)
    before = model.state_dict()
    state = {name: values + 1.0 for name, values in before.items()}
    change(state)
    with pytest.raises(ValueError, match=message):
        model.load_state_dict(state)
    assert same(model.state_dict(), before), "the state was refused, yet the model changed"


@pytest.mark.parametrize("value, dtype", [
    (np.ones(1, np.float16), np.float64), (np.ones(1, np.longdouble), np.float64),
], ids=["half", "extended"])
def test_an_odd_float_in_a_state_is_loaded_with_the_rest_or_nothing_is(value, dtype):
    model = MLP([2, 3, 1], rng=0, dtype=dtype)
    before = model.state_dict()
    try:
        model.load_state_dict({name: v + 1.0 for name, v in before.items()}
                              | {"layers.2.bias": value})
    except ValueError:
        assert same(model.state_dict(), before), "the state was refused, yet the model changed"
    else:
        assert not any(np.any(before[n] == v) for n, v in model.state_dict().items())


def test_a_number_too_large_for_float32_is_refused_and_infinities_are_not():
    model = MLP([2, 3, 1], rng=0, dtype=np.float32)
    before = model.state_dict()
    with pytest.raises(ValueError, match=r"layers\.2\.bias holds a number too large for float32"):
        model.load_state_dict({n: v + 1.0 for n, v in before.items()} | {"layers.2.bias": [1e300]})
    assert same(model.state_dict(), before), "the state was refused, yet the model changed"
    model.load_state_dict(before | {"layers.2.bias": np.array([np.inf])})
    assert model.layers[2].bias.data == np.inf


# -- save and load ---------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_saving_and_loading_gives_back_every_bit(tmp_path, dtype):
    model, other = (MLP([2, 5, 3], rng=seed, dtype=dtype) for seed in (0, 1))
    model.layers[0].bias.data = [0.1, -0.0, 1e-300, np.pi, 1e30]
    model.save(tmp_path / "model.npz")
    other.load(tmp_path / "model.npz")
    for mine, theirs in zip(model.parameters(), other.parameters(), strict=True):
        assert mine.data.tobytes() == theirs.data.tobytes()
        assert mine.dtype == theirs.dtype == dtype


@pytest.mark.parametrize("name", ["model.npz", "model", "model.weights", "m.npz.bak", "a b ä.npz"])
@pytest.mark.parametrize("kind", [str, Path])
def test_the_file_has_exactly_the_name_that_was_given(tmp_path, name, kind):
    model = Linear(2, 1, rng=0)
    model.save(kind(tmp_path / name))
    assert os.listdir(tmp_path) == [name]
    Linear(2, 1, rng=1).load(kind(tmp_path / name))


def test_a_bare_name_is_saved_in_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Linear(2, 1, rng=0).save("model.npz")
    Linear(2, 1, rng=1).load("model.npz")
    assert os.listdir(tmp_path) == ["model.npz"]


def test_any_name_of_a_parameter_can_be_saved(tmp_path):
    model = record(args=weight(1), arr_0=weight(2), ä=weight(3),
                   by={"w.npy": weight(4), "a/b": weight(5), "": weight(6), "file": weight(7)})
    before = model.state_dict()
    model.save(tmp_path / "model.npz")
    model.load_state_dict({name: 0.0 * values for name, values in before.items()})
    model.load(tmp_path / "model.npz")
    assert same(model.state_dict(), before)


@pytest.mark.parametrize("name", ["file", "allow_pickle"])
def test_a_name_that_savez_keeps_for_itself_is_refused_and_nothing_is_written(tmp_path, name):
    with pytest.raises(ValueError, match=f"'{name}' for itself"):
        record(**{name: weight(1)}).save(tmp_path / "model.npz")
    assert not list(tmp_path.iterdir())


def test_a_module_without_parameters_can_be_saved(tmp_path):
    record().save(tmp_path / "nothing.npz")
    record().load(tmp_path / "nothing.npz")


def good_file(folder):
    """The path and the bytes of a small saved model, and that model."""
    model = Linear(2, 2, rng=0)
    model.save(folder / "model.npz")
    return folder / "model.npz", (folder / "model.npz").read_bytes(), model


class Bomb:
    def __reduce__(self):
        return pytest.fail, ("a pickle inside the file was executed",)


def empty(path, good):
    path.write_bytes(b"")


def pickled(path, good):
    path.write_bytes(pickle.dumps({"weight": Bomb()}))


def object_array(path, good):
    np.savez(path, weight=np.array([[Bomb(), None], [None, None]]), bias=np.zeros(2))


def single_array(path, good):
    with open(path, "wb") as file:
        np.save(file, np.zeros((2, 2)))


def text(path, good):
    path.write_text("weight,bias\n1,2\n")


def truncated(path, good):
    path.write_bytes(good[: len(good) // 2])


def without_its_end(path, good):
    path.write_bytes(good[:-1])


def zip_of_text(path, good):
    import zipfile

    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("weight", "not an array")
        archive.writestr("bias", "not an array")


def flipped_value(path, good):
    where = good.index(Linear(2, 2, rng=0).weight.data.tobytes())
    path.write_bytes(good[:where] + bytes([good[where] ^ 1]) + good[where + 1:])


def other_model(path, good):
    Linear(3, 2, rng=0).save(path)


@pytest.mark.parametrize("spoil", [empty, pickled, object_array, single_array, text, truncated,
                                   without_its_end, zip_of_text, flipped_value, other_model])
def test_a_wrong_file_is_a_value_error_with_its_name_and_nothing_changes(tmp_path, spoil):
    path, good, model = good_file(tmp_path)
    before = model.state_dict()
    spoil(path, good)
    with pytest.raises(ValueError, match=r"model\.npz"):
        model.load(path)
    assert same(model.state_dict(), before)


def test_whichever_byte_is_damaged_the_load_is_right_or_a_value_error(tmp_path):
    path, good, model = good_file(tmp_path)
    before = model.state_dict()
    complaints = []
    for where in range(len(good)):
        for mask in (0x01, 0x80):
            path.write_bytes(good[:where] + bytes([good[where] ^ mask]) + good[where + 1:])
            try:
                model.load(path)  # a flipped bit in a date stamp is no damage
            except ValueError as error:
                assert "model.npz" in str(error)
            except Exception as error:
                complaints.append(f"byte {where} ^ {mask:#x}: {type(error).__name__}: {error}")
            assert same(model.state_dict(), before), f"byte {where} ^ {mask:#x} changed the model"
    assert not complaints, "\n".join(complaints)


def test_wherever_the_file_ends_too_early_it_is_a_value_error(tmp_path):
    path, good, model = good_file(tmp_path)
    before = model.state_dict()
    for length in range(0, len(good), 3):
        path.write_bytes(good[:length])
        with pytest.raises(ValueError, match=r"model\.npz"):
            model.load(path)
    assert same(model.state_dict(), before)


def test_a_missing_file_is_file_not_found_and_names_it(tmp_path):
    model = Linear(2, 1, rng=0)
    with pytest.raises(FileNotFoundError, match=r"typo\.npz"):
        model.load(tmp_path / "typo.npz")
    with pytest.raises(FileNotFoundError, match="no-such-folder"):
        model.save(tmp_path / "no-such-folder" / "model.npz")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt(), MemoryError()],
                         ids=lambda error: type(error).__name__)
def test_an_error_while_saving_leaves_the_old_file_whole_and_no_draft(tmp_path, monkeypatch, error):
    path, good, _ = good_file(tmp_path)

    def half(file, *_, **__):
        file.write(good[: len(good) // 2])
        raise error

    monkeypatch.setattr(np, "savez", half)
    with pytest.raises(type(error)):
        Linear(2, 2, rng=1).save(path)
    assert os.listdir(tmp_path) == ["model.npz"], "a draft was left behind"
    assert path.read_bytes() == good, "the old file is damaged"


def test_a_process_killed_in_the_middle_of_saving_leaves_the_old_file_whole(tmp_path):
    path, good, _ = good_file(tmp_path)
    program = (
        "import sys, time\n"
        "import numpy as np\n"
        "from minigrad import nn\n"
        "def half(file, *_, **__):\n"
        "    file.write(b'half a file')\n"
        "    file.flush()\n"
        "    print('in the middle', flush=True)\n"
        "    time.sleep(60)\n"
        "np.savez = half\n"
        "nn.Linear(2, 2, rng=1).save(sys.argv[1])\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(path)], cwd=ROOT,
                          env=os.environ | {"PYTHONPATH": str(ROOT)},
                          stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "in the middle\n", "the save never began"
        finally:
            process.kill()
    assert process.returncode != 0
    assert path.read_bytes() == good
    restored = Linear(2, 2, rng=2)
    restored.load(path)
    restored.save(path)  # and what the dead process left behind is in nobody's way
    assert path.read_bytes() == good


def test_saving_onto_a_folder_is_an_error_and_leaves_no_draft(tmp_path):
    (tmp_path / "model.npz").mkdir()
    with pytest.raises(OSError):
        Linear(2, 1, rng=0).save(tmp_path / "model.npz")
    assert os.listdir(tmp_path) == ["model.npz"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002], ids=oct)
def test_a_saved_file_may_be_read_by_those_who_may_read_any_other_new_file(tmp_path, mask):
    previous = os.umask(mask)
    try:
        Linear(2, 1, rng=0).save(tmp_path / "model.npz")
        (tmp_path / "ordinary.txt").write_text("made by open()")
    finally:
        os.umask(previous)
    ours, ordinary = (os.stat(tmp_path / name).st_mode for name in ("model.npz", "ordinary.txt"))
    assert oct(ours) == oct(ordinary)


# -- copies of a model -----------------------------------------------------------------------------

MODELS = {name: lambda name=name: MLP([2, 4, 1], activation=name, rng=0) for name in ACTIVATIONS}
MODELS["np.tanh"] = lambda: MLP([2, 4, 1], activation=np.tanh, rng=0)
MODELS["softplus"] = lambda: Sequential(Linear(2, 4, rng=0), softplus, MLP([4, 3, 1], rng=1))
COPIES = {"deepcopy": copy.deepcopy, "pickle": lambda model: pickle.loads(pickle.dumps(model))}


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_a_copied_model_computes_the_same_and_learns_alone(make, copied):
    model, x = make(), np.random.default_rng(1).normal(size=(5, 2))
    np.sum(model(x)).backward()
    twin = copied(model)
    assert repr(twin) == repr(model)
    assert same(twin.state_dict(), model.state_dict())
    assert np.array_equal(twin(x).data, model(x).data)
    before = model.state_dict()
    for mine, theirs in zip(twin.parameters(), model.parameters(), strict=True):
        assert mine is not theirs and mine.requires_grad
        assert np.array_equal(mine.grad, theirs.grad)
        mine.data -= 1.0
        mine.grad += 1.0
    assert same(model.state_dict(), before)
    np.sum(twin(x)).backward()  # the copy records and differentiates


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_a_copied_model_uses_the_same_activation_not_a_copy_of_it(copied):
    model = MLP([2, 4, 1], activation="relu", rng=0)
    assert copied(model).layers[1] is model.layers[1]


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_a_copy_shares_what_the_model_shared(copied):
    shared = Linear(2, 2, rng=0)
    twin = copied(Sequential(shared, np.tanh, shared))
    assert twin.layers[0] is twin.layers[2]
    assert len(twin.parameters()) == 2


# -- Linear ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("front", [(), (5,), (1,), (4, 5), (2, 1, 3), (0,)], ids=str)
def test_a_linear_layer_maps_the_last_axis_whatever_stands_in_front(front, bias):
    rng = np.random.default_rng(0)
    layer, x = Linear(3, 2, bias=bias, rng=rng), rng.normal(size=(*front, 3))
    g = rng.normal(size=(*front, 2))
    assert layer.weight.shape == (3, 2)
    if bias:
        assert layer.bias.shape == (2,)
        layer.bias.data = [0.5, -1.0]
    else:
        assert layer.bias is None and len(layer.parameters()) == 1
    b = layer.bias.data if bias else 0.0
    t = Tensor(x, requires_grad=True)
    y = layer(t)
    assert y.shape == (*front, 2)
    np.testing.assert_allclose(y.data, x @ layer.weight.data + b, rtol=1e-14, atol=1e-15)

    y.backward(g)
    rows, row_gradients = x.reshape(-1, 3), g.reshape(-1, 2)
    np.testing.assert_allclose(t.grad, g @ layer.weight.data.T, rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(layer.weight.grad, rows.T @ row_gradients, rtol=1e-14, atol=1e-14)
    if bias:
        np.testing.assert_allclose(layer.bias.grad, row_gradients.sum(0), rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(3,), (4, 3), (2, 2, 3)], ids=str)
def test_a_linear_layer_has_the_gradients_of_finite_differences(shape, bias):
    rng = np.random.default_rng(0)
    layer = Linear(3, 2, bias=bias, rng=rng)

    def f(x, weight, *bias):
        layer.weight, layer.bias = weight, *(bias or (None,))
        return np.tanh(layer(x))

    x = Tensor(rng.normal(size=shape), requires_grad=True)
    assert gradcheck(f, x, *layer.parameters(), order=2)


def test_a_linear_layer_takes_plain_arrays_lists_and_tensors():
    layer = Linear(2, 3, rng=0)
    rows = [[1.0, 2.0], [3.0, 4.0]]
    results = [layer(x).data for x in (rows, np.array(rows), Tensor(rows), [[1, 2], [3, 4]])]
    assert all(np.array_equal(results[0], other) for other in results)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(4, 3), (3,), (2, 4, 3), (2, 5)], ids=str)
def test_features_that_do_not_fit_are_refused_with_both_shapes(shape, bias):
    with pytest.raises(ValueError) as error:
        Linear(2, 5, bias=bias, rng=0)(np.ones(shape))
    assert str(shape) in str(error.value) and "(2, 5)" in str(error.value)


@pytest.mark.parametrize("init, variance", [("he", 2 / 400), ("xavier", 2 / (400 + 100))])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_first_weights_are_normal_with_the_published_variance(init, variance, dtype):
    layer = Linear(400, 100, init=init, rng=0, dtype=dtype)
    w = layer.weight.data.astype(np.float64).ravel() / np.sqrt(variance)
    error = 4.0 / np.sqrt(w.size)  # four standard errors; the seed is fixed, so this is no gamble
    assert abs(np.mean(w)) < error
    assert abs(np.mean(w**2) - 1.0) < np.sqrt(2.0) * error
    assert abs(np.mean(w**4) - 3.0) < np.sqrt(96.0) * error, "not a normal distribution"
    within = np.mean(np.abs(w) < 1.0)
    assert abs(within - 0.6827) < 0.5 * error, "not a normal distribution"
    assert not layer.bias.data.any(), "the bias begins at 0"


def test_he_is_the_default_of_a_linear_layer():
    default, he = Linear(5, 4, rng=0), Linear(5, 4, init="he", rng=0)
    assert np.array_equal(default.weight.data, he.weight.data)


@pytest.mark.parametrize("make", [lambda rng: Linear(3, 4, rng=rng),
                                  lambda rng: MLP([3, 4, 2], rng=rng)], ids=["Linear", "MLP"])
def test_a_seed_makes_the_first_weights_reproducible(make):
    def values(rng):
        return np.concatenate([p.data.ravel() for p in make(rng).parameters()])

    assert np.array_equal(values(7), values(7))
    assert np.array_equal(values(7), values(np.random.default_rng(7)))
    assert not np.array_equal(values(7), values(8))
    assert not np.array_equal(values(None), values(None)), "without a seed they should differ"
    generator = np.random.default_rng(7)
    assert not np.array_equal(values(generator), values(generator)), "a generator moves on"


def test_layers_of_one_mlp_do_not_begin_with_the_same_numbers():
    one, two = linears(MLP([4, 4, 4], rng=0))
    assert not np.array_equal(one.weight.data, two.weight.data)


def test_making_layers_leaves_numpys_global_random_state_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002 -- only looked at
    MLP([3, 4, 2], rng=0)
    Linear(3, 4)
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize("arguments, options, message", [
    ((0, 1), {}, r"sizes.*from 1 up.*0"),
    ((2, 0), {}, r"sizes.*from 1 up.*0"),
    ((2, -3), {}, r"sizes.*from 1 up.*-3"),
    ((2.0, 3), {}, r"sizes.*whole numbers.*2\.0"),
    (("2", 3), {}, r"sizes.*whole numbers.*'2'"),
    ((None, 3), {}, r"sizes.*whole numbers.*None"),
    ((2, True), {}, r"sizes.*whole numbers.*True"),
    ((2, 3), {"init": ["he"]}, r"initialisation \['he'\].*he, xavier"),
    ((2, 3), {"init": "kaiming"}, r"initialisation 'kaiming'.*he, xavier"),
    ((2, 3), {"init": None}, r"initialisation None.*he, xavier"),
], ids=str)
def test_a_linear_layer_refuses_what_makes_no_sense(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        Linear(*arguments, **options)


@pytest.mark.parametrize("dtype", [int, bool, np.float16, complex])
def test_weights_are_float32_or_float64(dtype):
    with pytest.raises((TypeError, ValueError), match="float32"):
        Linear(2, 3, rng=0, dtype=dtype)


def test_sizes_may_be_numpys_whole_numbers():
    assert Linear(np.int64(2), np.int32(3), rng=0).weight.shape == (2, 3)


# -- Sequential and MLP ----------------------------------------------------------------------------


def test_sequential_applies_modules_and_functions_from_left_to_right():
    model = Sequential(lambda x: x + 1.0, Linear(2, 2, bias=False, rng=0), np.tanh, Sequential())
    x = np.array([[0.5, -1.0]])
    np.testing.assert_allclose(model(x).data, np.tanh((x + 1.0) @ model.layers[1].weight.data),
                               rtol=1e-15)


def test_an_empty_sequential_changes_nothing():
    x = Tensor([1.0])
    assert Sequential()(x) is x and Sequential().parameters() == []


@pytest.mark.parametrize("layers, shown", [
    ((Linear(1, 1, rng=0), None), "None"), (("relu",), "'relu'"),
    (([Linear(1, 1, rng=0), np.tanh],), r"\[Linear"), ((np.ones(3),), "array"),
], ids=["None", "name", "list", "array"])
def test_sequential_refuses_what_cannot_be_called(layers, shown):
    with pytest.raises(TypeError, match=rf"modules and functions, not {shown}"):
        Sequential(*layers)


@pytest.mark.parametrize("sizes", [[2, 1], [3, 5, 2], (4, 3, 2, 1), range(3, 6), np.array([2, 3])],
                         ids=str)
def test_an_mlp_has_an_activation_between_its_layers_and_none_at_the_end(sizes):
    model = MLP(sizes, rng=0)
    sizes = list(sizes)
    kinds = [isinstance(layer, Linear) for layer in model.layers]
    assert kinds == [True, False] * (len(sizes) - 2) + [True]
    assert [p.shape for p in model.parameters()[::2]] == list(zip(sizes, sizes[1:], strict=False))
    assert [p.shape for p in model.parameters()[1::2]] == [(n,) for n in sizes[1:]]
    assert model(np.ones((7, sizes[0]))).shape == (7, sizes[-1])
    model.layers[-1].bias.data -= 1e6
    assert (model(np.ones((7, sizes[0]))).data < 0.0).all(), "a relu at the end has no negatives"


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_by_name_is_the_function_of_that_name(name):
    by_name, by_function = MLP([2, 3, 1], activation=name, init="he", rng=0), MLP(
        [2, 3, 1], activation=ACTIVATIONS[name], init="he", rng=0)
    x = np.random.default_rng(1).normal(size=(5, 2))
    assert np.array_equal(by_name(x).data, by_function(x).data)
    first, last = linears(by_name)
    hidden = ACTIVATIONS[name](x @ first.weight.data)
    np.testing.assert_allclose(by_name(x).data, hidden @ last.weight.data, rtol=1e-13, atol=1e-15)


def test_relu_is_the_default_activation():
    assert MLP([2, 3, 1], rng=0).layers[1] is ACTIVATIONS["relu"]


def test_any_function_of_a_tensor_is_an_activation():
    model = MLP([2, 3, 1], activation=lambda x: x * x, rng=0)
    first, last = linears(model)
    x = np.ones((1, 2))
    np.testing.assert_allclose(model(x).data, (x @ first.weight.data) ** 2 @ last.weight.data)


INITS = [(name, "xavier" if name in ("tanh", "sigmoid") else "he") for name in ACTIVATIONS]
INITS += [(ACTIVATIONS["tanh"], "xavier"), (ACTIVATIONS["sigmoid"], "xavier"),
          (np.tanh, "xavier"), (ACTIVATIONS["relu"], "he"), (np.sin, "he")]


@pytest.mark.parametrize("activation, init", INITS,
                         ids=[a if isinstance(a, str) else f"function-{a.__name__}"
                              for a, _ in INITS])
def test_the_first_weights_suit_the_activation_unless_one_chooses(activation, init):
    default, chosen = MLP([9, 4, 2], activation, rng=0), MLP([9, 4, 2], activation, init, rng=0)
    assert same(default.state_dict(), chosen.state_dict()), f"the default should be {init}"
    other = {"he": "xavier", "xavier": "he"}[init]
    assert not same(default.state_dict(), MLP([9, 4, 2], activation, other, rng=0).state_dict())


@pytest.mark.parametrize("sizes, options, message", [
    ([], {}, r"input and output"),
    ([3], {}, r"input and output.*3"),
    ([3, 0], {}, r"from 1 up.*0"),
    ([3, 2.5, 1], {}, r"whole numbers.*2\.5"),
    ([3, 1], {"activation": "rellu"}, r"activation 'rellu'.*relu.*tanh"),
    ([3, 1], {"activation": None}, r"activation None.*identity"),
    ([3, 2, 1], {"activation": ["relu", "tanh"]}, r"activation \['relu', 'tanh'\].*choose one"),
    ([3, 1], {"init": "glorot"}, r"initialisation 'glorot'.*xavier"),
], ids=str)
def test_an_mlp_refuses_what_makes_no_sense(sizes, options, message):
    with pytest.raises(ValueError, match=message):
        MLP(sizes, **options)


def test_sizes_without_brackets_are_refused_with_the_way_to_write_them():
    with pytest.raises((TypeError, ValueError), match=r"sizes|\["):
        MLP(64, 128, 10)


# -- what is printed -------------------------------------------------------------------------------


def test_an_mlp_prints_its_layers_shapes_and_the_number_of_parameters():
    assert repr(MLP([64, 128, 10], activation="tanh", rng=0)).split("\n") == [
        "MLP(",
        "  Linear: weight (64, 128), bias (128,), 8,320 parameters",
        "  tanh",
        "  Linear: weight (128, 10), bias (10,), 1,290 parameters",
        "  9,610 parameters",
        ")",
    ]


def test_nested_models_print_indented():
    text = repr(Sequential(Linear(1, 2, rng=0), Sequential(Linear(2, 3, rng=0), np.tanh)))
    assert text.split("\n") == [
        "Sequential(",
        "  Linear: weight (1, 2), bias (2,), 4 parameters",
        "  Sequential(",
        "    Linear: weight (2, 3), bias (3,), 9 parameters",
        "    tanh",
        "    9 parameters",
        "  )",
        "  13 parameters",
        ")",
    ]


def test_a_module_of_ones_own_prints_names_shapes_and_count():
    text = repr(record(slope=weight(), rows=[weight(2, 3)]))
    assert text.split("\n") == ["Module(", "  slope: ()", "  rows.0: (2, 3)", "  7 parameters", ")"]


def test_a_linear_layer_prints_its_sizes():
    assert repr(Linear(2, 3, rng=0)) == "Linear: weight (2, 3), bias (3,), 9 parameters"
    assert "no bias" in repr(Linear(2, 3, bias=False, rng=0))


def test_a_shared_layer_is_counted_once():
    layer = Linear(2, 2, rng=0)
    assert "  6 parameters" in repr(Sequential(layer, layer)).split("\n")


# -- learning --------------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "softplus", "gelu"])
def test_the_gradients_of_an_mlp_are_those_of_finite_differences_to_second_order(activation):
    model = MLP([2, 3, 2], activation=activation, rng=0)
    x = Tensor(np.random.default_rng(1).normal(size=(4, 2)), requires_grad=True)

    def f(x, *weights):
        for i, layer in enumerate(linears(model)):
            layer.weight, layer.bias = weights[2 * i: 2 * i + 2]
        return model(x)

    assert gradcheck(f, x, *model.parameters(), order=2)


def test_a_penalty_on_the_slope_of_a_network_trains_its_weights():
    model = MLP([1, 4, 1], activation="tanh", rng=0)
    x = Tensor([[0.3]], requires_grad=True)
    slope = grad(np.sum(model(x)), x, create_graph=True)
    np.sum(slope * slope).backward()
    *inner, last_bias = model.parameters()
    assert all(p.grad.any() for p in inner), "the slope depends on every weight"
    assert last_bias.grad is None, "a constant added to the output does not change its slope"


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_whole_training_step_keeps_the_dtype(activation, dtype):
    model = MLP([3, 4, 4, 1], activation=activation, rng=0, dtype=dtype)
    x = np.random.default_rng(1).normal(size=(6, 3)).astype(dtype)
    y = np.ones((6, 1), dtype)
    for _ in range(2):
        output = model(x)
        loss = np.mean((output - y) ** 2)
        assert output.dtype == loss.dtype == dtype
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            assert p.grad.dtype == dtype
            p.data -= 0.1 * p.grad
            assert p.dtype == dtype


def test_a_small_network_learns_the_moons():
    x, labels = datasets.moons(n=200, noise=0.1, rng=0)
    signs = 2.0 * labels[:, None] - 1.0
    model = MLP([2, 16, 16, 1], rng=0)
    for _ in range(300):
        loss = np.mean(softplus(-signs * model(x)))  # the logistic loss
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data -= 0.5 * p.grad
    fresh, fresh_labels = datasets.moons(n=1000, noise=0.1, rng=1)
    for points, truth in ((x, labels), (fresh, fresh_labels)):
        accuracy = np.mean((model(points).data[:, 0] > 0.0) == truth)
        assert accuracy >= 0.99, f"{accuracy:.1%} of the moons are told apart; 99 % are expected"


def test_a_single_parameter_is_counted_in_the_singular():
    class Unit(nn.Module):
        def __init__(self):
            self.factor = Tensor(1.0, requires_grad=True)

    assert repr(Unit()) == "Unit(\n  factor: ()\n  1 parameter\n)"


@pytest.mark.parametrize("slipped", ["xavier", 0, None])
def test_what_slips_into_the_place_of_bias_is_refused(slipped):
    with pytest.raises(TypeError, match="bias is True or False, not .*: give init and rng by name"):
        nn.Linear(2, 3, slipped)
