"""The table of derivatives, entry by entry: values, gradients of both orders, dtypes, kinks."""

import re

import numpy as np
import pytest
from cases import CASES, FLAT, KINKS, kink_complaint

from minigrad import Tensor, derivatives, grad, gradcheck, nn, primitive, relu
from minigrad.derivatives import linear
from minigrad.tensor import TABLE

every_case = pytest.mark.parametrize("case", CASES, ids=str)
every_flat = pytest.mark.parametrize("function, args, options", FLAT,
                                     ids=[f"{f.__name__}-{i}" for i, (f, *_) in enumerate(FLAT)])


def name(key):
    return key if isinstance(key, str) else key.__name__


# -- the whole table -------------------------------------------------------------------------------


@pytest.mark.parametrize("key", TABLE, ids=name)
def test_every_entry_of_the_table_has_a_case(key):
    covered = {case.key for case in CASES} | {function for function, *_ in FLAT}
    assert key in covered, f"{name(key)} is in the table and has no case in tests/cases.py"


def test_every_case_belongs_to_an_entry_of_the_table():
    strangers = [str(case) for case in CASES if case.key not in TABLE]
    assert not strangers, f"cases without an entry: {strangers}"


@every_case
def test_values_are_those_of_numpy_in_every_spelling(case):
    expected = case.numpy(*case.inputs)
    on_arrays = case.f(*case.inputs)
    assert not isinstance(on_arrays, Tensor), "plain arrays must stay plain arrays"
    np.testing.assert_allclose(on_arrays, expected, rtol=1e-14, atol=1e-15)
    for spelling in (case.f, *case.also):
        result = spelling(*case.tensors())
        assert isinstance(result, Tensor) and result.requires_grad
        assert result.shape == np.shape(expected)
        np.testing.assert_allclose(result.data, expected, rtol=1e-14, atol=1e-15)


@every_case
def test_the_gradient_is_that_of_finite_differences(case):
    for spelling in (case.f, *case.also):
        assert gradcheck(spelling, *case.tensors())


@every_case
def test_the_second_derivative_is_that_of_finite_differences(case):
    scale = Tensor(1.3, requires_grad=True)  # so that the arriving gradient is a variable as well

    def scaled(scale, *xs):
        return scale * case.f(*xs)

    assert gradcheck(scaled, scale, *case.tensors(), order=2)


@every_case
def test_float32_stays_float32_forth_and_back(case):
    wide, narrow = case.tensors(), case.tensors(np.float32)
    assert case.numpy(*(t.data for t in narrow)).dtype == np.float32, "the case itself widens"
    result = case.f(*narrow)
    assert result.dtype == np.float32, f"float32 became {result.dtype}"
    np.sum(case.f(*wide)).backward()
    np.sum(result).backward(retain_graph=True)
    recorded = grad(np.sum(result), narrow, create_graph=True)
    for w, n, r in zip(wide, narrow, recorded, strict=True):
        assert n.grad.dtype == r.dtype == np.float32
        assert n.grad.shape == r.shape == n.shape
        size = np.max(np.abs(w.grad), initial=0.0)
        np.testing.assert_allclose(n.grad, w.grad, rtol=0, atol=2e-4 * size + 1e-6)
        np.testing.assert_allclose(r.data, n.grad, rtol=0, atol=1e-6 * size + 1e-7)


@every_case
def test_the_recorded_gradient_is_the_plain_one(case):
    tensors = case.tensors()
    result = np.sum(case.f(*tensors))
    plain = grad(result, tensors, retain_graph=True)
    recorded = grad(result, tensors, create_graph=True)
    for p, r in zip(plain, recorded, strict=True):
        assert isinstance(p, np.ndarray) and isinstance(r, Tensor)
        np.testing.assert_allclose(r.data, p, rtol=1e-13, atol=1e-14)


@every_case
def test_inputs_and_arriving_gradient_are_never_written_to(case):
    tensors = case.tensors()
    result = case.f(*tensors)
    gradient = np.random.default_rng(0).uniform(0.5, 1.5, result.shape)
    arriving = gradient.copy()
    result.backward(arriving, retain_graph=True)
    first = [t.grad.copy() for t in tensors]
    result.backward(arriving)
    np.testing.assert_array_equal(arriving, gradient)
    for t, x, once in zip(tensors, case.inputs, first, strict=True):
        np.testing.assert_array_equal(t.data, x)
        np.testing.assert_array_equal(t.grad, 2 * once)
        t.grad += 1.0  # the user's to write to, and no one else's memory
        np.testing.assert_array_equal(t.data, x)
    np.testing.assert_array_equal(arriving, gradient)
    for i, t in enumerate(tensors):
        assert not any(np.shares_memory(t.grad, other.grad) for other in tensors[:i])


@pytest.mark.parametrize("rule", [lambda g, y, x: x, lambda g, y, x: y, lambda g, y, x: x[:]],
                         ids=["the input", "the output", "a view of the input"])
def test_a_rule_that_returns_what_it_was_given_does_not_give_that_memory_away(rule):
    t = Tensor([1.0, 2.0], requires_grad=True)
    result = primitive(lambda x: 0.5 * x * x, rule)(t)
    for _ in range(2):  # the second pass adds into t.grad in place
        np.sum(result).backward(retain_graph=True)
    np.testing.assert_array_equal(t.data, [1.0, 2.0], "accumulating a gradient changed the weight")
    np.testing.assert_array_equal(result.data, [0.5, 2.0], "... changed the result")
    assert not np.shares_memory(t.grad, t.data) and not np.shares_memory(t.grad, result.data)


# -- functions whose derivative is 0 ---------------------------------------------------------------


@every_flat
def test_flat_functions_give_the_plain_arrays_of_numpy(function, args, options):
    tensors = [Tensor(a, requires_grad=True) if isinstance(a, np.ndarray) else a for a in args]
    expected, got = function(*args, **options), function(*tensors, **options)
    assert type(got) is type(expected)
    np.testing.assert_array_equal(got, expected)


def test_comparison_operators_give_plain_arrays_of_booleans():
    t, x = Tensor([1.0, 2.0, 3.0], requires_grad=True), np.array([2.0, 2.0, 2.0])
    for got, expected in ((t < x, [1, 0, 0]), (t <= x, [1, 1, 0]), (t > x, [0, 0, 1]),
                          (t >= 2, [0, 1, 1]), (t == x, [0, 1, 0]), (t != 2.0, [1, 0, 1]),
                          (x < t, [0, 0, 1]), (2 >= t, [1, 1, 0]), (np.float64(2) == t, [0, 1, 0]),
                          (t == Tensor(2.0), [0, 1, 0])):
        assert type(got) is np.ndarray and got.dtype == bool
        np.testing.assert_array_equal(got, np.array(expected, bool))


@pytest.mark.parametrize("call", [
    lambda t: np.argmax(a=t), lambda t: np.array_equal(a1=t, a2=t.data),
    lambda t: np.isclose(t.data, b=t), lambda t: np.zeros_like(a=t), lambda t: np.round(a=t)],
    ids=["argmax", "array_equal", "isclose", "zeros_like", "round"])
def test_flat_functions_take_a_tensor_by_name_too(call):
    t = Tensor([3.0, 1.0, 2.0], requires_grad=True)
    assert not isinstance(call(t), Tensor)


# -- kinks and edges -------------------------------------------------------------------------------


def published_rows():
    text = derivatives.__doc__.split("derivative used\n")[1].split("\n\n")[0]
    return [re.split(r"\s{2,}", line.strip())[0] for line in text.splitlines()]


def test_every_row_of_the_published_table_of_kinks_is_tested():
    tested = {row for row, *_ in KINKS}
    assert set(published_rows()) == tested, "tests/cases.py and the docstring name other rows"


@pytest.mark.parametrize("row, f, inputs, expected", KINKS,
                         ids=[f"{row}-{i}" for i, (row, *_) in enumerate(KINKS)])
def test_kinks_have_the_published_derivative(row, f, inputs, expected):
    problem = kink_complaint(f, inputs, expected)
    assert problem is None, f"{row}: {problem}"


def test_the_second_derivative_of_a_kink_is_finite():
    x = Tensor([0.0, 1.0, -1.0], requires_grad=True)
    for f in (np.absolute, relu, lambda t: np.maximum(t, 0.0), lambda t: np.clip(t, 0.0, 1.0)):
        slope = grad(np.sum(f(x) * x), x, create_graph=True)  # f(x) x bends at 0 only
        assert np.all(np.isfinite(grad(np.sum(slope), x)))


# -- higher derivatives ----------------------------------------------------------------------------


def third_derivative(f, x):
    x = Tensor(x, requires_grad=True)
    first = grad(np.sum(f(x)), x, create_graph=True)
    second = grad(np.sum(first), x, create_graph=True)
    return grad(np.sum(second), x)


POINTS = np.array([-1.5, -0.3, 0.0, 0.4, 2.0])


@pytest.mark.parametrize("f, formula", [
    (np.tanh, lambda x: (6 * np.tanh(x) ** 2 - 2) * (1 - np.tanh(x) ** 2)),
    (np.exp, np.exp),
    (lambda x: x ** 5, lambda x: 60 * x ** 2),
    (lambda x: x ** 3, lambda x: 6 + 0 * x),
    (lambda x: x ** 2, lambda x: 0 * x),
    (lambda x: x * x * x * x, lambda x: 24 * x),
    (np.sin, lambda x: -np.cos(x)),
    (np.arctan, lambda x: (6 * x ** 2 - 2) / (1 + x ** 2) ** 3),
    (lambda x: 1 / (x + 3), lambda x: -6 / (x + 3) ** 4),
    (lambda x: 2.0 ** x, lambda x: np.log(2) ** 3 * 2 ** x),
], ids=["tanh", "exp", "x**5", "x**3", "x**2", "x*x*x*x", "sin", "arctan", "1/x", "2**x"])
def test_third_derivatives_are_those_of_the_calculus_book(f, formula):
    np.testing.assert_allclose(third_derivative(f, POINTS), formula(POINTS), rtol=1e-13, atol=1e-14)


def test_the_fourth_derivative_of_a_product_with_a_zero_is_exact():
    x = Tensor([0.0, 2.0, 3.0, 5.0], requires_grad=True)
    d = np.prod(x)
    for i in range(4):  # d4 (x0 x1 x2 x3) / dx0 dx1 dx2 dx3 = 1
        d = grad(d, x, create_graph=True)[i]
    assert d.item() == 1.0


def test_the_hessian_times_a_vector_of_an_mlp_is_that_of_finite_differences():
    rng = np.random.default_rng(3)
    x, target = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    start = [rng.normal(size=s) for s in ((3, 4), (4,), (4, 2), (2,))]
    directions = [rng.normal(size=p.shape) for p in start]

    def gradient(values, **options):
        w1, b1, w2, b2 = ps = [Tensor(v, requires_grad=True) for v in values]
        out = np.tanh(x @ w1 + b1) @ w2 + b2
        return ps, grad(np.mean(np.square(out - target)), ps, **options)

    ps, gs = gradient(start, create_graph=True)
    product = grad(sum(np.sum(g * v) for g, v in zip(gs, directions, strict=True)), ps)
    h = 1e-5
    sides = [gradient([p + s * h * v for p, v in zip(start, directions, strict=True)])[1]
             for s in (1, -1)]
    for exact, above, below in zip(product, *sides, strict=True):
        truth = (above - below) / (2 * h)
        np.testing.assert_allclose(exact, truth, rtol=0, atol=1e-8 * np.max(np.abs(truth)))


# -- edges of the vocabulary -----------------------------------------------------------------------

T = Tensor(np.arange(1.0, 7.0).reshape(2, 3), requires_grad=True)
REFUSED = {  # what must raise TypeError, and the name that the message must contain
    "np.add(out=)": (lambda: np.add(T, T, out=np.zeros((2, 3))), "add"),
    "np.sum(out=)": (lambda: np.sum(T, axis=0, out=np.zeros(3)), "sum"),
    "array += tensor": (lambda: np.ones((2, 3)).__iadd__(T), "add"),
    "np.exp(where=)": (lambda: np.exp(T, where=T > 2), "exp"),
    "np.sum(where=)": (lambda: np.sum(T, where=T > 2), "sum"),
    "np.sum(dtype=)": (lambda: np.sum(T, dtype=np.float32), "sum"),
    "np.mean(dtype=)": (lambda: np.mean(T, dtype=np.float32), "mean"),
    "np.sum(initial=)": (lambda: np.sum(T, initial=1.0), "sum"),
    "np.var(dtype=)": (lambda: np.var(T, dtype=np.float32), "var"),
    "np.clip(out=)": (lambda: np.clip(T, 0, 1, out=np.zeros((2, 3))), "clip"),
    "np.stack(out=)": (lambda: np.stack([T, T], out=np.zeros((2, 2, 3))), "stack"),
    "np.concatenate(dtype=)": (lambda: np.concatenate([T, T], dtype=np.float32), "concatenate"),
    "np.reshape(order=)": (lambda: np.reshape(T, (3, 2), order="F"), "reshape"),
    "np.add.reduce": (lambda: np.add.reduce(T), "add.reduce"),
    "np.multiply.accumulate": (lambda: np.multiply.accumulate(T), "multiply.accumulate"),
    "np.add.at": (lambda: np.add.at(np.zeros(3), [0], T), "add.at"),
    "np.multiply.outer": (lambda: np.multiply.outer(T, T), "multiply.outer"),
    "np.linalg.norm": (lambda: np.linalg.norm(T), "linalg.norm"),
    "np.einsum": (lambda: np.einsum("ij->", T), "einsum"),
    "np.outer": (lambda: np.outer(T, T), "outer"),
    "np.fft.fft": (lambda: np.fft.fft(T), "fft.fft"),
    "np.floor_divide": (lambda: np.ones(3) // T, "floor_divide"),
    "np.sort": (lambda: np.sort(T), "sort"),
    "np.nan_to_num": (lambda: np.nan_to_num(T), "nan_to_num"),
    "np.floor(array, out=tensor)": (lambda: np.floor(T.data, out=T), "floor"),
    "np.where by a tensor": (lambda: np.where(T, T, T), "where"),
    "np.where by ints": (lambda: np.where([[1, 0, 1]], T, T), "where"),
    "np.where with one argument": (lambda: np.where(T), "where"),
    "a tensor as bound": (lambda: np.clip(np.ones(3), T, 2.0), "clip"),
    "a tensor as index": (lambda: T[Tensor([0.0, 1.0])], "getitem"),
    "astype(int)": (lambda: T.astype(int), "astype"),
    "astype(float16)": (lambda: T.astype(np.float16), "astype"),
    "np.array of tensors": (lambda: np.array([T, T]), "np.stack"),
    "np.max of a list of tensors": (lambda: np.max([T, T]), "np.stack"),
    "times a complex number": (lambda: T * 1j, "complex"),
    "times a complex array": (lambda: np.array([1j, 2, 3]) * T, "complex"),
    "plus a string": (lambda: T + "1", "str"),
}


@pytest.mark.parametrize("call, named", REFUSED.values(), ids=REFUSED)
def test_what_has_no_rule_raises_and_names_itself(call, named):
    with pytest.raises(TypeError) as caught:
        call()
    assert named in str(caught.value), f"the message does not name {named}: {caught.value}"


MISSHAPEN = {  # what NumPy refuses on arrays is refused on Tensors, and not with a stray error
    "sizes differ": lambda t: t + np.ones(4),
    "inner sizes differ": lambda t: t @ np.ones((2, 3)),
    "a matrix @ a number": lambda t: t @ 2.0,
    "a number @ a matrix": lambda t: 2.0 @ t,
    "stacks differ": lambda t: np.ones((2, 4, 2)) @ t[None].reshape(1, 2, 3) @ np.ones((3, 3, 2)),
    "broadcast_to fewer axes": lambda t: np.broadcast_to(t[:1], (3,)),
    "broadcast_to another length": lambda t: np.broadcast_to(t, (2, 4)),
    "reshape to another size": lambda t: np.reshape(t, (4, 2)),
    "transpose with too few axes": lambda t: t.transpose(0),
    "squeeze of an axis that is longer": lambda t: np.squeeze(t, axis=0),
    "positions with too few axes": lambda t: np.take_along_axis(t, np.array([0, 1, 2]), axis=1),
    "both names of a bound": lambda t: t.clip(0.0, 1.0, min=0.5),
    "no axis of that number": lambda t: np.sum(t, axis=2),
    "concatenating other widths": lambda t: np.concatenate([t, np.ones((1, 4))]),
    "stacking other shapes": lambda t: np.stack([t, np.ones((2, 4))]),
}


@pytest.mark.parametrize("call", MISSHAPEN.values(), ids=MISSHAPEN)
def test_what_numpy_refuses_is_refused_here(call):
    with pytest.raises((TypeError, ValueError)):
        call(T.data)
    with pytest.raises(ValueError):
        call(Tensor(T.data, requires_grad=True))


def test_a_product_of_wrong_shapes_names_both_shapes_and_sizes():
    with pytest.raises(ValueError, match=r"\(100, 3\) @ \(2, 16\): the inner sizes 3 and 2 differ"):
        Tensor(np.ones((100, 3))) @ Tensor(np.ones((2, 16)))


@pytest.mark.parametrize("shape, axis", [((0,), None), ((0, 3), 0), ((3, 0), 0), ((3, 0), 1)])
@pytest.mark.parametrize("function", [np.sum, np.prod], ids=name)
def test_empty_arrays_sum_and_multiply_as_in_numpy(function, shape, axis):
    t = Tensor(np.zeros(shape), requires_grad=True)
    result = function(t, axis=axis)
    np.testing.assert_array_equal(result.data, function(np.zeros(shape), axis=axis))
    np.sum(result).backward()
    assert t.grad.shape == shape


def test_the_mean_over_no_columns_is_empty_as_in_numpy():
    t = Tensor(np.zeros((3, 0)), requires_grad=True)
    assert np.mean(t, axis=0).shape == np.mean(t.data, axis=0).shape == (0,)
    assert np.var(t, axis=0).shape == (0,)


def test_an_empty_inner_size_gives_zeros_forth_and_back():
    x = Tensor(np.ones((2, 3, 0)), requires_grad=True)
    y = Tensor(np.ones((0, 4)), requires_grad=True)
    np.sum(x @ y).backward()
    assert x.grad.shape == (2, 3, 0) and y.grad.shape == (0, 4)


@pytest.mark.parametrize("factors", [[1e-200, 1e-200], [1e200, 1e200],
                                     [1e-200, 3.0, 1e-200]],
                         ids=["underflow", "overflow", "underflow of some"])
def test_the_derivative_of_a_product_survives_where_the_product_itself_does_not(factors):
    t = Tensor(factors, requires_grad=True)
    with np.errstate(over="ignore"):
        np.prod(t).backward()
    expected = [np.prod(factors[:i] + factors[i + 1:]) for i in range(len(factors))]
    np.testing.assert_allclose(t.grad, expected, rtol=1e-14)


@pytest.mark.parametrize("shapes", [((3,), (3, 2), (4, 2)), ((1, 3), (3, 2), (4, 2)),
                                    ((4, 3), (3,), (2, 4))], ids=repr)
def test_a_bias_that_stretches_the_product_is_refused_or_right(shapes):
    rng = np.random.default_rng(0)
    x, w, b = (Tensor(rng.normal(size=s), requires_grad=True) for s in shapes)
    try:
        linear(x, w, b)
    except ValueError:
        return
    assert gradcheck(linear, x, w, b)


def test_astype_gives_the_gradient_back_in_the_old_dtype():
    narrow = Tensor(np.array([1.0, 2.0], np.float32), requires_grad=True)
    wide = Tensor(np.array([1.0, 2.0]), requires_grad=True)
    for t, to in ((narrow, np.float64), (wide, np.float32), (wide, "float32"), (narrow, float)):
        t.grad = None
        result = np.square(t.astype(to))
        assert result.dtype == np.dtype(to)
        np.sum(result).backward()
        assert t.grad.dtype == t.dtype
        np.testing.assert_array_equal(t.grad, [2, 4])
        slope = grad(np.sum(np.square(t.astype(to))), t, create_graph=True)
        assert slope.dtype == t.dtype
        np.testing.assert_array_equal(grad(np.sum(slope), t), [2, 2])


@pytest.mark.parametrize("constant", [2, 2.0, True, [2, 2, 2], (2.0, 2.0, 2.0), np.float64(2),
                                      np.int64(2), np.array(2), np.full(3, 2), np.full(3, True)],
                         ids=repr)
def test_any_real_constant_may_stand_on_either_side(constant):
    t = Tensor([1.0, 2.0, 4.0], requires_grad=True)
    for op in (np.add, np.subtract, np.multiply, np.divide, np.power, np.maximum):
        for pair in ((t, constant), (constant, t)):
            result = op(*pair)
            assert isinstance(result, Tensor) and result.shape == (3,)
            np.testing.assert_array_equal(
                result.data, op(*(p.data if p is t else np.asarray(p) for p in pair)))
    assert isinstance(constant * t, Tensor) and isinstance(constant - t, Tensor)
    assert isinstance(constant / t, Tensor) and isinstance(constant ** t, Tensor)


def test_python_numbers_never_change_a_dtype():
    t = Tensor(np.array([1.0, 2.0], np.float32), requires_grad=True)
    for result in (t + 1, 1 - t, t * 2.5, 2.5 / t, t ** 2, t ** 0.5, 2 ** t, np.maximum(t, 0),
                   np.where(t > 1, t, 0.0), np.clip(t, 0.5, 1), np.hypot(t, 1.0)):
        assert result.dtype == np.float32


def test_a_small_network_of_the_nn_room_passes_gradcheck():
    net = nn.MLP([3, 4, 2], activation="tanh", rng=0)
    x = Tensor(np.random.default_rng(0).normal(size=(5, 3)), requires_grad=True)
    assert gradcheck(net, x, order=2)
