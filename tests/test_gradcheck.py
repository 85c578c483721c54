"""gradcheck: it says True to right rules and catches wrong ones."""

import warnings

import numpy as np
import pytest

from minigrad import Tensor, grad, gradcheck, primitive
from minigrad.tensor import array_of

RNG = np.random.default_rng(0)


def variable(*shape, low=0.5, high=1.5):
    return Tensor(RNG.uniform(low, high, shape), requires_grad=True)


# -- right rules -----------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("f, shapes", [
    (np.exp, [(3,)]), (np.exp, [()]), (np.multiply, [(3, 1), (1, 4)]), (np.sum, [(2, 3)]),
    (np.matmul, [(2, 3), (3,)]), (lambda x: x[0], [(3,)]), (lambda x: x * 3.0, [()]),
    (lambda x: np.sum(x * x), [(0,)]), (lambda x, y: x * 2.0, [(2,), (3,)]),
], ids=["vector", "number", "broadcast", "reduction", "matmul", "index", "linear", "empty",
        "unused"])
def test_right_rules_give_true(f, shapes, order):
    assert gradcheck(f, *(variable(*s) for s in shapes), order=order) is True


def test_a_tensor_that_requires_no_gradient_is_left_out():
    wrong_in_x = primitive(np.multiply, lambda g, z, x, y: -g * y, lambda g, z, x, y: g * x)
    assert gradcheck(wrong_in_x, Tensor([1.0, 2.0]), variable(2))
    with pytest.raises(AssertionError):
        gradcheck(wrong_in_x, variable(2), Tensor([1.0, 2.0]))


def test_a_constant_function_has_gradient_zero():
    assert gradcheck(lambda x: x * 0.0 + 3.0, variable(2), order=2)


# -- wrong rules -----------------------------------------------------------------------------------

WRONG = {  # a mistake, the function with it, the shapes it is tried on
    "the sign": (primitive(np.cos, lambda g, y, x: g * np.sin(x)), [(3,)]),
    "the sign, on a number": (primitive(np.cos, lambda g, y, x: g * np.sin(x)), [()]),
    "a factor 2": (primitive(np.square, lambda g, y, x: g * x), [(3,)]),
    "a factor 1.0001": (primitive(np.exp, lambda g, y, x: g * y * 1.0001), [(3,)]),
    "a missing term": (primitive(lambda x: x * np.exp(x), lambda g, y, x: g * np.exp(x)), [(3,)]),
    "a zero": (primitive(np.log, lambda g, y, x: g * 0.0), [(3,)]),
    "a nan": (primitive(np.log, lambda g, y, x: g * np.nan), [(3,)]),
    "an infinity": (primitive(np.log, lambda g, y, x: g * np.inf), [(3,)]),
    "arguments swapped": (primitive(np.multiply, lambda g, z, x, y: g * x,
                                    lambda g, z, x, y: g * y), [(3,), (3,)]),
    "the second argument alone": (primitive(np.divide, lambda g, z, x, y: g / y,
                                            lambda g, z, x, y: g * z / y), [(3,), (3,)]),
    "the arriving gradient left out": (primitive(np.exp, lambda g, y, x: y), [(3,)]),
    "one element of many": (primitive(np.sin, lambda g, y, x: g * np.where(
        x == np.max(x), 0.9, 1.0) * np.cos(x)), [(4, 5)]),
    "a cut graph": (lambda x: x * x.detach(), [(3,)]),
}


@pytest.mark.parametrize("f, shapes", WRONG.values(), ids=WRONG)
def test_a_wrong_rule_is_caught(f, shapes):
    with pytest.raises(AssertionError, match="gradient with respect to argument"):
        gradcheck(f, *(variable(*s) for s in shapes))


WRONG_LATER = {  # right to first order
    "a detached output": primitive(np.exp, lambda g, y, x: g * array_of(y)),
    "a detached input": primitive(np.square, lambda g, y, x: g * 2.0 * array_of(x)),
    "a detached arriving gradient": primitive(np.exp, lambda g, y, x: array_of(g) * y),
    "a detached arriving gradient of a linear map":
        primitive(lambda x: 3.0 * x, lambda g, y, x: 3.0 * (
            g.detach() if isinstance(g, Tensor) else g)),
    "a detached factor": primitive(lambda x: x * x * x,
                                   lambda g, y, x: g * 3.0 * x * array_of(x)),
}


@pytest.mark.parametrize("f", WRONG_LATER.values(), ids=WRONG_LATER)
def test_a_mistake_that_only_the_second_derivative_shows_is_caught_by_order_2(f):
    x = variable(3)
    assert gradcheck(f, x, order=1)
    with pytest.raises(AssertionError, match="second derivative"):
        gradcheck(f, x, order=2)


def test_the_message_names_the_worst_element_and_both_values():
    def rule(g, z, x, y):
        factor = np.ones(y.shape)
        factor[0, 1], factor[1, 2] = 1.1, 3.0  # two mistakes; the second is larger
        return g * x * factor

    f = primitive(np.multiply, lambda g, z, x, y: g * y, rule)
    x, y = Tensor(np.full((2, 3), 2.0), requires_grad=True), variable(2, 3)
    with pytest.raises(AssertionError) as caught:
        gradcheck(f, x, y)
    message = str(caught.value)
    for part in ("argument 1", "(2, 3)", "(1, 2)"):
        assert part in message, f"{part} is missing in: {message}"


def test_a_nan_beside_right_values_is_named():
    f = primitive(np.sin, lambda g, y, x: g * np.cos(x) * np.where(x > 1.0, np.nan, 1.0))
    with pytest.raises(AssertionError, match=r"element \(1,\).*nan"):
        gradcheck(f, Tensor([0.5, 1.2, 0.7], requires_grad=True))


@pytest.mark.parametrize("f, x", [(np.sqrt, 0.0), (np.exp, 709.7827)], ids=["nan", "infinite"])
def test_a_place_where_finite_differences_are_not_finite_does_not_hide_a_wrong_rule(f, x):
    x = Tensor([x, 4.0], requires_grad=True)  # sqrt(0 - h) is nan, exp(709.7827 + h) infinite
    wrong = primitive(f, lambda g, y, x: g * 100.0)
    with np.errstate(all="ignore"), pytest.raises(AssertionError):
        gradcheck(wrong, x)


# -- the tolerance is relative to the derivative's size --------------------------------------------


@pytest.mark.parametrize("size", [1e-6, 1e-3, 1.0, 1e3, 1e6])
@pytest.mark.parametrize("order", [1, 2])
def test_right_derivatives_of_any_size_pass(size, order):
    assert gradcheck(lambda x: size * np.sin(x), variable(4), order=order)


@pytest.mark.parametrize("size", [1e-6, 1e-3, 1.0, 1e3, 1e6])
@pytest.mark.parametrize("factor", [0.0, 2.0, 1.1])
def test_wrong_derivatives_of_any_size_are_caught(size, factor):
    f = primitive(lambda x: size * np.sin(x), lambda g, y, x: g * factor * size * np.cos(x))
    with pytest.raises(AssertionError):
        gradcheck(f, variable(4))


def test_a_small_derivative_beside_a_large_argument_is_still_checked():
    f = primitive(lambda x, y: 1e6 * x + np.sin(y), lambda g, z, x, y: g * 1e6,
                  lambda g, z, x, y: g * 0.0)
    with pytest.raises(AssertionError, match="argument 1"):
        gradcheck(f, variable(3), variable(3))


def test_the_tolerances_can_be_set():
    f = primitive(np.exp, lambda g, y, x: g * y * 1.001)
    assert gradcheck(f, variable(3), rtol=1e-2)
    assert gradcheck(f, variable(3), rtol=0.0, atol=0.1)
    with pytest.raises(AssertionError):
        gradcheck(f, variable(3), rtol=1e-4)


def test_large_and_small_arguments_are_stepped_in_proportion():
    for x in (1e-6, 1.0, 1e3, 1e6):
        assert gradcheck(lambda t: t * t, Tensor([x, -x], requires_grad=True), order=2)


# -- what it refuses, and what it leaves alone -----------------------------------------------------


@pytest.mark.parametrize("tensors, message", [
    ([Tensor(np.ones(2, np.float32), requires_grad=True)], "float64"),
    ([np.ones(2)], "Tensor"),
    ([Tensor([1.0], requires_grad=True), 2.0], "Tensor"),
    ([Tensor([1.0, 2.0])], "requires"),
    ([], "requires"),
], ids=["float32", "an array", "a number", "nothing that requires a gradient", "no tensor at all"])
def test_what_cannot_be_checked_is_refused(tensors, message):
    with pytest.raises(TypeError, match=message):
        gradcheck(lambda *xs: xs[0] * 2.0, *tensors)


@pytest.mark.parametrize("order", [0, 3, "2"])
def test_an_order_other_than_1_and_2_is_refused(order):
    with pytest.raises(ValueError, match="order"):
        gradcheck(np.exp, variable(2), order=order)


@pytest.mark.parametrize("f", [np.exp, primitive(np.exp, lambda g, y, x: g)],
                         ids=["right", "wrong"])
def test_the_users_tensors_stay_as_they_were(f):
    x = variable(3)
    x.grad = np.array([7.0, 8.0, 9.0])
    data, values, gradient, number = x.data, x.data.copy(), x.grad, x._number
    loss = np.sum(x * x)
    try:
        gradcheck(f, x, order=2)
    except AssertionError:
        pass
    assert x.data is data and x.grad is gradient and x._number == number and x.requires_grad
    np.testing.assert_array_equal(x.data, values)
    np.testing.assert_array_equal(x.grad, [7.0, 8.0, 9.0])
    np.testing.assert_array_equal(grad(loss, x), 2 * values)  # a graph made before is still valid


def test_it_gives_no_warning_of_its_own():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert gradcheck(np.log, variable(3), order=2)


def test_it_says_the_same_every_time_and_leaves_numpys_random_state_alone():
    f = primitive(np.exp, lambda g, y, x: g * y * 1.01)
    x = variable(5)
    messages = set()
    before = np.random.get_state()[1].copy()  # noqa: NPY002  (the state that must not change)
    for _ in range(3):
        with pytest.raises(AssertionError) as caught:
            gradcheck(f, x)
        messages.add(str(caught.value))
    assert len(messages) == 1
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
