"""detect_anomaly: what it promises to find, what it leaves in peace, and attempts to fool it."""

import gc
import re
import threading
import tracemalloc
import warnings
import weakref
from pathlib import Path

import numpy as np
import pytest
from cases import CASES

import losses
import minigrad
from minigrad import Tensor, detect_anomaly, grad, gradcheck, nn, no_grad, primitive
from minigrad import tensor as engine
from optim import SGD, Adam

LINES = Path(__file__).read_text(encoding="utf-8").splitlines()


def leaf(values, dtype=float):
    return Tensor(np.array(values, dtype), requires_grad=True)


def complaint(f, error=FloatingPointError):
    """What detect_anomaly says of f()."""
    with pytest.raises(error) as caught, detect_anomaly():
        f()
    return str(caught.value)


def says(message, *words):
    for word in words:
        assert word in message, f"the message does not say {word!r}: {message}"


def line_named(message):
    """The text of the line of this file that the message names."""
    file, number, text = re.search(r"called from (.*), line (\d+): (.*)", message).groups()
    assert Path(file) == Path(__file__), f"the user's code is in {__file__}: {message}"
    line = LINES[int(number) - 1].strip()
    assert text.startswith(line), f"line {number} is {line!r}: {message}"
    return line


def test_this_file_leaves_no_observer_behind():
    assert engine._observer is None


# The first value that is not finite

# fmt: off
VALUES = [  # what is called, and what the message must say of the operation, its shapes, the damage
    (lambda: np.log(leaf([0.0, 1.0])),                "log of shape (2,)",      "inf (1 of 2)"),
    (lambda: leaf([[0.0, 0.0]]).log(),                "log of shape (1, 2)",    "inf (2 of 2)"),
    (lambda: leaf([-1.0, 1.0, 4.0]).sqrt(),           "sqrt of shape (3,)",     "nan (1 of 3)"),
    (lambda: leaf([1.0, 2.0]) / 0.0,                  "divide of shape (2,) and ()", "inf (2 of"),
    (lambda: 1.0 / leaf(0.0),                         "divide of shape () and ()",   "inf (1 of"),
    (lambda: leaf([[1.0], [0.0]]) / leaf([0.0, 1.0]), "divide of shape (2, 1) and (2,)",
                                                      "nan (1 of 4) and inf (1 of 4)"),
    (lambda: leaf([-1.0]) ** 0.5,                     "power of shape (1,) and ()",  "nan"),
    (lambda: leaf([0.0]) ** -1,                       "power of shape (1,) and ()",  "inf"),
    (lambda: np.exp(leaf([1000.0])),                  "exp of shape (1,)",      "inf"),
    (lambda: np.exp(leaf([100.0], np.float32)),       "exp of shape (1,)",      "inf"),
    (lambda: np.square(leaf([1e20], np.float32)),     "square of shape (1,)",   "inf"),
    (lambda: leaf([1e300]).astype(np.float32),        "astype of shape (1,)",   "inf"),
    (lambda: leaf([1e308, 1e308]).sum(),              "sum of shape (2,)",      "inf (1 of 1)"),
    (lambda: leaf([[1e200]]) @ leaf([[1e200]]),       "matmul of shape (1, 1) and (1, 1)", "inf"),
    (lambda: np.prod(leaf([1e200, 1e200])),           "prod of shape (2,)",     "inf"),
    (lambda: Tensor([0.0]).log(),                     "log of shape (1,)",      "inf"),
    (lambda: no_grad(np.log)(leaf([0.0])),            "log of shape (1,)",      "inf"),
    (lambda: sum(np.log(leaf(x)) for x in (1, 0)),    "log of shape ()",        "inf"),
    (lambda: list(map(np.log, [leaf([0.0])])),        "log of shape (1,)",      "inf"),
    (lambda: np.where([True], np.log(leaf(0.0)), 0),  "log of shape ()",        "inf"),
]
GRADIENTS = [  # what is called, the operation whose rule is to blame, the damage
    (lambda: np.sqrt(leaf([0.0, 1.0])),               "sqrt", "(2,)", "inf (1 of 2)"),
    (lambda: leaf([0.0, 1.0]) ** 0.5,                 "power", "(2,)", "inf (1 of 2)"),
    (lambda: np.sqrt(np.sum(leaf([0.0, 0.0]) ** 2)),  "sqrt", "()", "inf (1 of 1)"),
    (lambda: np.std(leaf([2.0, 2.0])),                "sqrt", "()", "inf (1 of 1)"),
    (lambda: np.where([False], leaf([0.0]) ** 0.5, 0),   "power", "(1,)", "nan (1 of 1)"),
    (lambda: np.where([False], np.sqrt(leaf([0.0])), 0), "sqrt", "(1,)", "nan (1 of 1)"),
    (lambda: 0.0 * np.sqrt(leaf([0.0])),              "sqrt", "(1,)", "nan (1 of 1)"),
    (lambda: np.arcsin(leaf([1.0])),                  "arcsin", "(1,)", "inf (1 of 1)"),
    (lambda: leaf(1e-200) / leaf(1e-200) * 1e200,     "divide", "()", "inf (1 of 1)"),
    (lambda: leaf([1.0], np.float32).astype(float) * 1e300, "astype", "(1,)", "inf (1 of 1)"),
]
# fmt: on


def code(f):
    """The line of this file on which a lambda of the tables stands."""
    return LINES[f.__code__.co_firstlineno - 1].strip()


def test_a_nan_made_of_infinities_is_named_though_infinities_as_masks_pass():
    scores = leaf([[1.0, 2.0], [3.0, 4.0]])
    with detect_anomaly():
        minigrad.softmax(np.where([[True, False], [True, True]], scores, -np.inf))  # a mask
        with pytest.raises(FloatingPointError, match="gave nan .* its inputs did not hold"):
            minigrad.softmax(np.where([[False, False], [True, True]], scores, -np.inf))


@pytest.mark.parametrize("f, operation, damage", VALUES, ids=lambda x: "")
def test_the_first_value_that_is_not_finite(f, operation, damage):
    message = complaint(f)
    says(message, operation, damage, "its inputs did not hold")
    assert line_named(message) == code(f)


@pytest.mark.parametrize("f, operation, shape, damage", GRADIENTS, ids=lambda x: "")
def test_the_first_gradient_that_is_not_finite(f, operation, shape, damage):
    for way in (lambda: np.sum(f()).backward(), lambda: np.sum(f()).backward(retain_graph=True)):
        message = complaint(way)
        says(message, f"the gradient of {operation} ", f"of shape {shape}", damage)
        assert line_named(message) == code(f), "it names the line of the operation, not of backward"


def test_a_gradient_says_for_which_input_it_was():
    says(complaint(lambda: (leaf(1e-200) / 1e-200 * 1e200).backward()), "divide for its input 0")
    says(complaint(lambda: (1e-200 / leaf(1e-200) * 1e200).backward()), "divide for its input 1")


def test_log_at_0_is_named_by_its_value_and_if_recorded_before_by_its_gradient():
    says(complaint(lambda: np.log(leaf([0.0])).backward()), "log of shape (1,) gave inf")
    with np.errstate(divide="ignore"):
        y = np.log(leaf([0.0]))
    says(complaint(y.backward), "the gradient of log for its input 0", "before the block")


def test_the_first_of_several_is_named():
    def several():
        x = leaf([0.0, 4.0])
        y = np.log(x)  # here
        np.exp(y * 1e4) / 0.0

    assert line_named(complaint(several)) == "y = np.log(x)  # here"


def test_the_gradient_nearest_to_the_loss_is_named():
    def several():
        x = leaf([0.0])
        y = np.sqrt(x) ** 0.5  # both have an infinite slope, and backward meets the power first
        y.sum().backward()

    message = complaint(several)
    says(message, "the gradient of power")
    assert line_named(message).startswith("y = np.sqrt(x) ** 0.5")


def test_no_leaf_has_changed_when_a_gradient_is_refused():
    x, w = leaf([0.0]), leaf([1.0])
    w.grad = np.array([7.0])
    complaint(lambda: (np.sqrt(x) + w).sum().backward())
    assert x.grad is None and w.grad.tolist() == [7.0]


# The user's own line


def test_inside_a_loss_the_line_that_called_the_loss():
    def train():
        pred = leaf([1e200])
        return losses.mse(pred, [-1e200])  # here

    message = complaint(train)
    says(message, "square of shape (1,)")
    assert line_named(message) == "return losses.mse(pred, [-1e200])  # here"


def test_inside_a_loss_for_classes_too():
    def train():
        logits = leaf([[1e308, -1e308]])
        return losses.softmax_cross_entropy(logits, [1])  # here

    message = complaint(train)
    says(message, "log_softmax of shape (1, ", "inf")
    assert line_named(message) == "return losses.softmax_cross_entropy(logits, [1])  # here"


def test_a_gradient_inside_a_loss_names_the_line_that_called_the_loss():
    def train():
        cost = losses.mse(leaf([100.0]), [0.0])  # here
        cost.backward(1e308)

    message = complaint(train)
    says(message, "the gradient of square for its input 0", "inf")
    assert line_named(message) == "cost = losses.mse(leaf([100.0]), [0.0])  # here"


def test_inside_a_layer_the_line_that_called_the_network():
    model = nn.MLP([2, 8, 1], rng=0)

    def train():
        x = np.full((4, 2), 1e308)
        return model(x * 1.5)  # here

    message = complaint(train)
    says(message, "linear of shape (4, 2) and (2, 8) and (8,)")
    assert line_named(message) == "return model(x * 1.5)  # here"


def test_inside_a_module_or_a_function_of_the_users_the_innermost_line_of_the_user():
    class Mine(nn.Module):
        def forward(self, x):
            return np.log(x)  # in the module

    def plain(x):
        return x / 0.0  # in the function

    x = np.zeros((1, 2))
    message = complaint(lambda: nn.Sequential(nn.Linear(2, 2, rng=0), Mine())(x))
    assert line_named(message) == "return np.log(x)  # in the module"
    message = complaint(lambda: nn.Sequential(nn.Linear(2, 2, rng=0), plain)(x + 1.0))
    assert line_named(message) == "return x / 0.0  # in the function"


def test_in_nested_functions_the_innermost_line():
    def inner(x):
        return x.log()  # innermost

    def middle(x):
        return [inner(t) for t in (x + 1.0, x)]

    @no_grad
    def outer(x):
        return max(middle(x), key=float)

    message = complaint(lambda: outer(leaf(0.0)))
    says(message, "log of shape ()")
    assert line_named(message) == "return x.log()  # innermost"


def test_through_numpys_dispatch_and_compositions():
    def dispatched():
        return np.concatenate([leaf([1e300]), leaf([1.0])], axis=0) @ np.full(2, 1e300)  # here

    message = complaint(dispatched)
    says(message, "matmul of shape (2,) and (2,)")
    assert line_named(message).endswith("# here")
    message = complaint(lambda: minigrad.gelu(leaf(1e200)))
    assert line_named(message) == "message = complaint(lambda: minigrad.gelu(leaf(1e200)))"
    message = complaint(lambda: np.var(leaf([1e200, -1e200])))
    assert line_named(message) == "message = complaint(lambda: np.var(leaf([1e200, -1e200])))"


def test_code_from_a_string_is_the_users_too():
    text = "import numpy as np\ny = np.log(x)\n"
    message = complaint(lambda: exec(text, {"x": leaf([0.0])}))
    says(message, "log of shape (1,)", "called from <string>, line 2")
    assert not message.rstrip().endswith(":"), f"a colon, and no text after it: {message}"

    named = {"x": leaf([0.0]), "__name__": "losses_of_mine"}
    message = complaint(lambda: exec(compile(text, "/home/me/mine.py", "exec"), named))
    says(message, "called from /home/me/mine.py, line 2")


def test_code_whose_module_has_no_proper_name():
    message = complaint(lambda: exec("x.log()", {"x": leaf([0.0]), "__name__": None}))
    says(message, "log of shape (1,)", "called from <string>, line 1")


def test_the_line_in_a_notebook_cell():
    """IPython compiles cells under a made-up file name and gives linecache their text."""
    import linecache

    cell = "/tmp/ipykernel_1/2345.py"
    linecache.cache[cell] = (23, None, ["y = np.log(x)  # cell\n"], cell)
    try:
        names = {"x": leaf([0.0]), "np": np, "__name__": "__main__"}
        message = complaint(lambda: exec(compile("y = np.log(x)  # cell\n", cell, "exec"), names))
    finally:
        del linecache.cache[cell]
    says(message, f"called from {cell}, line 1: y = np.log(x)  # cell")


def test_a_primitive_of_ones_own_is_named_and_its_callers_line():
    def inverse(x):
        return 1.0 / x

    mine = primitive(inverse, lambda g, y, x: -g * y * y)
    message = complaint(lambda: mine(leaf([0.0])))
    says(message, "inverse of shape (1,)")
    assert line_named(message) == "message = complaint(lambda: mine(leaf([0.0])))"

    def twice(x):
        return 2.0 * x

    wrong = primitive(twice, lambda g, y, x: g / (x - x))
    message = complaint(lambda: wrong(leaf([3.0])).sum().backward())
    says(message, "the gradient of twice for its input 0", "inf")
    assert "wrong(leaf([3.0]))" in line_named(message)


# What was not finite already, and what is meant


def test_inputs_that_were_not_finite_already_are_not_blamed():
    with detect_anomaly():
        for x in (leaf([np.inf, 1.0]), leaf([np.nan, 1.0]), leaf([-np.inf, 1.0])):
            (x * 2.0).sum()
            np.exp(np.tanh(x + np.array([1.0, np.inf])))
        leaf([1.0, 2.0]) * np.array([np.inf, 1.0])
        leaf([1.0]) * np.inf


def test_a_gradient_through_values_that_were_not_finite_already_says_so():
    """tanh is flat at inf, so a finite 0 arrives, and 0 * inf is the first nan that is made."""
    data = np.array([np.inf, 1.0])
    message = complaint(lambda: np.tanh(leaf([1.0, 1.0]) * data).sum().backward())
    says(message, "the gradient of multiply for its input 0", "nan (1 of 2)", "did so already")


def test_a_gradient_that_begins_with_inf_is_not_blamed():
    x = leaf([1.0, 2.0])
    with detect_anomaly():
        (x * 2.0).backward(np.array([np.inf, 1.0]))
    assert x.grad.tolist() == [np.inf, 2.0]


def test_the_minus_inf_mask_of_a_hinge_passes():
    scores = leaf([[3.0, 1.0, 0.0], [3.0, 2.5, 0.0], [0.0, 0.0, 0.0]])
    with detect_anomaly():
        losses.multiclass_hinge(scores, [0, 0, 2], reduction="sum").backward()
        slope = grad(losses.multiclass_hinge(scores, [0, 0, 2]), scores, create_graph=True)
        grad(slope.sum(), scores, unconnected="zero")
    np.testing.assert_allclose(scores.grad, [[0, 0, 0], [-1, 1, 0], [0.5, 0.5, -1]])


def test_masked_logits_pass():
    z, mask = leaf([1.0, 2.0, 3.0]), np.array([True, False, False])
    with detect_anomaly():
        masked = np.where(mask, -np.inf, z)
        cost = minigrad.logsumexp(masked) - z[1]
        np.testing.assert_allclose(minigrad.softmax(masked).data, [0.0, 0.26894142, 0.73105858])
        slope = grad(cost, z, create_graph=True)
        curvature = grad(slope[2], z)
    np.testing.assert_allclose(slope.data, [0.0, -0.73105858, 0.73105858])
    np.testing.assert_allclose(curvature, [0.0, -0.19661193, 0.19661193])


def test_infinite_bounds_pass():
    x = leaf([-1.0, 2.0])
    with detect_anomaly():
        y = np.clip(x, -np.inf, np.inf) + np.maximum(x, -np.inf) + np.minimum(np.inf, x)
        y.sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]


def test_the_double_where_passes():
    x = leaf([0.0, 2.0])
    with detect_anomaly():
        np.where(x > 0, np.log(np.where(x > 0, x, 1.0)), 0.0).sum().backward()
    assert x.grad.tolist() == [0.0, 0.5]


# Arrays that were changed in place between forward and backward


def changes():
    """Triples (what, how to record, how to change): one change of each kind that must be found."""
    w = leaf([1.0, 2.0])
    other = Tensor([3.0, 4.0])
    c = np.array([3.0, 4.0])
    yield "an element of a leaf", "multiply", lambda: w * w, lambda: w.data.__setitem__(0, 5.0)
    yield "a view of a leaf", "multiply", lambda: w * w, lambda: w.data[:1].fill(5.0)
    yield "a leaf as another shape", "multiply", lambda: w.reshape(2, 1) * 2.0, lambda: (
        w.data.fill(5.0))
    yield "a constant tensor", "multiply", lambda: w * other, lambda: other.data.fill(0.0)
    yield "a raw array", "multiply", lambda: w * c, lambda: c.fill(0.0)
    yield "a transposed raw array", "multiply", lambda: w * c[::-1], lambda: c.fill(1.0)
    yield "an array behind a list", "concatenate", lambda: np.concatenate([w, c]) ** 2, (
        lambda: c.fill(2.0))
    condition = np.array([True, False])
    yield "a condition", "where", lambda: np.where(condition, w, 0.0), lambda: condition.fill(True)
    weight = leaf([[1.0], [2.0]])
    yield "a weight", "matmul", lambda: w @ weight, lambda: weight.data.fill(0.0)
    whole = np.array([3, 4])
    yield "an array of ints", "multiply", lambda: w * whole, lambda: whole.fill(0)
    single = np.array(3.0)
    yield "an array without axes", "multiply", lambda: w * single, lambda: single.fill(0.0)
    parts = [w * 2.0]
    yield "a result", "exp", lambda: np.exp(parts[0]), lambda: parts[0].data.fill(0.0)
    outs = []
    yield "the result of exp", "exp", lambda: outs.append(np.exp(w)) or outs[-1] * 1.0, lambda: (
        outs[-1].data.fill(0.0))


@pytest.mark.parametrize("what", [what for what, *_ in changes()])
def test_a_change_in_place_is_found(what):
    operation, record, change = next(rest for name, *rest in changes() if name == what)

    def student():
        loss = np.sum(record())  # recorded
        change()
        loss.backward()

    message = complaint(student, RuntimeError)
    says(message, "changed in place", "between forward and backward", "after backward()", "a copy")
    line_named(message)


def test_a_change_names_the_input_its_shape_and_the_line():
    def student():
        w, c = leaf([1.0, 2.0]), np.array([[3.0], [4.0]])
        loss = np.sum(w * c)  # here
        c[0] = 5.0
        loss.backward()

    message = complaint(student, RuntimeError)
    says(message, "input 1 of multiply, of shape (2, 1), was changed in place")
    assert line_named(message).endswith("# here")


def test_the_change_of_a_result_says_that_it_was_the_result():
    def student():
        loss = np.exp(leaf([1.0, 2.0]))
        loss.data[0] = 5.0
        loss.backward(np.ones(2))

    says(complaint(student, RuntimeError), "the result of exp, of shape (2,), was changed")


KEYS = {
    "an array of positions": (lambda: np.array([0, 1]), lambda x, k: x[k], lambda k: k.fill(1)),
    "a list of positions": (lambda: [0, 1], lambda x, k: x[k], lambda k: k.reverse()),
    "a mask": (lambda: np.array([True, False]), lambda x, k: x[k], lambda k: k.sort()),
    "two arrays": (lambda: np.array([0, 1]), lambda x, k: x[k, k], lambda k: k.fill(1)),
    "an array beside a slice": (lambda: np.array([0, 1]), lambda x, k: x[:, k],
                                lambda k: k.fill(1)),
    "take_along_axis": (lambda: np.array([[0], [1]]), lambda x, k: np.take_along_axis(x, k, 1),
                        lambda k: k.fill(1)),
    "the bounds of a clip": (lambda: np.array([0.0, 0.0]), lambda x, k: np.clip(x, k, 9.0),
                             lambda k: k.fill(8.0)),
}


@pytest.mark.parametrize("kind", KEYS)
def test_a_changed_key_of_an_index_is_found(kind):
    """Unseen, the gradient goes to other entries than those that were read."""
    make, use, change = KEYS[kind]

    def student():
        x, k = leaf([[1.0, 2.0], [3.0, 4.0]]), make()
        loss = np.sum(use(x, k))
        change(k)
        loss.backward()

    message = complaint(student, RuntimeError)
    says(message, "changed in place")
    assert line_named(message) == code(use)


def test_a_view_made_under_no_grad_cannot_falsify_a_gradient_in_silence():
    w = leaf([1.0, 2.0])
    with detect_anomaly():
        with no_grad():
            view = w.reshape(2, 1)
        loss = np.sum(w * w)
        view.data[0] = 7.0
        try:
            loss.backward()
        except RuntimeError as error:
            says(str(error), "changed in place")
        else:
            assert w.data.tolist() == [1.0, 2.0] and w.grad.tolist() == [2.0, 4.0]


@pytest.mark.parametrize("watch", [True, False])
def test_assigned_data_is_found_by_the_engine_itself(watch):
    def student():
        w = leaf([1.0, 2.0])
        loss = np.sum(w * w)
        w.data -= 0.5
        loss.backward()

    with pytest.raises(RuntimeError, match="(?s)'multiply'.*new .data"):
        if watch:
            with detect_anomaly():
                student()
        else:
            student()


@pytest.mark.parametrize("use", [
    lambda loss, w: loss.backward(), lambda loss, w: loss.backward(retain_graph=True),
    lambda loss, w: grad(loss, w), lambda loss, w: grad(loss, w, create_graph=True),
], ids=["backward", "retain_graph", "grad", "create_graph"])
def test_every_kind_of_pass_finds_a_change(use):
    def student():
        w = leaf([1.0, 2.0])
        loss = np.sum(w * w)
        w.data[0] = 5.0
        use(loss, w)

    says(complaint(student, RuntimeError), "input 0 of multiply")


def test_a_change_between_two_passes_over_one_graph_is_found():
    def student():
        w = leaf([1.0, 2.0])
        loss = np.sum(w * w)
        loss.backward(retain_graph=True)
        w.data[0] = 5.0
        loss.backward()

    says(complaint(student, RuntimeError), "changed in place")


def test_a_change_between_first_and_second_derivative_is_found():
    def student():
        w = leaf([1.0, 2.0])
        slope = grad(np.sum(w * w * w), w, create_graph=True)
        w.data[0] = 5.0
        slope.sum().backward()

    says(complaint(student, RuntimeError), "changed in place")


def test_changes_that_falsify_nothing_pass():
    w, c, k = leaf([1.0, 2.0]), np.array([3.0, 4.0]), [3.0, 4.0]
    with detect_anomaly():
        loss = np.sum(w * c * k)
        c += 1.0
        c -= 1.0  # as it was
        k[0] = 100.0  # of a list the engine made an array of its own
        loss.backward()
        w.data[0] = 5.0  # after backward all is free
        c[0] = 0.0
        np.sum(w * c).backward()
    assert w.grad.tolist() == [9.0, 16.0 + 4.0]


# Ways of differentiating


@pytest.mark.parametrize("create", [False, True])
def test_grad_is_watched_too(create):
    def student():
        x = leaf([0.0, 1.0])
        y = np.sqrt(x)  # here
        grad(y.sum(), x, create_graph=create)

    message = complaint(student)
    says(message, "the gradient of sqrt for its input 0", "(2,)", "inf (1 of 2)")
    assert line_named(message).endswith("# here"), "grad() itself is not what went wrong"


def test_create_graph_passes_and_its_second_derivative_is_watched():
    x = leaf([1.0, 4.0])
    with detect_anomaly():
        slope = grad((x ** 3).sum(), x, create_graph=True)
        assert grad(slope.sum(), x).tolist() == [6.0, 24.0]

    def student():
        x = leaf([0.0, 1.0])
        y = x ** 1.5  # finite slope, infinite curvature
        slope = grad(y.sum(), x, create_graph=True)
        grad(slope.sum(), x)

    says(complaint(student), "the gradient of power")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_numbers_are_unchanged_inside_the_block_and_no_alarm_is_false(case):
    def numbers():
        xs = case.tensors()
        y = case.f(*xs)
        firsts = grad(np.sum(np.sin(y)), xs, create_graph=True, unconnected="zero")
        seconds = grad(sum(np.sum(g * g) for g in firsts), xs, unconnected="zero")
        np.sum(np.sin(case.f(*xs))).backward()
        return [y.data, *(g.data for g in firsts), *seconds, *(x.grad for x in xs)]

    outside = numbers()
    with detect_anomaly():
        inside = numbers()
    for a, b in zip(outside, inside, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("make", [lambda p: SGD(p, lr=0.1, momentum=0.9), lambda p: Adam(p, 0.01)],
                         ids=["SGD", "Adam"])
def test_training_in_a_block_is_the_same_training(make):
    def train():
        rng = np.random.default_rng(0)
        model = nn.MLP([3, 8, 4], rng=0)
        optimizer = make(model.parameters())
        batch = np.empty((16, 3))
        for _ in range(5):
            batch[:] = rng.normal(size=batch.shape)  # one array, refilled for every batch
            cost = losses.softmax_cross_entropy(model(batch), rng.integers(4, size=16))
            optimizer.zero_grad()
            cost.backward()
            optimizer.step()
        return [p.data for p in model.parameters()]

    outside = train()
    with detect_anomaly():
        inside = train()
    for a, b in zip(outside, inside, strict=True):
        np.testing.assert_array_equal(a, b)


def test_gradcheck_runs_in_a_block():
    with detect_anomaly():
        assert gradcheck(lambda x: np.tanh(x) * x, leaf([0.5, -1.0]), order=2)


# The block: its beginning, its end, its neighbours


def test_outside_a_block_the_slot_is_empty():
    assert engine._observer is None
    with detect_anomaly():
        assert engine._observer is not None
    assert engine._observer is None


def test_outside_a_block_nothing_is_watched():
    with np.errstate(divide="ignore"):
        assert np.log(leaf([0.0])).data == -np.inf
        assert grad(np.sqrt(leaf([0.0])).sum(), leaf([0.0]), unconnected="zero") == 0.0
    w = leaf([1.0, 2.0])
    with detect_anomaly():
        loss = np.sum(w * w)
    w.data[0] = 5.0
    loss.backward()  # recorded in the block, but nobody looks any more


def test_nested_blocks():
    with detect_anomaly():
        with detect_anomaly():
            pass
        with pytest.raises(FloatingPointError):
            np.log(leaf([0.0]))  # the outer block goes on after the inner one
        with pytest.raises(FloatingPointError), detect_anomaly():
            np.log(leaf([0.0]))
        with pytest.raises(FloatingPointError):
            np.log(leaf([0.0]))
    assert engine._observer is None


@pytest.mark.parametrize("forward_in, backward_in", [("outer", "inner"), ("inner", "outer")])
def test_nested_blocks_remember_together(forward_in, backward_in):
    def student():
        w = leaf([1.0, 2.0])
        if forward_in == "inner":
            with detect_anomaly():
                loss = np.sum(w * w)  # here
        else:
            loss = np.sum(w * w)  # here
        w.data[0] = 5.0
        if backward_in == "inner":
            with detect_anomaly():
                loss.backward()
        loss.backward()

    message = complaint(student, RuntimeError)
    says(message, "changed in place")
    assert line_named(message).endswith("# here")


@pytest.mark.parametrize("error", [KeyError, KeyboardInterrupt, GeneratorExit, SystemExit])
def test_an_exception_ends_the_block(error):
    settings = np.geterr()
    with pytest.raises(error), detect_anomaly():
        raise error("of the student's own")
    assert engine._observer is None and np.geterr() == settings

    with detect_anomaly():
        with pytest.raises(error), detect_anomaly():
            raise error("in the inner block")
        with pytest.raises(FloatingPointError):
            np.log(leaf([0.0]))
    assert engine._observer is None and np.geterr() == settings


def test_errors_of_other_kinds_come_through_as_they_are():
    with pytest.raises(ValueError, match="inner sizes"), detect_anomaly():
        leaf(np.ones((2, 3))) @ leaf(np.ones((2, 3)))
    loss = leaf(1.0) * 2.0
    loss.backward()
    with pytest.raises(RuntimeError, match="retain_graph"), detect_anomaly():
        loss.backward()


def test_as_a_decorator():
    @detect_anomaly()
    def train(x):
        return np.log(x)  # here

    for _ in range(2):
        with pytest.raises(FloatingPointError) as caught:
            train(leaf([0.0]))
        assert line_named(str(caught.value)) == "return np.log(x)  # here"
    assert engine._observer is None


def test_a_graph_recorded_before_the_block():
    x, w = leaf([0.0, 1.0]), leaf([1.0, 2.0])
    bad, good = np.sqrt(x).sum(), np.sum(w * w)
    w.data[0] = 1.0  # nobody saw the values before: that cannot be judged
    with detect_anomaly():
        good.backward()
    assert w.grad.tolist() == [2.0, 4.0]
    says(complaint(bad.backward), "the gradient of sqrt", "inf (1 of 2)", "before the block")


def test_no_warnings_of_numpys_come_from_inside():
    """Here they would be errors, and come before the message that says more."""
    complaint(lambda: np.log(leaf([0.0])))
    with detect_anomaly():
        assert np.exp(np.array([1e4])) == np.inf
        assert np.isnan(np.zeros(1) / np.zeros(1))


def run(*functions):
    """Run functions in threads of their own; errors in them fail the test."""
    errors = []

    def guarded(f):
        try:
            f()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(f,)) for f in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert not any(thread.is_alive() for thread in threads), "a thread hangs"
    if errors:
        raise errors[0]


def test_other_threads_are_neither_watched_nor_disturbed():
    def other():
        with np.errstate(divide="ignore"):
            assert np.log(leaf([0.0])).data == -np.inf
        w = leaf([1.0, 2.0])
        loss = np.sum(w * w)
        w.data[0] = 5.0
        loss.backward()
        assert w.grad.tolist() == [10.0, 4.0]
        with pytest.warns(RuntimeWarning, match="divide"):  # NumPy's warnings go on there
            np.log(leaf([0.0]))

    with detect_anomaly():
        run(other)
        with pytest.raises(FloatingPointError):
            np.log(leaf([0.0]))


def test_blocks_of_two_threads_that_overlap_do_not_end_each_other():
    first_in, second_in, first_out = (threading.Event() for _ in range(3))
    found = {}

    def look(where):
        try:
            np.log(leaf([0.0]))
            found[where] = False
        except FloatingPointError:
            found[where] = True

    def first():
        with detect_anomaly():
            first_in.set()
            second_in.wait(30)
            look("the first thread, after the second has begun")
        first_out.set()

    def second():
        first_in.wait(30)
        with detect_anomaly():
            second_in.set()
            first_out.wait(30)
            look("the second thread, after the first has ended")

    try:
        run(first, second)
        assert engine._observer is None, "both blocks have ended, and still someone watches"
        missed = [where for where, seen in found.items() if not seen]
        assert not missed, f"not watched: {missed}"
    finally:
        engine._observer = None  # whatever happened, the other tests begin anew


def test_a_graph_of_another_thread_can_be_walked_in_a_block():
    made = []
    with detect_anomaly():
        run(lambda: made.append(np.sqrt(leaf([0.0, 1.0])).sum()))
    says(complaint(made[0].backward), "the gradient of sqrt", "inf (1 of 2)")


# Memory


@pytest.fixture
def no_collector():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def test_watching_keeps_nothing_alive(no_collector):
    def graph():
        w, c = leaf(np.ones(50)), np.full(50, 2.0)
        y = w * c
        loss = np.sum(np.exp(y))
        return loss, [weakref.ref(t) for t in (w, y, loss, c, y.data)]

    with detect_anomaly():
        loss, dropped = graph()  # without a backward pass
        del loss
        assert not any(ref() is not None for ref in dropped), "alive in the block"
        loss, used = graph()
        loss.backward()
        del loss
        assert not any(ref() is not None for ref in used), "alive in the block after backward"
        loss, later = graph()
    del loss
    assert not any(ref() is not None for ref in later), "alive after the block"


def test_watching_leaves_nothing_to_collect(no_collector):
    for _ in range(3):
        with detect_anomaly():
            w = leaf(np.ones(3))
            loss = np.sum(w * w)
            loss.backward()
            loss = np.sum(w * w)  # alive when the block ends
        del w, loss
    assert gc.collect() == 0


def test_memory_does_not_grow_with_the_steps_of_a_training():
    w = leaf([1.0, 2.0])

    def steps(n):
        for _ in range(n):
            np.sum(w * w * 3.0).backward()
            w.grad = None

    with detect_anomaly():
        steps(50)
        tracemalloc.start()
        steps(10)
        before = tracemalloc.get_traced_memory()[0]
        steps(1000)
        grown = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.stop()
    assert grown < 100_000, f"a thousand steps left {grown:,} bytes behind, of graphs long gone"


# Attempts to fool it


@pytest.mark.parametrize("attribute, value", [("shape", (4,)), ("dtype", np.int64)])
def test_an_array_whose_shape_or_dtype_was_changed_in_place_is_found(attribute, value):
    """The bytes are the same, and the rule would read them as something else."""
    def student():
        w = leaf([[1.0, 2.0], [3.0, 4.0]])
        loss = np.sum(w @ w)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            setattr(w.data, attribute, value)
        loss.backward()

    says(complaint(student, RuntimeError), "input 0 of matmul", "changed in place")


def test_a_changed_option_of_a_primitive_of_ones_own_is_found():
    scaled = primitive(lambda x, by=None: x * by, lambda g, y, x, by=None: g * by)

    def student():
        factors = np.array([1.0, 2.0])
        loss = np.sum(scaled(leaf([1.0, 2.0]), by=factors))  # here
        factors[0] = 9.0
        loss.backward()

    message = complaint(student, RuntimeError)
    says(message, "changed in place")
    assert line_named(message).endswith("# here")


@pytest.mark.parametrize("between", ["a leaf", "a result"])
def test_an_overflow_where_two_finite_gradients_meet_is_found(between):
    """1.5e308 twice is inf: no rule made it, the sum did."""
    def student():
        x = leaf([0.1])
        shared = x if between == "a leaf" else x * 1.0
        loss = np.sum(shared * 1.5e308 + shared * 1.5e308)  # here
        loss.backward()

    message = complaint(student)
    says(message, "inf (1 of 1)", "gradient", "multiply")
    assert line_named(message).endswith("# here")


@pytest.mark.parametrize("constant", [
    np.ones((3, 2)).T, np.ones((2, 3), ">f8"), np.ones((2, 3), np.float16), np.ones((2, 3), bool),
    np.ones((2, 3), np.int8), np.broadcast_to(1.0, (2, 3)), np.ones(3)[::-1], np.float32(1), True,
    np.ones((4, 6))[::2, ::2], [[1.0] * 3] * 2, 1,
    np.array(1.0), np.int64(1), np.ones((2, 3)).view(np.matrix), 10**300,
], ids=lambda c: f"{type(c).__name__} {getattr(c, 'dtype', '')} {np.shape(c)}")
def test_constants_of_any_kind_do_not_break_the_watcher(constant):
    x = leaf(np.ones((2, 3)))
    with detect_anomaly():
        np.sum(x * constant).backward()
        np.sum(constant + x).backward(retain_graph=True)
    np.testing.assert_array_equal(x.grad, 1.0 + np.asarray(constant, float) * np.ones((2, 3)))


def test_a_python_int_beyond_every_integer_of_numpys_does_not_break_the_watcher():
    says(complaint(lambda: leaf([1e10]) * 10**300), "multiply of shape (1,) and ()", "inf")
    y = np.sqrt(leaf([0.0])) * 10**300
    says(complaint(y.backward), "the gradient of sqrt")


@pytest.mark.parametrize("shape", [(0,), (0, 3), (2, 0)])
def test_empty_arrays_do_not_break_the_watcher(shape):
    x = leaf(np.ones(shape))
    with detect_anomaly():
        np.sum(x * 2.0 + np.ones(shape)).backward()
        np.sum(np.exp(x)[..., :0]).backward()
    assert x.grad.shape == shape


def test_keys_of_any_kind_do_not_break_the_watcher():
    x = leaf(np.arange(24.0).reshape(2, 3, 4))
    with detect_anomaly():
        for key in (0, -1, slice(None), (slice(None), 1), None, ..., (..., None, 0), [0, 1], (),
                    np.array([1, 0]), (0, [0, 2]), np.ones((2, 3, 4), bool), np.int64(1),
                    ([0, 1], slice(1, 3), np.array([3, 3])), (np.array([[0], [1]]), [0, 1])):
            np.sum(x[key]).backward()
        for y in (x.transpose(2, 0, 1), np.moveaxis(x, 0, -1), x.sum(axis=(0, 2)), x.max(axis=1),
                  np.squeeze(x[:, :1], axis=1), np.broadcast_to(x, (5, 2, 3, 4)), np.flip(x, 1),
                  np.clip(x, 1.0, None), np.clip(x, np.zeros(4), 9.0), np.stack([x, x], axis=-1)):
            np.sum(y).backward()


def test_a_backward_pass_inside_a_rule_does_not_break_the_watcher():
    def rule(g, y, x):
        inner = leaf(x)
        np.sum(inner * inner).backward()
        return g * inner.grad

    x = leaf([3.0])
    with detect_anomaly():
        primitive(lambda x: x * x, rule)(x).backward()
    assert x.grad == 6.0


def test_ten_thousand_operations_and_a_deep_stack_of_calls():
    def deep(x, n):
        return deep(x, n - 1) if n else np.log(x)  # here

    message = complaint(lambda: deep(leaf([0.0]), 400))
    assert line_named(message).endswith("# here")
    x = leaf(1.0)
    with detect_anomaly():
        y = x
        for _ in range(10_000):
            y = y * 1.0
        y.backward()
    assert x.grad == 1.0
