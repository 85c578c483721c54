"""Recording: primitives of one's own, their options, and what is refused of them."""

import functools

import numpy as np
import pytest
from helpers import REFUSALS, cases, equal, leaf, refused, run, table

from minigrad import Tensor, derivative, grad, gradcheck, primitive
from minigrad.tensor import TABLE

A = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


def test_a_primitive_of_ones_own_to_second_order():
    cube = primitive(lambda x: x * x * x, lambda g, y, x: g * 3.0 * x * x)
    x = leaf([0.5, -1.5])
    assert gradcheck(cube, x, order=2)
    slope = grad(cube(x).sum(), x, create_graph=True)
    h = 1e-6  # the second derivative by central differences of the rule itself
    numeric = (3 * (x.data + h) ** 2 - 3 * (x.data - h) ** 2) / (2 * h)
    np.testing.assert_allclose(grad(slope.sum(), x), numeric, rtol=1e-8)


def test_a_primitive_of_two_arguments_that_broadcasts():
    product = primitive(lambda x, y: x * y, lambda g, z, x, y: g * y, lambda g, z, x, y: g * x)
    assert gradcheck(product, leaf(A), leaf([1.0, 2.0, 3.0]), order=2)
    assert gradcheck(lambda t: product(t, 3.0), leaf(A))


@pytest.mark.parametrize("code, value, slope", [
    ("scale(x)", 10.0, 2.0), ("scale(x, 3.0)", 15.0, 3.0), ("scale(x, factor=4.0)", 20.0, 4.0),
    ("scale(x, 3.0, shift=1.0)", 16.0, 3.0), ("scale(x, shift=1.0, factor=4.0)", 21.0, 4.0),
    ("scale(x, size=2)", "factor", "size"), ("scale(x, 1.0, 2.0, 3.0)", "factor", "arguments"),
    ("scale()", "factor", "arguments"), ("scale(x, factor=x)", "factor", "t.data"),
])
def test_a_primitive_takes_options_by_name_and_by_position(code, value, slope):
    def scaled(x, factor=2.0, *, shift=0.0):
        return x * factor + shift

    scale = primitive(scaled, lambda g, y, x, factor=2.0, *, shift=0.0: g * factor)
    x = leaf(5.0)
    if isinstance(value, str):
        with refused(TypeError, "scaled", value, slope):
            run(code, scale=scale, x=x)
    else:
        y = run(code, scale=scale, x=x)
        y.backward()
        assert (y.item(), y.op, x.grad) == (value, "scaled", slope)


def test_a_primitive_with_any_number_of_inputs_is_told_which():
    total = primitive(lambda *xs: functools.reduce(np.add, xs),
                      lambda g, y, *xs, argument: g * (argument + 1.0))
    tensors = [leaf(1.0) for _ in range(3)]
    total(*tensors).backward()
    assert [t.grad for t in tensors] == [1.0, 2.0, 3.0]


def test_a_primitive_accepts_lists_and_on_plain_arrays_is_the_plain_function():
    double = primitive(lambda x: x * 2.0, lambda g, y, x: g * 2.0)
    assert type(double(np.ones(2))) is np.ndarray and double(3.0) == 6.0
    equal(double([1.0, 2.0]), [2.0, 4.0])


@pytest.mark.parametrize("rules", table(
    the_only_rule_too_short=[lambda g, y: g],
    the_first_too_short=[lambda g, z, x: g, lambda g, z, x, y: g],
    the_second_too_short=[lambda g, z, x, y: g, lambda g, z, x: g],
    a_later_one_too_short=[None, lambda g, z, x: g],
))
def test_a_rule_that_takes_too_few_arguments_is_refused_at_once(rules):
    def product(*xs):
        return functools.reduce(np.multiply, xs)

    with refused(TypeError, "product", "g, the output"):
        primitive(product, *rules)


@pytest.mark.parametrize("rules", table(
    none_at_all=[], only_none=[None], a_number=[3.0], a_ufunc=[np.multiply],
))
def test_what_is_no_rule_is_refused_in_plain_words(rules):
    def mine(x):
        return x

    with refused(TypeError, "mine"):
        primitive(mine, *rules)


def test_a_primitive_of_a_function_without_a_name():
    scaled = primitive(functools.partial(np.multiply, 2.0), lambda g, y, x: g * 2.0)
    x = leaf(3.0)
    scaled(x).backward()
    assert x.grad == 2.0


@pytest.mark.parametrize("rule, shape", cases(
    ("longer", lambda g, y, x: np.ones(3), "(3,)"),
    ("a scalar for a vector", lambda g, y, x: np.sum(g), "()"),
    ("a column", lambda g, y, x: np.ones((3, 1)), "(3, 1)"),
))
def test_a_rule_that_returns_the_wrong_shape_is_named_with_both_shapes(rule, shape):
    def mine(x):
        return x * 2.0

    x = leaf([1.0, 2.0])
    with refused(ValueError, "'mine'", shape, "(2,)"):
        primitive(mine, rule)(x).sum().backward()
    assert x.grad is None


@pytest.mark.parametrize("returned", table(
    a_python_number=2.0, nothing=None, a_string="2",
))
def test_a_rule_that_returns_no_array_is_named(returned):
    def mine(x):
        return x * 2.0

    x = leaf([1.0, 2.0])
    with refused(REFUSALS, "mine"):
        primitive(mine, lambda g, y, x: returned)(x).sum().backward()
    assert x.grad is None


def test_an_argument_without_a_rule_takes_constants_only():
    def mine(x, y):
        return x * y

    product = primitive(mine, lambda g, z, x, y: g * y, None)
    x = leaf(2.0)
    (product(x, 3.0) + product(x, Tensor(4.0))).backward()
    assert x.grad == 7.0
    with refused(REFUSALS, "mine"):  # to say nothing would cut the graph in silence
        product(x, leaf(3.0)).backward()


@pytest.mark.parametrize("forward", table(
    an_int=lambda x: 3, booleans=lambda x: x > 0, complex=lambda x: x * 1j, none=lambda x: None,
))
def test_a_primitive_whose_result_is_not_float_is_refused(forward):
    with refused(TypeError, "float32"):
        primitive(forward, lambda g, y, x: g)(leaf([1.0]))


def test_a_primitive_that_computes_with_a_captured_tensor_is_refused():
    w = leaf(3.0)
    with refused(TypeError, "silence"):
        primitive(lambda x: x * w, lambda g, y, x: g)(leaf(1.0))


def test_an_identity_primitive_reverses_gradients():
    reverse = primitive(lambda x: x, lambda g, y, x: -g)
    x = leaf([1.0, 2.0])
    for passes in (1, 2):
        reverse(x).sum().backward()
        equal(x.grad, [-1.0 * passes, -1.0 * passes])


@pytest.mark.parametrize("returned", ["x", "y", "own", "g", "x[:]", "own[:]"])
def test_whatever_array_a_rule_returns_no_leaf_accumulates_into_it(returned):
    own = np.ones(2)
    mine = primitive(lambda x: x * 1.0, lambda g, y, x: run(returned, g=g, y=y, x=x, own=own))
    x = leaf([1.0, 2.0])
    y = mine(x)
    kept = {"the data": x.data, "the result": y.data, "the rule's own array": own}
    before = {name: values.copy() for name, values in kept.items()}
    for _ in range(2):
        y.backward([1.0, 1.0], retain_graph=True)
    for name, values in kept.items():
        assert not np.shares_memory(x.grad, values), f"the leaf's gradient is the memory of {name}"
        equal(values, before[name])


def test_a_rule_that_changes_g_in_place_falsifies_no_other_gradient():
    def rule(g, y, x):
        g *= 10.0
        return g

    x = leaf([1.0, 2.0])
    h = x * 2.0
    try:
        (h + primitive(lambda x: x * 10.0, rule)(x)).backward([1.0, 1.0])
    except REFUSALS:
        return
    equal(x.grad, [12.0, 12.0])  # 2 by way of h, 10 by way of the primitive


def test_derivative_enters_a_numpy_function_into_the_table():
    assert np.sinc not in TABLE
    try:
        derivative(np.sinc, lambda g, y, x: g * (np.cos(np.pi * x) - y) / x)
        assert gradcheck(np.sinc, leaf([0.3, 0.9]))
        assert np.sinc(leaf(0.5)).op == "sinc"
    finally:
        TABLE.pop(np.sinc, None)
    with refused(TypeError, "sinc"):
        np.sinc(leaf(0.5))


def test_a_model_with_any_activation_can_be_pickled_and_copied():
    import copy
    import pickle

    from minigrad.nn import ACTIVATIONS, MLP
    for name in ACTIVATIONS:
        model = MLP([2, 3, 1], activation=name, rng=0)
        for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
            equal(twin(np.ones((4, 2))).data, model(np.ones((4, 2))).data)
            assert twin.layers[1] is model.layers[1], f"{name} was copied, it is a function"
